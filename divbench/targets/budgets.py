"""Budgets of kernels: how many a gradient update and an env step consist of, as committed, and what they are now.

A row of the table names a target and a run. Launches are the floor of an update's time at small batches, so their
number must not grow unseen.
"""

from __future__ import annotations

import csv
import dataclasses
import os
from pathlib import Path
from typing import Any

import jax

from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.targets import ahead
from divbench.targets.facts import TARGETS
from divbench.targets.shares import shares

TABLE = Path("results") / "targets" / "kernels.csv"  # below the repository
SLACK = 1.05  # of temporaries, which XLA lays out anew with each version


@dataclasses.dataclass(frozen=True)
class Budget:
    """A row of the table.

    Attributes:
      target, task, variants, seeds: what is compiled; variants with `+` between, all in one group.
      update_kernels: of one gradient update of all lanes.
      env_step_kernels: of one env step of all lanes, one round of each loop of unknown length.
      round_copies: copies of a round of training, updates left out.
      temporary_bytes: of `train_chunk`.
      jax: the version that was counted with.
    """

    target: str
    task: str
    variants: str
    seeds: int
    update_kernels: int
    env_step_kernels: int
    round_copies: int
    temporary_bytes: int
    jax: str

    @property
    def name(self) -> str:
        return f"{self.target} {self.task} {self.variants} x {self.seeds}"


def read_budgets(path: str | os.PathLike) -> list[Budget]:
    """The rows of a table."""
    fields = dataclasses.fields(Budget)
    with open(path, encoding="utf-8", newline="") as file:
        read: list[dict[str, Any]] = [
            {field.name: int(row[field.name]) if field.type == "int" else row[field.name] for field in fields}
            for row in csv.DictReader(file)]
        return [Budget(**row) for row in read]


def write_budgets(path: str | os.PathLike, budgets: list[Budget]) -> None:
    """Write a table."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Budget)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(dataclasses.asdict(budget) for budget in budgets)


def recount(budget: Budget) -> Budget:
    """The same row as it is now: `train_chunk` is compiled for its target, under the default suite.

    Raises:
      UsageError: the compiler for the target is not installed.
    """
    target = TARGETS[budget.target]
    spec = RunSpec(tasks=(budget.task,), variants=tuple(budget.variants.split("+")), seeds=budget.seeds)
    ahead.prepare(target, spec.precision)
    group, = make_groups(spec, fused=True)
    program = ahead.group_program(group, spec, target)
    one = ahead.compile_function(program, "train_chunk", ahead.arguments_of(program, group, target))
    own: Any = shares(one.name, one.region)  # of training, which has all of them
    return dataclasses.replace(budget, update_kernels=own.update.launches, env_step_kernels=own.env_step.launches,
                               round_copies=own.copies, temporary_bytes=one.temporaries, jax=jax.__version__)


def exceeded(budget: Budget, found: Budget) -> list[str]:
    """What is above a budget, a line each."""
    allowed = {"update_kernels": 1.0, "env_step_kernels": 1.0, "round_copies": 1.0, "temporary_bytes": SLACK}
    return [f"{budget.name}: {name} {getattr(found, name):,}, budget {getattr(budget, name):,}"
            for name, slack in allowed.items() if getattr(found, name) > slack * getattr(budget, name)]
