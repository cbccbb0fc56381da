"""The table of the command line: every command, what it takes, how that is read, and what carries it out.

The options of a run are in `options`, the commands behind `dataset` in `dataset_table`.
"""

from __future__ import annotations

import dataclasses

from divbench.cli.argument import PERHAPS, SEVERAL, WORD, Argument, Command, count, counts, one_of, some_of
from divbench.cli.dataset_table import COMMANDS as DATASET_COMMANDS
from divbench.cli.options import OPTIONS, RUN_OPTIONS
from divbench.envs.names import GYM_TASKS, PHYSICS, SIMULATED
from divbench.execute.parity import request as parity
from divbench.execute.rendering import request as rendering
from divbench.experiments import request as experiments
from divbench.experiments.request import CLAIMS, SCALES
from divbench.records.dialects import request as exchange
from divbench.report.compare import request as comparing
from divbench.report.compare.margins import METRICS
from divbench.spec.settings import ACTIVATIONS
from divbench.spec.text import parse_rate, parse_utd, split_names
from divbench.studies.bench import request as benching
from divbench.studies.ntk import request as ntk
from divbench.targets.facts import FUNCTIONS, TARGETS

DATASET = "dataset"  # the command that has commands of its own
AGAINST = ("published",)  # whose curves a page can show beside a run's
LISTS = ("suites", "tasks", "variants", "experiments")
SHELLS = ("bash", "zsh", "fish")
QUIET = OPTIONS["quiet"]
CONFIG = Argument("config", "FILE.toml", "the same keys in a TOML file; flags override it")
TARGET = Argument("target", "NAME", f"an accelerator that need not be here: {', '.join(TARGETS)}",
                  one_of("target", TARGETS))
FOLDERS = Argument("folders", "DIR", "run folder; more than one with --html", place=SEVERAL)
CURVES = Argument("against", "NAME", f"{', '.join(AGAINST)}: curves of others in the page",
                  one_of("results to stand against", AGAINST))


def _but(key: str, words: str) -> Argument:
    """An option of a run with help of its own."""
    return dataclasses.replace(OPTIONS[key], help=words)


COMMANDS: dict[str, Command] = {
    "run": Command(
        "train tasks, variants and seeds side by side and write comparable tables", "training.run",
        (*RUN_OPTIONS, CONFIG, Argument("yes", "", "train everything, although no flag says what")), tells=True,
        compiles=True),
    "list": Command(
        "suites, tasks, variants and experiments", "tools.list",
        (Argument("what", "WHAT", f"only these: {', '.join(LISTS)}", one_of("list", LISTS), place=PERHAPS),)),
    "plan": Command(
        "groups, lanes, memory, disk, FLOPs and hours of a run; trains nothing", "training.plan",
        (*RUN_OPTIONS, CONFIG, TARGET,
         Argument("rate", "UPDATES_PER_SECOND", "stated rate, summed over a group's lanes, in place of a short "
                  "measurement", parse_rate)), tells=True, compiles=True),
    "compile": Command(
        "a run's programs compiled for an accelerator that is not there: memory, kernels, FLOPs",
        "targets.compile_ahead",
        (*RUN_OPTIONS, CONFIG, TARGET,
         Argument("programs", "A,B", f"{', '.join(FUNCTIONS)}; all by default", some_of("program", FUNCTIONS))),
        needed={"target": f"compile: expected --target with one of {', '.join(TARGETS)}"}, tells=True),
    "report": Command(
        "tables and pictures of a run folder, finished or still growing", "results.report",
        (FOLDERS,
         Argument("html", "", "all of it as one page too, DIR/report/report.html, which needs no network"),
         CURVES, QUIET)),
    "watch": Command(
        "the same kept up to date, on the terminal or as a page, while a run trains", "results.watch",
        (FOLDERS, Argument("html", "", "keep DIR/report/report.html up to date; an open page follows"), CURVES,
         Argument("every", "SECONDS", "between two looks; 3 by default", parse_rate))),
    "compare": Command(
        "two result sets side by side: equal, better or regressed, for people and for CI", "results.compare",
        (Argument("baseline", "BASELINE", "run folder, or folder of run folders", place=WORD),
         Argument("new", "NEW", "the same of what is compared with it", place=WORD),
         Argument("metric", "A,B", f"{', '.join(METRICS)}; {' and '.join(comparing.DEFAULT_METRICS)} by default",
                  some_of("metric", METRICS), field="metrics"),
         Argument("margin", "X|A=X,B=Y", "difference that does not matter; by default "
                  + "; ".join(f"{m.name}: {m.default_text}" for m in METRICS.values())
                  + ". return=10% is a share of BASELINE's mean, return:TASK=X the margin of one task"),
         Argument("confidence", "X", "of the intervals; all false alarms together are at most 1 - X; 0.95 by default",
                  comparing.read_confidence),
         Argument("pair", "A=B,C=D", "compare BASELINE's variant A with NEW's variant B", comparing.read_pairs,
                  field="pairs"),
         Argument("allow_missing", "NAME,...", "tasks, variants or UTDs of BASELINE that NEW may lack", split_names),
         Argument("markdown", "FILE", "the comparison as Markdown, such as a comment on a pull request"),
         Argument("junit", "FILE", "the comparison as JUnit XML, one test case per task, variant and metric"),
         Argument("paired", "", "pair lanes of equal seed; by default both sides' seeds are taken as independent"),
         Argument("allow_shorter", "", "where NEW ends before BASELINE, compare at the common step; otherwise that "
                  "fails"),
         Argument("strict", "", "undecided is a failure too (exit code 1)")),
        comparing.make_request),
    "import": Command(
        "results of other code as a folder that report and compare read", "results.import_results",
        (Argument("paths", "FILE", "result files, or folders with such files", lambda value, what: tuple(value),
                  place=SEVERAL),
         Argument("dialect", "NAME", f"{', '.join(exchange.DIALECTS)}; recognised by default"),
         Argument("action_repeat", "N", "env steps that one action lasts, where the files do not say it", count(1)),
         Argument("steps_are", "NAME", f"what the files count: {', '.join(exchange.STEPS)}; by default what is usual"),
         Argument("method", "NAME", "of the method, where the files do not say it or say it otherwise"),
         Argument("task", "NAME", "of the task, likewise"),
         Argument("metric", "NAME", "which of a file's metrics is taken; the return by default"),
         Argument("repeated", "NAME", f"several rows of a lane at one step: {', '.join(exchange.REPEATED)}; refused "
                  "by default"),
         Argument("out", "DIR", "result folder to be made"),
         Argument("strict", "", "refuse what would be left out: files of other metrics, runs without evaluations")),
        exchange.ImportRequest),
    "export": Command(
        "results as CSV, for TensorBoard, marl-eval or rliable, or as other code writes them", "results.export_results",
        (Argument("folder", "DIR", "run folder, finished or still growing", place=WORD),
         Argument("to", "NAME", ", ".join(exchange.EXPORTS)),
         Argument("out", "PATH", f"file or folder to be made (default: below DIR/{exchange.EXPORT_FOLDER})"),
         Argument("metric", "NAME", "a column of scores or values in place of the return"),
         Argument("normalise", "", "returns as shares of the most that a policy can collect; rliable only")),
        exchange.ExportRequest, {"to": f"export: expected --to, one of {', '.join(exchange.EXPORTS)}"}),
    DATASET: Command(
        "transitions on disk: made by own agents, what is in them, parts of them, D4RL's layout and Minari's", ""),
    "render": Command(
        "a film of a lane's policy, or of a task under random actions: GIF, MP4 or PNG", "tools.render",
        (Argument("run", "DIR", "run folder; without one, --task is shown under random actions", place=PERHAPS),
         Argument("task", "NAME", "task of the lane; may be left out, as the next three, where the run has but one"),
         Argument("variant", "NAME", "variant of the lane"),
         Argument("utd", "N|1/K", "updates per env step of the lane", parse_utd),
         Argument("seed", "N", "seed of the lane; without a run, of the random actions", count(0)),
         Argument("episode", "N", "which start state; 0 by default, where the last evaluation's first episode began",
                  count(0)),
         Argument("steps", "COUNT", "control steps to show; the whole episode by default", count(1)),
         Argument("physics", "NAME", f"{', '.join(PHYSICS)}; the run's own by default", one_of("physics", PHYSICS)),
         Argument("camera", "NAME", "a camera of the task's model"),
         Argument("size", "WxH", "of the picture, in pixels; 320x240 by default", rendering.read_size),
         Argument("out", "FILE", "ends in .gif, .mp4 (extra 'video') or .png (a sheet of 12 moments); by default a "
                  ".gif in DIR/videos, without a run in results/runs/videos"),
         Argument("force", "", "replace a file that is there")),
        rendering.make_request),
    "ntk": Command(
        "how critics generalise before any training: neural tangent kernels by activation, width and depth", "ntk.ntk",
        (Argument("task", "NAME", "task whose observations are seen, such as ant",
                  one_of("task", (*GYM_TASKS, *SIMULATED))),
         Argument("critic", "NAME", "a flax.linen critic of your own, mine:SimBa(width=64), in place of perceptrons"),
         Argument("activations", "A,B", f"{', '.join(ACTIVATIONS)}; {','.join(ntk.PUBLISHED_ACTIVATIONS)} by default",
                  some_of("activation", ACTIVATIONS)),
         Argument("widths", "N,N", "units of a hidden layer; 32,64,128,256 by default", counts),
         Argument("depths", "N,N", "hidden layers, each with each width; 1,2,3,4 by default", counts),
         Argument("initialisations", "N", "critics drawn of each kind; 10 by default", count(1)),
         Argument("steps", "COUNT", "env steps with random corner actions, the points of the kernel; 1000 by default",
                  ntk.read_steps),
         Argument("weights", "NAME", f"how weights are drawn: {', '.join(ntk.WEIGHTS)}; the first by default",
                  one_of("weights", ntk.WEIGHTS)),
         Argument("physics", "NAME", f"{', '.join(PHYSICS)}; auto by default"),
         Argument("out", "DIR", f"where tables and pictures go; {ntk.FOLDER}/TASK by default"),
         Argument("force", "", "replace what an earlier measurement left there"),
         QUIET),
        ntk.make_request, {"task": "ntk: expected --task NAME, such as ant or cheetah-run"}, tells=True,
        compiles=True),
    "parity": Command(
        "every task's physics beside dm_control: errors, reset distributions", "tools.parity",
        (Argument("tasks", "A,B", "tasks; all of dm_control's by default; gymnasium's by name, such as hopper",
                  some_of("task", parity.TASKS)),
         Argument("physics", "A,B", "host, mjx, warp (extra 'warp'); host and mjx by default",
                  some_of("physics", parity.PHYSICS)),
         Argument("precisions", "A,B", "float64, float32; both by default", some_of("precision", parity.PRECISIONS)),
         Argument("starts", "N", "episodes begun for each task, half of them where it pays; 20 by default", count(2)),
         Argument("steps", "N", "control steps of each; 50 by default", count(1)),
         Argument("out", "DIR", "where the tables go; results/runs/parity by default"),
         Argument("force", "", "replace tables that are there")),
        parity.make_request),
    "bench": Command(
        "how fast this machine trains: updates/s and env steps/s by lanes and UTD, hours of a suite", "bench.bench",
        (_but("tasks", f"tasks ({', '.join(benching.TASKS)} by default)"),
         _but("variants", f"variants, each by itself ({', '.join(benching.VARIANTS)} by default)"),
         Argument("lanes", "N,N", "lanes of a program; 1,2,4 by default on a CPU, 1,4,16,64 on an accelerator", counts),
         _but("utd", "updates per env step; 1,8,32 by default on a CPU, 1,8,32,128 on an accelerator"),
         Argument("seconds", "SECONDS", f"that a cell is timed for, about; {benching.SECONDS:g} by default",
                  parse_rate),
         *(OPTIONS[key] for key in ("physics", "precision", "batch_size", "hidden", "sac")),
         _but("suite", "whose hours are projected (default: dmc15-500k)"),
         Argument("out", "DIR", f"where table and picture go; {benching.FOLDER} by default"),
         Argument("force", "", "replace what an earlier measurement left there"),
         QUIET), tells=True),
    "doctor": Command(
        "device, versions, precision, memory, compiled programs; what does not fit together", "tools.doctor"),
    "reproduce": Command(
        "a published claim put to the test: runs, a decision with its interval, a figure", "claims.reproduce",
        (Argument("name", "NAME", "of the experiment; --list shows them", place=PERHAPS),
         Argument("scale", "NAME", f"{', '.join(SCALES)} (default: {SCALES[0]}): minutes to hours on two CPU cores, or "
                  "as published"),
         Argument("out", "DIR", f"where DIR/NAME gets outcome and figure (default: {CLAIMS})"),
         Argument("physics", "NAME", f"{', '.join(PHYSICS)}, for every run"),
         Argument("list", "", "all experiments: claim, source, minutes"),
         Argument("plan", "", "the runs, and what of them is there; trains nothing"),
         Argument("so_far", "", "decide by the runs that are finished, in DIR/so-far/NAME; trains nothing"),
         QUIET),
        experiments.make_request, tells=True, compiles=True),
    "claims": Command(
        "the scoreboard of all claims that were put to the test", "claims.claims",
        (Argument("dir", "DIR", f"folder of outcomes (default: the committed ones and {CLAIMS})"),
         Argument("markdown", "", "as a Markdown table"))),
    "explain": Command(
        "what a metric is, and what its numbers mean", "tools.explain",
        (Argument("metric", "METRIC", "name of a metric, or a critic of your own: mine:SimBa; without one, all metrics",
                  place=PERHAPS),)),
    "cite": Command(
        "BibTeX of the papers behind variants, or behind suites and protocols", "tools.cite",
        (Argument("variants", "A,B", "variants; without any, the papers behind suites and protocols",
                  lambda value, what: split_names(value, "cite"), place=PERHAPS),)),
    "completion": Command(
        "a script that lets a shell complete commands, flags and names", "completion.completion",
        (Argument("shell", "SHELL", ", ".join(SHELLS), one_of("shell", SHELLS), place=WORD),)),
}
# Every command that can be carried out, by how it is typed.
EVERY: dict[str, Command] = {name: command for name, command in COMMANDS.items() if name != DATASET} | {
    f"{DATASET} {name}": command for name, command in DATASET_COMMANDS.items()}
