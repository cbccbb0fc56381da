"""The command line: from words to a command's function in `divbench.commands`.

Every wrong input ends as one line on standard error and exit code 2. Nothing heavy is imported before a
command is known to be right, so that help and refusals are immediate. What can be said on it is in
`divbench.spec.parsers` and `divbench.spec.dataset_parsers`.
"""

from __future__ import annotations

import errno
import importlib
import io
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence

from divbench.commands.codes import BROKEN, INTERRUPTED, OK, USAGE, reader_may_leave
from divbench.spec import dataset_parsers, parser, parsers
from divbench.spec.errors import UsageError, nearest, unknown

FUNCTIONS = {"import": "import_results", "export": "export_results"}  # others are called as the command is
NOT_OURS = {errno.ENAMETOOLONG: "the name is too long for this file system", errno.EACCES: "permission denied"}
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
        print(f"divbench: {' '.join(str(error).split())}", file=sys.stderr)
        return USAGE
    except OSError as error:
        if error.errno not in NOT_OURS or not error.filename:
            return _broken()
        print(f"divbench: '{error.filename}': {NOT_OURS[error.errno]}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("divbench: interrupted", file=sys.stderr)
        return INTERRUPTED + signal.SIGINT
    except Exception:  # Python would end with 1, which says that something was found
        return _broken()


def _broken() -> int:
    traceback.print_exc()
    print("divbench: this is a mistake of divbench, not of the request", file=sys.stderr)
    return BROKEN


def _dispatch(words: list[str]) -> int:
    if not words:
        raise UsageError(f"expected a command: {', '.join(parsers.COMMANDS)}; 'divbench --help' says more")
    first, rest = words[0], words[1:]
    if first in HELP_FLAGS:
        print(_overview("", "Does a critic diverge, when, why, and what cures it? Variants side by side.",
                        parsers.COMMANDS))
        return OK
    if first in VERSION_FLAGS:
        print(f"divbench {_version()}")
        return OK
    if first.startswith("-"):
        hint = nearest(first, ("--help", "--version"))
        raise UsageError(f"unknown flag '{first}' before a command; commands: {', '.join(parsers.COMMANDS)}{hint}")
    if first not in parsers.COMMANDS:
        raise UsageError(unknown("command", first, parsers.COMMANDS))
    if first == "dataset":
        return _dispatch_dataset(rest)
    module, make_parser = {
        "run": ("training", parsers.spec_parser),
        "list": ("tools", parsers.list_parser),
        "plan": ("training", parsers.spec_parser),
        "report": ("results", parsers.report_parser),
        "watch": ("results", parsers.watch_parser),
        "compare": ("results", parsers.compare_parser),
        "import": ("results", parsers.import_parser),
        "export": ("results", parsers.export_parser),
        "render": ("tools", parsers.render_parser),
        "ntk": ("kernels", parsers.ntk_parser),
        "parity": ("tools", parsers.parity_parser),
        "doctor": ("tools", parsers.doctor_parser),
        "reproduce": ("claims", parsers.reproduce_parser),
        "claims": ("claims", parsers.claims_parser),
        "explain": ("tools", parsers.explain_parser),
        "cite": ("tools", parsers.cite_parser),
    }[first]
    return _carry_out(module, FUNCTIONS.get(first, first), make_parser(first), rest)


def _dispatch_dataset(words: list[str]) -> int:
    """`divbench dataset`, whose first word is a command of its own."""
    commands = dataset_parsers.COMMANDS
    if not words:
        raise UsageError(f"dataset: expected a command: {', '.join(commands)}; 'divbench dataset --help' says more")
    first, rest = words[0], words[1:]
    if first in HELP_FLAGS:
        print(_overview("dataset ", parsers.COMMANDS["dataset"], commands))
        return OK
    if first not in commands:
        raise UsageError(f"dataset: {unknown('command', first, commands)}")
    make_parser, function = {
        "make": (dataset_parsers.make_parser, "make"),
        "info": (dataset_parsers.info_parser, "info"),
        "subset": (dataset_parsers.subset_parser, "subset"),
        "import": (dataset_parsers.import_parser, "import_dataset"),
        "export": (dataset_parsers.export_parser, "export_dataset"),
    }[first]
    return _carry_out("datasets", function, make_parser(first), rest)


def _carry_out(module: str, function: str, flags: parser.Parser, words: list[str]) -> int:
    given = parser.parse(flags, words)
    if given is None:
        return OK
    return getattr(importlib.import_module(f"divbench.commands.{module}"), function)(given)


def _overview(within: str, summary: str, commands: Mapping[str, str]) -> str:
    lines = [f"  {name:<11}{text}" for name, text in commands.items()]
    head = [f"usage: divbench {within}COMMAND ...", "", summary, "", "commands:"]
    return "\n".join([*head, *lines, "", f"'divbench {within}COMMAND --help' lists its flags"])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("divbench")
    except PackageNotFoundError:
        return "(not installed)"
