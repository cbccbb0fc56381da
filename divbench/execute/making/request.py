"""What `divbench dataset make` was asked for: datasets of divbench's own agents, and the runs that train these agents.

Reads no file and trains nothing. What the other commands of `divbench dataset` are asked for is in `datasets`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from fractions import Fraction
from pathlib import Path

from divbench.envs.names import ALL_TASKS
from divbench.records.datasets.request import LARGEST_TRANSITIONS, LEVELS, MIXED, RANDOM, check_place, check_range
from divbench.spec.errors import UsageError, choose
from divbench.spec.plan import KEY_GENERATION
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.text import refuse_repeats

MADE = "results/datasets"  # where sets are made, unless --out says otherwise
RUNS = "runs"  # below it, the runs that train the agents


@dataclasses.dataclass(frozen=True)
class MakeRequest:
    """Datasets to be made from divbench's own agents, one for each task and level.

    Attributes:
      tasks: names of tasks.
      levels: of `LEVELS`.
      transitions: in each dataset, in one of `medium-replay` at most; `medium-expert` takes half of them from each
        policy.
      seed: of training and acting; equal seeds give equal checksums.
      out: the folder that holds the datasets, as `<task>-<level>`, and the runs.
      steps: env steps of the expert's run.
      eval_every: env steps between evaluations, among which the medium policy is found.
      prime_samples: random env steps before the agent learns.
      physics: `auto`, `mjx`, `host` or `warp`.
      sac: hyperparameters of the agent.
      quiet: whether training tells no progress.

    Raises:
      UsageError: none, unknown or repeated names, a number out of range, an odd number for `medium-expert`, no update
        before the training ends, or what a run refuses.
    """

    tasks: tuple[str, ...]
    levels: tuple[str, ...] = LEVELS
    transitions: int = 1_000_000
    seed: int = 0
    out: str = MADE
    steps: int = 1_000_000
    eval_every: int = 10_000
    prime_samples: int = 10_000
    physics: str = "auto"
    sac: SACSettings = SACSettings()
    quiet: bool = False

    def __post_init__(self) -> None:
        for flag, kind, names, known in (("--tasks", "task", self.tasks, tuple(ALL_TASKS)),
                                         ("--levels", "level", self.levels, LEVELS)):
            if not names:
                raise UsageError(f"{flag}: expected names separated by commas, found none")
            for name in names:
                choose(kind, name, known)
            refuse_repeats(names, flag)
        check_range(self.transitions, "--transitions", 1, LARGEST_TRANSITIONS)
        check_range(self.seed, "--seed", 0, 2**31 - 1)
        if MIXED in self.levels and self.transitions % 2:
            raise UsageError(f"--transitions: expected an even number, half medium and half expert, found "
                             f"'{self.transitions}'")
        check_place(self.out)
        for task in self.tasks:
            self.run_spec(task)
        if self.trains and self.steps == self.prime_samples:
            raise UsageError(f"--steps: expected more than the {self.prime_samples} random steps before the agent "
                             f"learns, found '{self.steps}'")
        if self.sac.algorithm != "sac":
            raise UsageError(f"--sac: algorithm: datasets are made by sac, found '{self.sac.algorithm}'")
        if not self.sac.time_limit_bootstraps:
            raise UsageError("--sac: time_limit_bootstraps: expected true, as a replay must tell a time limit from "
                             "termination, found 'false'")

    @property
    def trains(self) -> bool:
        """Whether any of the levels needs an agent."""
        return self.levels != (RANDOM,)

    def target(self, task: str, level: str) -> Path:
        """The folder of one dataset."""
        return Path(self.out) / f"{task}-{level}"

    def run_spec(self, task: str, steps: int | None = None) -> RunSpec:
        """The run of one SAC lane that trains the expert, or the medium policy, which is the same lane after fewer
        `steps`."""
        spec = RunSpec(tasks=(task,), variants=("baseline",), utd=(Fraction(1),), seeds=1, seed_start=self.seed,
                       steps=self.steps if steps is None else steps, prime_samples=self.prime_samples,
                       prime_updates=0, physics=self.physics, eval_every=self.eval_every, sac=self.sac,
                       quiet=self.quiet)
        return dataclasses.replace(spec, out=str(Path(self.out) / RUNS / f"{task}-{spec.digest()}"))

    def digest(self, task: str, level: str) -> str:
        """Eight hexadecimal digits of all that decides one dataset, but for the physics, which its card names."""
        settings = {"task": task, "level": level, "transitions": self.transitions, "seed": self.seed,
                    "key_generation": KEY_GENERATION}
        if level != RANDOM:
            settings["run"] = {**self.run_spec(task).settings(), "physics": None}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
