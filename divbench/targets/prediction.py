"""Predicts how long a group trains on a target, from counts: launches, bytes and FLOPs, at peak rates.

Nothing is measured but the seconds of compilation. Kernels at peak rates never run: real hours are longer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from divbench.envs.names import task_info
from divbench.spec.estimate import evaluations, measurements
from divbench.spec.plan import Group
from divbench.spec.run_spec import RunSpec
from divbench.spec.sizes import Sizes
from divbench.targets.ahead import Compiled
from divbench.targets.counting import Count
from divbench.targets.facts import Target
from divbench.targets.shares import SOLVER_ROUNDS, shares


@dataclasses.dataclass(frozen=True)
class Term:
    """A part of a run: something that all lanes do together, so many times.

    Attributes:
      name: of the part.
      times: how often it is done.
      count: kernels, bytes and FLOPs of one.
      launching, waiting, moving, computing: seconds of one: of launches, of loops and branches that wait for a number,
        of bytes at the memory's bandwidth, of FLOPs at the peak rate. Bytes and FLOPs overlap, the larger counts.
    """

    name: str
    times: int
    count: Count
    launching: float
    waiting: float
    moving: float
    computing: float

    @property
    def seconds(self) -> float:
        """Of one."""
        return self.launching + self.waiting + max(self.moving, self.computing)

    @property
    def hours(self) -> float:
        """Of all."""
        return self.times * self.seconds / 3600.0

    def record(self) -> dict:
        """As JSON values."""
        parts = {name: getattr(self, name) for name in ("launching", "waiting", "moving", "computing")}
        return {"name": self.name, "times": self.times, "seconds_each": self.seconds, "seconds_of": parts,
                "launches": self.count.launches, "waits": self.count.waits, "bytes": self.count.moved,
                "flops": self.count.flops, "hours": self.hours}


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The hours of a group: parts of its training, and the seconds of compilation on this machine."""

    group: str
    terms: tuple[Term, ...]
    compile_seconds: float

    @property
    def hours(self) -> float:
        return sum(term.hours for term in self.terms) + self.compile_seconds / 3600.0

    @property
    def update_seconds(self) -> float:
        """Of one gradient update of all lanes."""
        return self.terms[0].seconds

    def record(self) -> dict:
        """As JSON values."""
        return {"group": self.group, "hours": self.hours, "compile_seconds": self.compile_seconds,
                "parts": [term.record() for term in self.terms]}


def predict(spec: RunSpec, group: Group, target: Target, compiled: Mapping[str, Compiled], sizes: Sizes,
            compile_seconds: float) -> Prediction:
    """Predict the hours of a group on a target.

    Args:
      spec: the run.
      group: of it.
      target: where it would run.
      compiled: its four functions.
      sizes: of its lanes' networks; FLOPs of updates are `sizes.update_flops`.
      compile_seconds: of compiling them.
    """
    found = {name: shares(name, one.region, SOLVER_ROUNDS) for name, one in compiled.items()}
    protocol = group.protocol
    chunk: Any = found["train_chunk"]
    episode = task_info(group.task).episode_length
    update = dataclasses.replace(chunk.update, flops=len(group.lanes) * sizes.update_flops)
    played = evaluations(protocol, spec.eval_every) * episode
    parts: Any = (("updates", protocol.updates, update),
                  ("env steps", protocol.env_steps, chunk.env_step.plus(chunk.round)),
                  ("evaluation's env steps", played, found["evaluate"].env_step),
                  ("measurements", measurements(protocol, spec.measure_every), found["diagnose"].whole))
    terms = tuple(term(name, times, one, target, spec.precision) for name, times, one in parts)
    return Prediction(group.name, terms, compile_seconds)


def term(name: str, times: int, one: Count, target: Target, precision: str) -> Term:
    """The seconds of a count on a target."""
    return Term(name, times, one, one.launches * target.launch_seconds, one.waits * target.wait_seconds,
                one.moved / target.bandwidth, one.flops / target.flops(precision))
