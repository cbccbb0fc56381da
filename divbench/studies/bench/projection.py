"""Hours of a whole suite at measured rates. Arithmetic alone; nothing is measured or trained here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from divbench.spec.estimate import GroupCost


class TaskRates(NamedTuple):
    """What was measured of a task, over all lanes.

    Attributes:
      updates_per_second: nobody acting.
      env_steps_per_second: of the policy, without updates.
      update_flops: of one update of one lane.
    """

    updates_per_second: float
    env_steps_per_second: float
    update_flops: int


class TaskWork(NamedTuple):
    """What a suite asks of one task, summed over its lanes."""

    task: str
    updates: int
    env_steps: int
    evaluation_steps: int
    update_flops: int

    @classmethod
    def of(cls, task: str, cost: GroupCost) -> TaskWork:
        return cls(task, cost.updates, cost.env_steps, cost.evaluation_steps, cost.flops // max(cost.updates, 1))


@dataclasses.dataclass(frozen=True)
class Projection:
    """Hours of a suite with one variant, so many lanes at a time. Compilation and measurements come on top.

    Attributes:
      suite, variant, lanes: of which, and at a time.
      update_hours: of all updates.
      env_step_hours: of all training env steps.
      evaluation_hours: of evaluation's env steps, at the rate of acting.
      measured: tasks of the suite whose own rates were measured.
      assumed: the others. Their updates take the first measured task's rate, scaled by FLOPs; their env steps take that
        task's rate unscaled.
      rates_of: that task.
    """

    suite: str
    variant: str
    lanes: int
    update_hours: float
    env_step_hours: float
    evaluation_hours: float
    measured: tuple[str, ...]
    assumed: tuple[str, ...]
    rates_of: str

    @property
    def hours(self) -> float:
        return self.update_hours + self.env_step_hours + self.evaluation_hours

    def record(self) -> dict:
        """As JSON values."""
        return {**dataclasses.asdict(self), "hours": self.hours}


def project(suite: str, variant: str, lanes: int, work: Sequence[TaskWork],
            rates: Mapping[str, TaskRates]) -> Projection:
    """The hours of a suite.

    Args:
      suite, variant, lanes: names and number for the result.
      work: of each task of the suite.
      rates: by task, the first one standing in for tasks that were not measured; with so many lanes.
    """
    first = next(iter(rates))
    seconds = [0.0, 0.0, 0.0]
    for one in work:
        own = rates.get(one.task, rates[first])
        updates_per_second = own.updates_per_second
        if one.task not in rates:
            updates_per_second *= own.update_flops / one.update_flops
        seconds[0] += one.updates / updates_per_second
        seconds[1] += one.env_steps / own.env_steps_per_second
        seconds[2] += one.evaluation_steps / own.env_steps_per_second
    tasks = [one.task for one in work]
    updates, env_steps, evaluation = (total / 3600.0 for total in seconds)
    return Projection(suite, variant, lanes, updates, env_steps, evaluation,
                      measured=tuple(task for task in tasks if task in rates),
                      assumed=tuple(task for task in tasks if task not in rates), rates_of=first)
