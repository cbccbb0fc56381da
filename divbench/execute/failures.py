"""A group that failed: what went wrong, where in one's own code, and the whole traceback, kept in the run folder."""

from __future__ import annotations

import dataclasses
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from divbench.execute.wording import one_line


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a group failed.

    Attributes:
      group: its name.
      error: kind and first line of the message.
      place: `mine.py, line 12, in ceiling` where code from outside divbench was at work, else empty.
      traceback: of all calls, outermost first, many lines.
      file: where the traceback is kept; None if it could not be written.
    """

    group: str
    error: str
    place: str
    traceback: str
    file: Path | None = None

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.group}: {self.error}{where}"


class RunFailed(RuntimeError):
    """Some groups of a run failed; the others were trained and are in its tables.

    Attributes:
      result: the `RunResult`.
    """

    def __init__(self, result: Any) -> None:
        super().__init__("\n".join(map(str, result.failed)))
        self.result = result


def failure_of(group: str, error: BaseException, modules: Iterable[str]) -> Failure:
    """The report of an error in a group.

    Args:
      group: its name.
      error: with its traceback.
      modules: names of the modules from outside divbench whose functions the group's lanes use.
    """
    own = {os.path.abspath(path) for name in modules
           if (path := getattr(sys.modules.get(name), "__file__", None)) is not None}
    return Failure(group, one_line(error), place_of(error, own),
                   "".join(traceback.format_exception(type(error), error, error.__traceback__)))


def place_of(error: BaseException, files: set[str]) -> str:
    """The innermost call of an error that lies in one of these files: `mine.py, line 12, in ceiling`; or empty."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.abspath(frame.filename) in files]
    if not own:
        return ""
    frame = own[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}"
