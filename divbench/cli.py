"""The command line: `divbench run | list | plan | report | doctor`. Thin: it reads, calls one wing and
prints.

Every wrong input ends as one line on standard error and exit code 2. Nothing heavy is imported before a
command is known to be right, so that help and refusals are immediate. What the options are is said in
`divbench.spec.options`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from divbench.spec.errors import UsageError, nearest
from divbench.spec.options import OPTIONS
from divbench.spec.text import parse_rate

COMMANDS = {
    "run": "train tasks, variants and seeds side by side and write comparable tables",
    "list": "suites, tasks and variants",
    "plan": "groups, lanes, memory, disk, FLOPs and hours of a run; trains nothing",
    "report": "tables and pictures of a run folder, finished or still growing",
    "doctor": "device, versions, precision, memory, and what does not fit together",
}
LISTS = ("suites", "tasks", "variants")
SWITCHES = ("force", "quiet", "json")
HELP_FLAGS, VERSION_FLAGS = ("-h", "--help", "help"), ("-V", "--version", "version")
OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 128


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code.

    0: done; 1: a group failed or something does not fit together; 2: a wrong request; 128 + signal:
      interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(words)
    except UsageError as error:
        print(f"divbench: {' '.join(str(error).split())}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("divbench: interrupted", file=sys.stderr)
        return INTERRUPTED + signal.SIGINT
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _dispatch(words: list[str]) -> int:
    if not words:
        raise UsageError(f"expected a command: {', '.join(COMMANDS)}; 'divbench --help' says more")
    first, rest = words[0], words[1:]
    if first in HELP_FLAGS:
        print(_overview())
        return OK
    if first in VERSION_FLAGS:
        print(f"divbench {_version()}")
        return OK
    if first.startswith("-"):
        hint = nearest(first, ("--help", "--version"))
        raise UsageError(f"unknown flag '{first}' before a command; commands: {', '.join(COMMANDS)}{hint}")
    if first not in COMMANDS:
        raise UsageError(f"unknown command '{first}'; known: {', '.join(COMMANDS)}{nearest(first, COMMANDS)}")
    make_parser, command = {
        "run": (_spec_parser, _run),
        "list": (_list_parser, _list),
        "plan": (_spec_parser, _plan),
        "report": (_report_parser, _report),
        "doctor": (_doctor_parser, _doctor),
    }[first]
    given = _parse(make_parser(first), rest)
    return OK if given is None else command(given)


def _run(given: dict) -> int:
    from divbench.spec.plan import silent_resets
    from divbench.spec.reading import read_spec

    spec = read_spec(given, given.pop("config", None))
    _refuse_unwritable(spec.folder)
    from divbench.execute.progress import make_progress
    from divbench.execute.run import run

    with make_progress(spec) as progress:
        result = run(spec, progress=progress)
    code = INTERRUPTED + result.signal if result.interrupted else FAILED if result.failed else OK
    if spec.json:
        print(json.dumps({"folder": str(result.folder), "failed": list(result.failed),
                          "interrupted": result.interrupted, "already_finished": result.already_finished,
                          "silent_resets": silent_resets(spec), "exit_code": code}))
        return code
    if result.interrupted:
        print(f"interrupted; the same command continues from the checkpoint in {result.folder}")
        return code
    from divbench.report.summary import print_summary

    if result.already_finished:
        print(f"already finished: {result.folder}; --force starts over")
    print_summary(result.folder)
    for name in result.failed:
        print(f"failed: {name}")
    return code


def _plan(given: dict) -> int:
    from divbench.spec.plan import make_groups, silent_resets
    from divbench.spec.reading import read_spec

    rate = parse_rate(given.pop("rate"), "--rate") if "rate" in given else None
    spec = read_spec(given, given.pop("config", None))
    from divbench.spec.estimate import estimate
    from divbench.spec.forecast import describe_plan, plan_record, scaled_rates

    if rate is None:
        from divbench.execute.calibrate import measure_rate
        from divbench.execute.device import fused_default

        groups = make_groups(spec, fused=fused_default())
        rates = scaled_rates(groups, lambda group: measure_rate(group, spec.physics, spec.precision))
        basis = "measured for the first group of each structure, scaled by FLOPs to the others"
    else:
        groups = make_groups(spec, fused=False)
        rates = [rate] * len(groups)
        basis = "stated; groups as on a CPU, one for each set of mechanisms"
    estimates = [estimate(spec, group, pace) for group, pace in zip(groups, rates, strict=True)]
    silent = silent_resets(spec)
    if spec.json:
        print(json.dumps(plan_record(spec, estimates, basis, silent)))
    else:
        print(describe_plan(spec, estimates, basis, silent))
    return OK


def _list(given: dict) -> int:
    from divbench.spec.catalogue import describe

    print("\n\n".join(describe(kind) for kind in LISTS if given.get("what") in (None, kind)))
    return OK


def _report(given: dict) -> int:
    path = Path(given["folder"])
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise UsageError(f"report: expected a run folder, found {found} at '{path}'")
    if not (path / "card.json").is_file():
        raise UsageError(f"report: expected a run folder, found no card.json in '{path}'")
    from divbench.report.build import report

    report(path, quiet=given.get("quiet", False), json=given.get("json", False))
    return OK


def _doctor(given: dict) -> int:
    from divbench.execute.doctor import describe, diagnose

    checks = diagnose()
    if given.get("json"):
        ok = all(check.ok for check in checks)
        print(json.dumps({"checks": [check.record() for check in checks], "ok": ok}))
    else:
        print(describe(checks))
    return OK if all(check.ok for check in checks) else FAILED


def _refuse_unwritable(folder: str) -> None:
    """Refuse a place where no run folder can be made, before anything is loaded or created."""
    place = Path(folder).absolute()
    try:
        existing = next(p for p in (place, *place.parents) if p.exists())
        usable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    except OSError as error:
        raise UsageError(f"--out: cannot write to '{folder}': {error.strerror}") from None
    if not usable:
        what = "is not writable" if existing.is_dir() else "is a file"
        raise UsageError(f"--out: expected a folder that can be written, found that '{existing}' {what}")


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are a `UsageError` and whose flags are never abbreviated."""

    def __init__(self, command: str):
        super().__init__(prog=f"divbench {command}", description=COMMANDS[command], allow_abbrev=False)
        self.command = command

    def error(self, message: str):
        raise UsageError(f"{message.removeprefix('argument ')}; 'divbench {self.command} --help' says more")


class _Once(argparse.Action):
    """Store a value; refuse a flag that is given twice."""

    def __call__(self, parser, namespace, values, option_string=None):
        if hasattr(namespace, self.dest):
            raise UsageError(f"{option_string}: given twice; give it once")
        setattr(namespace, self.dest, values)


def _switch(parser: _Parser, key: str) -> None:
    parser.add_argument(f"--{key}", action="store_true", default=argparse.SUPPRESS, help=OPTIONS[key].help)


def _spec_parser(command: str) -> _Parser:
    parser = _Parser(command)
    for option in OPTIONS.values():
        if not option.metavar:
            _switch(parser, option.key)
            continue
        action = "append" if option.key == "sac" else _Once
        parser.add_argument(option.flag, action=action, metavar=option.metavar, help=option.help,
                            default=argparse.SUPPRESS)
    parser.add_argument("--config", action=_Once, metavar="FILE.toml", default=argparse.SUPPRESS,
                        help="the same keys in a TOML file; flags override it")
    if command == "plan":
        parser.add_argument("--rate", action=_Once, metavar="UPDATES_PER_SECOND", default=argparse.SUPPRESS,
                            help="stated rate, summed over a group's lanes, in place of a short measurement")
    return parser


def _list_parser(command: str) -> _Parser:
    parser = _Parser(command)
    parser.add_argument("what", nargs="?", choices=LISTS, help="only these")
    return parser


def _report_parser(command: str) -> _Parser:
    parser = _Parser(command)
    parser.add_argument("folder", metavar="DIR", help="run folder")
    _switch(parser, "quiet")
    _switch(parser, "json")
    return parser


def _doctor_parser(command: str) -> _Parser:
    parser = _Parser(command)
    _switch(parser, "json")
    return parser


def _parse(parser: _Parser, words: list[str]) -> dict | None:
    """What was given, by key; None if help was asked for and printed."""
    if "-h" in words or "--help" in words:
        print(parser.format_help(), end="")
        return None
    known = [flag for action in parser._actions for flag in action.option_strings]
    namespace, unknown = parser.parse_known_args(_joined(words, known))
    if unknown:
        found = unknown[0].partition("=")[0]
        kind = "flag" if found.startswith("-") else "word"
        hint = nearest(found, known) if kind == "flag" else ""
        raise UsageError(f"unknown {kind} '{found}'{hint}; 'divbench {parser.command} --help' lists all")
    return vars(namespace)


def _joined(words: list[str], known: Sequence[str]) -> list[str]:
    """`--utd -1` as `--utd=-1`, so that a negative number reaches the check of its flag."""
    joined: list[str] = []
    for word in words:
        negative = word[:1] == "-" and word[1:2].isdigit()
        if negative and joined and joined[-1] in known:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _overview() -> str:
    lines = [f"  {name:<8}{text}" for name, text in COMMANDS.items()]
    head = ["usage: divbench COMMAND ...", "", "Q-value divergence in SAC, side by side.", "", "commands:"]
    return "\n".join([*head, *lines, "", "'divbench COMMAND --help' lists its flags"])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("divbench")
    except PackageNotFoundError:
        return "(not installed)"
