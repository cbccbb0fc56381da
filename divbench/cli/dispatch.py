"""The command line: from words to a command's function in `divbench.cli.commands`.

Every wrong input ends as one line on standard error and exit code 2, and with `--json` as an object on standard output
too. Nothing heavy is imported before a command is known to be right, so that help and refusals are immediate. What can
be said on it is in `table`.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence

from divbench.cli.answer import Answer, Failed, give_object
from divbench.cli.argument import JSON, NO_CACHE, Command, read_request
from divbench.cli.codes import BROKEN, INTERRUPTED, OK, USAGE, reader_may_leave
from divbench.cli.parser import Parser, parse
from divbench.cli.table import COMMANDS, DATASET, DATASET_COMMANDS, EVERY
from divbench.execute.compile_cache import switched_off
from divbench.spec.errors import UsageError, nearest, unknown

NOT_OURS = {errno.ENAMETOOLONG: "the name is too long for this file system", errno.EACCES: "permission denied"}
COMPLETE = "complete"  # what the scripts of `divbench completion` call; no command for people
HELP_FLAGS, VERSION_FLAGS = ("-h", "--help", "help"), ("-V", "--version", "version")


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code.

    0: done; 1: a group failed, a result regressed, or something does not fit together; 2: a wrong request;
      70: a mistake of divbench's own, with its traceback; 128 + signal: interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without that letter shows a question mark
    code = OK
    try:
        with reader_may_leave():
            code = _dispatch(words)
        return code
    except UsageError as error:
        why, code = str(error), USAGE
    except Failed as error:
        why, code = str(error), error.code
    except OSError as error:
        if error.errno in NOT_OURS and error.filename:
            why, code = f"'{error.filename}': {NOT_OURS[error.errno]}", USAGE
        else:
            why, code = _broken(error), BROKEN
    except KeyboardInterrupt:
        why, code = "interrupted", INTERRUPTED + signal.SIGINT
    except Exception as error:  # Python would end with 1, which says that something was found
        why, code = _broken(error), BROKEN
    why = " ".join(why.split())
    print(f"divbench: {why}", file=sys.stderr)
    if JSON.flag in words:
        with reader_may_leave():
            give_object({"error": why}, code)
    return code


def _broken(error: Exception) -> str:
    traceback.print_exc()
    return f"{type(error).__name__}: {error}; this is a mistake of divbench, not of the request"


def _dispatch(words: list[str]) -> int:
    if not words:
        raise UsageError(f"expected a command: {', '.join(COMMANDS)}; 'divbench --help' says more")
    first, rest = words[0], words[1:]
    if first in HELP_FLAGS:
        print(_overview("", "Does a critic diverge, when, why, and what cures it? Variants side by side.",
                        COMMANDS))
        return OK
    if first in VERSION_FLAGS:
        version = _version()
        return Answer(lambda: {"version": version}, lambda: print(f"divbench {version}")).give(json=JSON.flag in rest)
    if first == COMPLETE:
        from divbench.cli.commands.completion import candidates

        for name in candidates(rest):
            print(name)
        return OK
    if first.startswith("-"):
        hint = nearest(first, ("--help", "--version")) or ";"
        raise UsageError(f"unknown flag '{first}' before a command{hint} commands: {', '.join(COMMANDS)}")
    if first not in COMMANDS:
        raise UsageError(unknown("command", first, COMMANDS))
    if first == DATASET:
        return _dispatch_dataset(rest)
    return _carry_out(first, rest)


def _dispatch_dataset(words: list[str]) -> int:
    """`divbench dataset`, whose first word is a command of its own."""
    commands = DATASET_COMMANDS
    if not words:
        raise UsageError(f"dataset: expected a command: {', '.join(commands)}; 'divbench dataset --help' says more")
    first, rest = words[0], words[1:]
    if first in HELP_FLAGS:
        print(_overview("dataset ", COMMANDS[DATASET].summary, commands))
        return OK
    if first not in commands:
        raise UsageError(f"dataset: {unknown('command', first, commands)}")
    return _carry_out(f"{DATASET} {first}", rest)


def _carry_out(name: str, words: list[str]) -> int:
    command = EVERY[name]
    written = parse(Parser(name, command), words)
    if written is None:
        return OK
    json = written.get(JSON.key, False) if command.tells else written.pop(JSON.key, False)
    uncached = written.pop(NO_CACHE.key, False)
    request = read_request(command, written)
    module, function = command.home.split(".")
    # Whatever else is printed, by a library too, would break the object.
    aside = contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext()
    with aside, switched_off(uncached):
        answer = getattr(importlib.import_module(f"divbench.cli.commands.{module}"), function)(request)
    return answer.give(json=json)


def _overview(within: str, summary: str, commands: Mapping[str, Command]) -> str:
    lines = [f"  {name:<11}{command.summary}" for name, command in commands.items()]
    head = [f"usage: divbench {within}COMMAND ...", "", summary, "", "commands:"]
    return "\n".join([*head, *lines, "", f"'divbench {within}COMMAND --help' lists its flags"])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("divbench")
    except PackageNotFoundError:
        return "(not installed)"
