"""What an export writes: one number per lane and step, and the names that go with it. Knows no dialect."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import NamedTuple

from divbench.records.dialects.lanes import DialectLane
from divbench.records.dialects.naming import method_name
from divbench.spec.errors import UsageError

RETURN = "return_mean"


class MeasuredPoint(NamedTuple):
    """One number of a lane and where it was measured; `update` is -1 where updates are not known."""

    env_step: int
    update: int
    value: float


@dataclasses.dataclass(frozen=True)
class Exported:
    """The numbers to be written.

    Attributes:
      metric: column of `scores` or `values` that they come from.
      lanes: per lane its numbers by (env step, update); lanes in the order of the tables.
      spellings: task to how its file is to spell it, where that is not the task's own name.
    """

    metric: str
    lanes: Mapping[DialectLane, list[MeasuredPoint]]
    spellings: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def spell(self, task: str) -> str:
        """The task as the file spells it."""
        return self.spellings.get(task, task)

    def steps(self, lane: DialectLane) -> list[tuple[int, float]]:
        """Env step and number of each measurement.

        Raises:
          UsageError: two measurements at one env step, as while priming; no dialect can tell them apart.
        """
        found = self.lanes[lane]
        for one, other in itertools.pairwise(found):
            if one.env_step == other.env_step:
                raise UsageError(f"export: {lane.label} has several values at env step {one.env_step} (updates without "
                                 f"env steps), which this form cannot hold; --to tensorboard or csv can")
        return [(measured.env_step, measured.value) for measured in found]


def by_method(exported: Exported) -> dict[tuple[str, str], list[DialectLane]]:
    """The lanes of each method and task: what goes into one file, or one part of it.

    Raises:
      UsageError: two lanes that differ in the suite alone.
    """
    parts: dict[tuple[str, str], list[DialectLane]] = {}
    for lane in exported.lanes:
        part = parts.setdefault((method_name(lane.variant, lane.utd), lane.task), [])
        if any(other.seed == lane.seed for other in part):
            raise UsageError(f"export: {lane.label} is there twice, in two suites, which this form cannot tell apart")
        part.append(lane)
    return parts
