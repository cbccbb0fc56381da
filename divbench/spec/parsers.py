"""The words of the command line: each command's flags, and how what was typed is read. No command is carried out here.

What the options of a run are is said in `divbench.spec.options`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from divbench.envs.names import PHYSICS
from divbench.spec.errors import UsageError, nearest
from divbench.spec.experiments import CLAIMS, SCALES
from divbench.spec.options import OPTIONS

COMMANDS = {
    "run": "train tasks, variants and seeds side by side and write comparable tables",
    "list": "suites, tasks, variants and experiments",
    "plan": "groups, lanes, memory, disk, FLOPs and hours of a run; trains nothing",
    "report": "tables and pictures of a run folder, finished or still growing",
    "render": "a film of a lane's policy, or of a task under random actions: GIF, MP4 or PNG",
    "parity": "every task's physics beside dm_control: errors, reset distributions",
    "doctor": "device, versions, precision, memory, and what does not fit together",
    "reproduce": "a published claim put to the test: runs, a decision with its interval, a figure",
    "claims": "the scoreboard of all claims that were put to the test",
    "explain": "what a metric is, and what its numbers mean",
}
LISTS = ("suites", "tasks", "variants", "experiments")


class Parser(argparse.ArgumentParser):
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


def _switch(parser: Parser, key: str, text: str = "") -> None:
    """A flag without a value; its help is that of the option of a run of the same name unless `text` is given."""
    parser.add_argument(f"--{key}", action="store_true", default=argparse.SUPPRESS, help=text or OPTIONS[key].help)


def _values(parser: Parser, *rows: tuple[str, str, str]) -> None:
    """Flags that take one value, and are given once: (flag, what stands for the value, help)."""
    for flag, metavar, text in rows:
        parser.add_argument(flag, action=_Once, metavar=metavar, help=text, default=argparse.SUPPRESS)


def spec_parser(command: str) -> Parser:
    parser = Parser(command)
    for option in OPTIONS.values():
        if not option.metavar:
            _switch(parser, option.key)
            continue
        action = "append" if option.key == "sac" else _Once
        parser.add_argument(option.flag, action=action, metavar=option.metavar, help=option.help,
                            default=argparse.SUPPRESS)
    _values(parser, ("--config", "FILE.toml", "the same keys in a TOML file; flags override it"))
    if command == "plan":
        _values(parser, ("--rate", "UPDATES_PER_SECOND",
                         "stated rate, summed over a group's lanes, in place of a short measurement"))
    return parser


def list_parser(command: str) -> Parser:
    parser = Parser(command)
    parser.add_argument("what", nargs="?", choices=LISTS, help="only these")
    return parser


def report_parser(command: str) -> Parser:
    parser = Parser(command)
    parser.add_argument("folder", metavar="DIR", help="run folder")
    _switch(parser, "quiet")
    _switch(parser, "json")
    return parser


def render_parser(command: str) -> Parser:
    parser = Parser(command)
    parser.add_argument("run", metavar="DIR", nargs="?", default=argparse.SUPPRESS,
                        help="run folder; without one, --task is shown under random actions")
    _values(
        parser,
        ("--task", "NAME", "task of the lane; may be left out, as the next three, where the run has but one"),
        ("--variant", "NAME", "variant of the lane"),
        ("--utd", "N|1/K", "updates per env step of the lane"),
        ("--seed", "N", "seed of the lane; without a run, of the random actions"),
        ("--episode", "N", "which start state; 0 by default, where the last evaluation's first episode began"),
        ("--steps", "COUNT", "control steps to show; the whole episode by default"),
        ("--physics", "NAME", f"{', '.join(PHYSICS)}; the run's own by default"),
        ("--camera", "NAME", "a camera of dm_control's model"),
        ("--size", "WxH", "of the picture, in pixels; 320x240 by default"),
        ("--out", "FILE", "ends in .gif, .mp4 (extra 'video') or .png (a sheet of 12 moments); by default a .gif in "
                          "DIR/videos, without a run in results/runs/videos"),
    )
    _switch(parser, "force", "replace a file that is there")
    return parser


def parity_parser(command: str) -> Parser:
    parser = Parser(command)
    _values(
        parser,
        ("--tasks", "A,B", "tasks; all of them by default"),
        ("--physics", "A,B", "host, mjx, warp (extra 'warp'); host and mjx by default"),
        ("--precisions", "A,B", "float64, float32; both by default"),
        ("--starts", "N", "episodes begun for each task, half of them where it pays; 20 by default"),
        ("--steps", "N", "control steps of each; 50 by default"),
        ("--out", "DIR", "where the tables go; results/runs/parity by default"),
    )
    return parser


def doctor_parser(command: str) -> Parser:
    parser = Parser(command)
    _switch(parser, "json")
    return parser


def reproduce_parser(command: str) -> Parser:
    parser = Parser(command)
    parser.add_argument("name", metavar="NAME", nargs="?", default=argparse.SUPPRESS,
                        help="of the experiment; --list shows them")
    _values(
        parser,
        ("--scale", "NAME", f"{', '.join(SCALES)} (default: {SCALES[0]}): minutes to hours on two CPU cores, or as "
                            "published"),
        ("--out", "DIR", f"where DIR/NAME gets outcome and figure (default: {CLAIMS})"),
        ("--physics", "NAME", f"{', '.join(PHYSICS)}, for every run"),
    )
    _switch(parser, "list", "all experiments: claim, source, minutes")
    _switch(parser, "plan", "the runs, and what of them is there; trains nothing")
    _switch(parser, "quiet")
    _switch(parser, "json")
    return parser


def claims_parser(command: str) -> Parser:
    parser = Parser(command)
    _values(parser, ("--dir", "DIR", f"folder of outcomes (default: the committed ones and {CLAIMS})"))
    _switch(parser, "markdown", "as a Markdown table")
    return parser


def explain_parser(command: str) -> Parser:
    parser = Parser(command)
    parser.add_argument("metric", metavar="METRIC", nargs="?", default=argparse.SUPPRESS,
                        help="name of a metric; without one, all of them")
    return parser


def parse(parser: Parser, words: list[str]) -> dict | None:
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
