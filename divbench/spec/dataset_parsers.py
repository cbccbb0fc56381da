"""The words of `divbench dataset`: its sub-commands, and the flags of each. Other commands' are in `parsers`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from divbench.spec.datasets import D4RL, LAYOUTS, LEVELS, LOCAL, MINARI, TRANSITIONS, UNITS
from divbench.spec.making import MADE
from divbench.spec.options import OPTIONS
from divbench.spec.parser import Parser, add_switch, add_values

COMMANDS = {
    "make": "datasets of divbench's own agents, which are trained for it: random, medium, expert and mixtures",
    "info": "what a dataset is; every file of it is verified",
    "subset": "part of a dataset, drawn by a seed: transitions or whole episodes",
    "import": "a file in D4RL's HDF5 layout, or a Minari dataset, as a dataset of divbench",
    "export": "a dataset in D4RL's HDF5 layout, or as a Minari dataset",
}


def _parser(command: str) -> Parser:
    return Parser(f"dataset {command}", COMMANDS[command])


def make_parser(command: str) -> Parser:
    parser = _parser(command)
    add_values(
        parser,
        ("--tasks", "A,B", "tasks"),
        ("--levels", "A,B", f"who acts: {', '.join(LEVELS)} (default: all of them)"),
        ("--transitions", "COUNT", "in each dataset (default: 1M); medium-replay has fewer if its run made fewer"),
        ("--steps", "COUNT", "env steps that the expert trains (default: 1M)"),
        ("--eval-every", "COUNT", "env steps between evaluations, among which medium is found (default: 10k)"),
        ("--prime-samples", "COUNT", "random env steps before the agent learns (default: 10k)"),
        ("--physics", "NAME", OPTIONS["physics"].help),
        ("--seed", "N", "of training and acting (default: 0)"),
        ("--out", "DIR", f"folder of the datasets, each DIR/TASK-LEVEL, and of the runs (default: {MADE})"),
    )
    parser.add_argument("--sac", action="append", metavar="KEY=VALUE,...", default=argparse.SUPPRESS,
                        help="settings of the agent, as those of 'divbench run'")
    add_switch(parser, "quiet", "show no progress of the training")
    return parser


def info_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("folder", metavar="DIR", help="the dataset")
    return parser


def subset_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("folder", metavar="DIR", help="the dataset")
    add_values(
        parser,
        ("--fraction", "SHARE", "of it, as 10%, 0.1 or 1/10"),
        ("--seed", "N", "of the draw (default: 0); at one seed, smaller subsets lie within larger ones"),
        ("--unit", "NAME", f"what is drawn: {', '.join(UNITS)} (default: {TRANSITIONS})"),
        ("--out", "DIR2", "folder to be made (default: beside DIR, such as DIR-10pct-seed0)"),
    )
    return parser


def import_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("path", metavar="FILE", help=f"HDF5 file, folder of a Minari dataset, or {LOCAL}NAME for one "
                                                     f"that Minari keeps on this machine")
    add_values(
        parser,
        ("--layout", "NAME", f"{', '.join(LAYOUTS)} (default: a file is {D4RL}, all else {MINARI})"),
        ("--task", "NAME", "of the task, where the files do not say it or say it otherwise"),
        ("--level", "NAME", f"who acted: {', '.join(LEVELS)}, or any other word"),
        ("--out", "DIR", "folder to be made"),
    )
    return parser


def export_parser(command: str) -> Parser:
    parser = _parser(command)
    parser.add_argument("folder", metavar="DIR", help="the dataset")
    add_values(
        parser,
        ("--to", "NAME", ", ".join(LAYOUTS)),
        ("--out", "PATH", f"HDF5 file to be made; for {MINARI} a folder, which MINARI_DATASETS_PATH then names"),
        ("--name", "NAME", f"of the dataset in that folder (default: divbench/TASK/DIR-v0); {MINARI} only"),
    )
    return parser


MAKERS: dict[str, Callable[[str], Parser]] = {
    "make": make_parser,
    "info": info_parser,
    "subset": subset_parser,
    "import": import_parser,
    "export": export_parser,
}
