"""What a command answers, and the one place that prints it: for people, or with `--json` as one object for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from divbench.cli.codes import OK, reader_may_leave
from divbench.spec.text import to_json


class Failed(Exception):
    """A command that ends without an answer: why, in one line, and its exit code."""

    def __init__(self, why: str, code: int) -> None:
        super().__init__(why)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Answer:
    """The result of a command; only what is asked for is made.

    Attributes:
      record: returns the JSON object. Its values are made plain by `divbench.spec.text`, and `exit_code` is added.
      show: prints the same for people.
      code: the exit code.
      json: whether something other than the flag `--json` asks for JSON, such as a file of settings.
    """

    record: Callable[[], Mapping]
    show: Callable[[], object]
    code: int = OK
    json: bool = False

    def give(self, *, json: bool) -> int:
        """Print the answer and return the exit code, which a reader that has gone away does not change."""
        with reader_may_leave():
            if json or self.json:
                give_object(self.record(), self.code)
            else:
                self.show()
        return self.code


def give_object(record: Mapping, code: int) -> None:
    """Print one JSON object, the only line on standard output."""
    print(to_json({**record, "exit_code": code}))
