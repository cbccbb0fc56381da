"""The words of the command line: each command's flags. No command is carried out here.

What the options of a run are is said in `divbench.spec.options`; the words behind `dataset` in `dataset_parsers`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from divbench.envs.names import PHYSICS
from divbench.spec import compare, dataset_parsers, exchange, kernels
from divbench.spec.experiments import CLAIMS, SCALES
from divbench.spec.options import OPTIONS
from divbench.spec.parser import JSON, Once, Parser, add_switch, add_values
from divbench.spec.settings import ACTIVATIONS
from divbench.spec.targets import TARGETS

COMMANDS = {
    "run": "train tasks, variants and seeds side by side and write comparable tables",
    "list": "suites, tasks, variants and experiments",
    "plan": "groups, lanes, memory, disk, FLOPs and hours of a run; trains nothing",
    "compile": "a run's programs compiled for an accelerator that is not there: memory, kernels, FLOPs",
    "report": "tables and pictures of a run folder, finished or still growing",
    "watch": "the same kept up to date, on the terminal or as a page, while a run trains",
    "compare": "two result sets side by side: equal, better or regressed, for people and for CI",
    "import": "results of other code as a folder that report and compare read",
    "export": "results as CSV, for TensorBoard, marl-eval or rliable, or as other code writes them",
    "dataset": "transitions on disk: made by own agents, what is in them, parts of them, D4RL's layout and Minari's",
    "render": "a film of a lane's policy, or of a task under random actions: GIF, MP4 or PNG",
    "ntk": "how critics generalise before any training: neural tangent kernels by activation, width and depth",
    "parity": "every task's physics beside dm_control: errors, reset distributions",
    "doctor": "device, versions, precision, memory, and what does not fit together",
    "reproduce": "a published claim put to the test: runs, a decision with its interval, a figure",
    "claims": "the scoreboard of all claims that were put to the test",
    "explain": "what a metric is, and what its numbers mean",
    "cite": "BibTeX of the papers behind variants, or behind suites and protocols",
    "completion": "a script that lets a shell complete commands, flags and names",
}
FUNCTIONS = ("train_chunk", "evaluate", "diagnose", "reset_lanes")  # of a group's program
DATASET = "dataset"  # the command that has commands of its own
AGAINST = ("published",)  # whose curves a page can show beside a run's
LISTS = ("suites", "tasks", "variants", "experiments")
SHELLS = ("bash", "zsh", "fish")


def _parser(command: str) -> Parser:
    return Parser(command, COMMANDS[command])


def spec_parser(command: str) -> Parser:
    parser = _parser(command)
    for option in OPTIONS.values():
        if option.key == JSON:
            continue
        if not option.metavar:
            add_switch(parser, option.key, OPTIONS[option.key].help)
            continue
        action = "append" if option.key == "sac" else Once
        parser.add_argument(option.flag, action=action, metavar=option.metavar, help=option.help,
                            default=argparse.SUPPRESS)
    add_values(parser, ("--config", "FILE.toml", "the same keys in a TOML file; flags override it"))
    if command in ("plan", "compile"):
        add_values(parser, ("--target", "NAME", f"an accelerator that need not be here: {', '.join(TARGETS)}"))
    if command == "compile":
        add_values(parser, ("--programs", "A,B", f"{', '.join(FUNCTIONS)}; all by default"))
    elif command == "plan":
        add_values(parser, ("--rate", "UPDATES_PER_SECOND",
                         "stated rate, summed over a group's lanes, in place of a short measurement"))
    else:
        add_switch(parser, "yes", "train everything, although no flag says what")
    return parser


def list_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("what", nargs="?", metavar="WHAT", help=f"only these: {', '.join(LISTS)}")
    return parser


def report_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("folders", metavar="DIR", nargs="+", help="run folder; more than one with --html")
    add_switch(parser, "html", "all of it as one page too, DIR/report/report.html, which needs no network")
    add_values(parser, ("--against", "NAME", f"{', '.join(AGAINST)}: curves of others in the page"))
    add_switch(parser, "quiet", OPTIONS["quiet"].help)
    return parser


def watch_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("folders", metavar="DIR", nargs="+", help="run folder; more than one with --html")
    add_switch(parser, "html", "keep DIR/report/report.html up to date; an open page follows")
    add_values(parser, ("--against", "NAME", f"{', '.join(AGAINST)}: curves of others in the page"),
               ("--every", "SECONDS", "between two looks; 3 by default"))
    return parser


def compare_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("baseline", metavar="BASELINE", help="run folder, or folder of run folders")
    parser.add_argument("new", metavar="NEW", help="the same of what is compared with it")
    add_values(parser, *compare.FLAGS)
    for key, text in compare.SWITCHES:
        add_switch(parser, key.replace("_", "-"), text)
    return parser


def import_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("paths", metavar="FILE", nargs="+", help="result files, or folders with such files")
    add_values(
        parser,
        ("--dialect", "NAME", f"{', '.join(exchange.DIALECTS)}; recognised by default"),
        ("--action-repeat", "N", "env steps that one action lasts, where the files do not say it"),
        ("--steps-are", "NAME", f"what the files count: {', '.join(exchange.STEPS)}; by default what is usual"),
        ("--method", "NAME", "of the method, where the files do not say it or say it otherwise"),
        ("--task", "NAME", "of the task, likewise"),
        ("--metric", "NAME", "which of a file's metrics is taken; the return by default"),
        ("--repeated", "NAME", f"several rows of a lane at one step: {', '.join(exchange.REPEATED)}; refused by "
         "default"),
        ("--out", "DIR", "result folder to be made"),
    )
    add_switch(parser, "strict", "refuse what would be left out: files of other metrics, runs without evaluations")
    return parser


def export_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("folder", metavar="DIR", help="run folder, finished or still growing")
    add_values(
        parser,
        ("--to", "NAME", ", ".join(exchange.EXPORTS)),
        ("--out", "PATH", f"file or folder to be made (default: below DIR/{exchange.EXPORT_FOLDER})"),
        ("--metric", "NAME", "a column of scores or values in place of the return"),
    )
    add_switch(parser, "normalise", "returns as shares of the most that a policy can collect; rliable only")
    return parser


def cite_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("variants", metavar="A,B", nargs="?", default=argparse.SUPPRESS,
                        help="variants; without any, the papers behind suites and protocols")
    return parser


def render_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("run", metavar="DIR", nargs="?", default=argparse.SUPPRESS,
                        help="run folder; without one, --task is shown under random actions")
    add_values(
        parser,
        ("--task", "NAME", "task of the lane; may be left out, as the next three, where the run has but one"),
        ("--variant", "NAME", "variant of the lane"),
        ("--utd", "N|1/K", "updates per env step of the lane"),
        ("--seed", "N", "seed of the lane; without a run, of the random actions"),
        ("--episode", "N", "which start state; 0 by default, where the last evaluation's first episode began"),
        ("--steps", "COUNT", "control steps to show; the whole episode by default"),
        ("--physics", "NAME", f"{', '.join(PHYSICS)}; the run's own by default"),
        ("--camera", "NAME", "a camera of the task's model"),
        ("--size", "WxH", "of the picture, in pixels; 320x240 by default"),
        ("--out", "FILE", "ends in .gif, .mp4 (extra 'video') or .png (a sheet of 12 moments); by default a .gif in "
                          "DIR/videos, without a run in results/runs/videos"),
    )
    add_switch(parser, "force", "replace a file that is there")
    return parser


def ntk_parser(command: str) -> Parser:
    parser = _parser(command)
    add_values(
        parser,
        ("--task", "NAME", "task whose observations are seen, such as ant"),
        ("--critic", "NAME", "a flax.linen critic of your own, mine:SimBa(width=64), in place of perceptrons"),
        ("--activations", "A,B", f"{', '.join(ACTIVATIONS)}; {','.join(kernels.PUBLISHED_ACTIVATIONS)} by "
                                 "default"),
        ("--widths", "N,N", "units of a hidden layer; 32,64,128,256 by default"),
        ("--depths", "N,N", "hidden layers, each with each width; 1,2,3,4 by default"),
        ("--initialisations", "N", "critics drawn of each kind; 10 by default"),
        ("--steps", "COUNT", "env steps with random corner actions, the points of the kernel; 1000 by default"),
        ("--weights", "NAME", f"how weights are drawn: {', '.join(kernels.WEIGHTS)}; the first by default"),
        ("--physics", "NAME", f"{', '.join(PHYSICS)}; auto by default"),
        ("--out", "DIR", f"where tables and pictures go; {kernels.FOLDER}/TASK by default"),
    )
    add_switch(parser, "force", "replace what an earlier measurement left there")
    add_switch(parser, "quiet", OPTIONS["quiet"].help)
    return parser


def parity_parser(command: str) -> Parser:
    parser = _parser(command)
    add_values(
        parser,
        ("--tasks", "A,B", "tasks; all of dm_control's by default; gymnasium's by name, such as hopper"),
        ("--physics", "A,B", "host, mjx, warp (extra 'warp'); host and mjx by default"),
        ("--precisions", "A,B", "float64, float32; both by default"),
        ("--starts", "N", "episodes begun for each task, half of them where it pays; 20 by default"),
        ("--steps", "N", "control steps of each; 50 by default"),
        ("--out", "DIR", "where the tables go; results/runs/parity by default"),
    )
    add_switch(parser, "force", "replace tables that are there")
    return parser


def reproduce_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("name", metavar="NAME", nargs="?", default=argparse.SUPPRESS,
                        help="of the experiment; --list shows them")
    add_values(
        parser,
        ("--scale", "NAME", f"{', '.join(SCALES)} (default: {SCALES[0]}): minutes to hours on two CPU cores, or as "
                            "published"),
        ("--out", "DIR", f"where DIR/NAME gets outcome and figure (default: {CLAIMS})"),
        ("--physics", "NAME", f"{', '.join(PHYSICS)}, for every run"),
    )
    add_switch(parser, "list", "all experiments: claim, source, minutes")
    add_switch(parser, "plan", "the runs, and what of them is there; trains nothing")
    add_switch(parser, "so-far", "decide by the runs that are finished, in DIR/so-far/NAME; trains nothing")
    add_switch(parser, "quiet", OPTIONS["quiet"].help)
    return parser


def claims_parser(command: str) -> Parser:
    parser = _parser(command)
    add_values(parser, ("--dir", "DIR", f"folder of outcomes (default: the committed ones and {CLAIMS})"))
    add_switch(parser, "markdown", "as a Markdown table")
    return parser


def completion_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("shell", metavar="SHELL", help=", ".join(SHELLS))
    return parser


def explain_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("metric", metavar="METRIC", nargs="?", default=argparse.SUPPRESS,
                        help="name of a metric, or a critic of your own: mine:SimBa; without one, all metrics")
    return parser


MAKERS: dict[str, Callable[[str], Parser]] = {
    "run": spec_parser,
    "list": list_parser,
    "plan": spec_parser,
    "compile": spec_parser,
    "report": report_parser,
    "watch": watch_parser,
    "compare": compare_parser,
    "import": import_parser,
    "export": export_parser,
    "render": render_parser,
    "ntk": ntk_parser,
    "parity": parity_parser,
    "doctor": _parser,
    "reproduce": reproduce_parser,
    "claims": claims_parser,
    "explain": explain_parser,
    "cite": cite_parser,
    "completion": completion_parser,
}
# Every command, as it is typed.
EVERY = (*MAKERS, *(f"{DATASET} {name}" for name in dataset_parsers.COMMANDS))


def make_parser(command: str) -> Parser:
    """The parser of one of `EVERY`."""
    name = command.removeprefix(f"{DATASET} ")
    return (MAKERS if name == command else dataset_parsers.MAKERS)[name](name)
