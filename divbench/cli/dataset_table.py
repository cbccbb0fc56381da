"""The commands behind `divbench dataset`, as `table` has the others."""

from __future__ import annotations

from typing import Any

from divbench.cli.argument import WORD, Argument, Command, count
from divbench.cli.options import OPTIONS
from divbench.execute.making.request import MADE, MakeRequest
from divbench.records.datasets.request import (
    D4RL,
    LAYOUTS,
    LEVELS,
    LOCAL,
    MINARI,
    TRANSITIONS,
    UNITS,
    DatasetExportRequest,
    DatasetImportRequest,
    InfoRequest,
    SubsetRequest,
)
from divbench.spec.settings import SACSettings, with_values
from divbench.spec.text import parse_fraction, split_names

FOLDER = Argument("folder", "DIR", "the dataset", place=WORD)


def _like_a_run(key: str, metavar: str, text: str) -> Argument:
    """An argument that `divbench run` has too."""
    return Argument(key, metavar, text, OPTIONS[key].read)


def _settings(value: object, what: str) -> SACSettings:
    read: Any = OPTIONS["sac"].read(value, what)
    return with_values(SACSettings(), read)


COMMANDS: dict[str, Command] = {
    "make": Command(
        "datasets of divbench's own agents, which are trained for it: random, medium, expert and mixtures",
        "datasets.make",
        (Argument("tasks", "A,B", "tasks", split_names),
         Argument("levels", "A,B", f"who acts: {', '.join(LEVELS)} (default: all of them)", split_names),
         Argument("transitions", "COUNT", "in each dataset (default: 1M); medium-replay has fewer if its run made "
                  "fewer", count(1)),
         _like_a_run("steps", "COUNT", "env steps that the expert trains (default: 1M)"),
         _like_a_run("eval_every", "COUNT", "env steps between evaluations, among which medium is found (default: "
                     "10k)"),
         _like_a_run("prime_samples", "COUNT", "random env steps before the agent learns (default: 10k)"),
         _like_a_run("physics", "NAME", OPTIONS["physics"].help),
         Argument("seed", "N", "of training and acting (default: 0)", count(0)),
         Argument("out", "DIR", f"folder of the datasets, each DIR/TASK-LEVEL, and of the runs (default: {MADE})"),
         Argument("sac", "KEY=VALUE,...", "settings of the agent, as those of 'divbench run'", _settings, again=True),
         Argument("quiet", "", "show no progress of the training")),
        MakeRequest, {"tasks": "dataset make: expected --tasks, names separated by commas"},
        compiles=True),
    "info": Command("what a dataset is; every file of it is verified", "datasets.info", (FOLDER,), InfoRequest),
    "subset": Command(
        "part of a dataset, drawn by a seed: transitions or whole episodes", "datasets.subset",
        (FOLDER,
         Argument("fraction", "SHARE", "of it, as 10%, 0.1 or 1/10", parse_fraction),
         Argument("seed", "N", "of the draw (default: 0); at one seed, smaller subsets lie within larger ones",
                  count(0)),
         Argument("unit", "NAME", f"what is drawn: {', '.join(UNITS)} (default: {TRANSITIONS})"),
         Argument("out", "DIR2", "folder to be made (default: beside DIR, such as DIR-10pct-seed0)")),
        SubsetRequest, {"fraction": "dataset subset: expected --fraction, such as 10%"}),
    "import": Command(
        "a file in D4RL's HDF5 layout, or a Minari dataset, as a dataset of divbench", "datasets.import_dataset",
        (Argument("path", "FILE", f"HDF5 file, folder of a Minari dataset, or {LOCAL}NAME for one that Minari keeps on "
                  "this machine", place=WORD),
         Argument("layout", "NAME", f"{', '.join(LAYOUTS)} (default: a file is {D4RL}, all else {MINARI})"),
         Argument("task", "NAME", "of the task, where the files do not say it or say it otherwise"),
         Argument("level", "NAME", f"who acted: {', '.join(LEVELS)}, or any other word"),
         Argument("out", "DIR", "folder to be made")),
        DatasetImportRequest),
    "export": Command(
        "a dataset in D4RL's HDF5 layout, or as a Minari dataset", "datasets.export_dataset",
        (FOLDER,
         Argument("to", "NAME", ", ".join(LAYOUTS)),
         Argument("out", "PATH", f"HDF5 file to be made; for {MINARI} a folder, which MINARI_DATASETS_PATH then names"),
         Argument("name", "NAME", f"of the dataset in that folder (default: divbench/TASK/DIR-v0); {MINARI} only")),
        DatasetExportRequest, {"to": f"dataset export: expected --to, one of {', '.join(LAYOUTS)}"}),
}
