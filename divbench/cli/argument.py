"""What a command takes: flags, switches and words, each a record that also says how what was written is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from divbench.spec.errors import UsageError, choose
from divbench.spec.text import parse_count, refuse_repeats, split_names

FLAG, WORD, PERHAPS, SEVERAL = "flag", "word", "perhaps", "several"  # a word without a flag: one, at most one, or more


def as_written(value: object, what: str) -> object:
    """The value itself, which its request checks."""
    del what
    return value


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of a command.

    Attributes:
      key: by which it is known: `--eval-every` is `eval_every`.
      metavar: placeholder of the value in help; empty for a switch that takes none.
      help: one line.
      read: from (what was written, name for error messages) to the value. What was written is text from a flag, any
        TOML value from a file.
      field: of the request, where it has another name.
      place: `FLAG`, or which words without a flag it stands for.
      again: whether the flag may be given several times.
    """

    key: str
    metavar: str
    help: str
    read: Callable[[Any, str], object] = as_written
    field: str = ""
    place: str = FLAG
    again: bool = False

    @property
    def flag(self) -> str:
        return "--" + self.key.replace("_", "-")


@dataclasses.dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
      summary: one line.
      home: the function that carries it out, below `divbench.cli.commands`: `module.function`.
      arguments: in the order of its help. Each command has `--json` besides.
      request: what is made of the fields, by name, and given to the function; by default a dictionary of them.
      needed: by key, the one line that refuses a request without it.
      tells: whether the request has a field `json`, by which the command tells its progress as JSON lines.
      compiles: whether it keeps compiled programs on disk, so that it has `--no-cache` besides.
    """

    summary: str
    home: str
    arguments: tuple[Argument, ...] = ()
    request: Callable[..., object] = dict
    needed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tells: bool = False
    compiles: bool = False


JSON = Argument("json", "", "one JSON object on standard output, all else on standard error")  # of every command
NO_CACHE = Argument("no_cache", "", "neither use nor keep compiled programs on disk ('divbench doctor' says where)")


def read_values(arguments: Iterable[Argument], written: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were written on the command line, read one by one.

    Raises:
      UsageError: in one line that begins with the flag.
    """
    known = {argument.key: argument for argument in arguments}
    return {known[key].field or key: known[key].read(value, known[key].flag) for key, value in written.items()}


def read_request(command: Command, written: Mapping[str, Any]) -> object:
    """What a command was asked for, from its arguments as they were typed.

    Raises:
      UsageError: something is missing, cannot be read, or does not go together.
    """
    for key, refusal in command.needed.items():
        if key not in written:
            raise UsageError(refusal)
    return command.request(**read_values((JSON, *command.arguments), written))


def count(minimum: int) -> Callable[[Any, str], int]:
    """Reads a whole number from `minimum` on."""
    return lambda value, what: parse_count(value, what, minimum=minimum)


def counts(value: str, what: str) -> tuple[int, ...]:
    """Whole numbers of a comma-separated list, from the smallest on."""
    found = [parse_count(entry, what, minimum=1) for entry in value.split(",")]
    refuse_repeats(found, what)
    return tuple(sorted(found))


def one_of(kind: str, known: Iterable[str]) -> Callable[[str, str], str]:
    """Reads a name of `known`, which are of a `kind`."""
    return lambda value, what: choose(kind, value, known)


def some_of(kind: str, known: Iterable[str]) -> Callable[[str, str], tuple[str, ...]]:
    """Reads names of `known` with commas between."""
    return lambda value, what: tuple(choose(kind, name, known) for name in split_names(value, what))
