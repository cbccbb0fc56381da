"""The two kinds of quadruped in priming: one stands in its random episode, the other lies on its back. What an outcome
says of each kind beside what it says of both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from divbench.experiments.evidence import ArmLane, Evidence
from divbench.experiments.experiment import Comparison, Outcome, percent
from divbench.experiments.protocols import BOTH_KINDS, STANDING

KINDS = ("standing", "lying")
NOTE = ("Half of the lanes on {tasks} stand in the random phase (mean reward above {standing} a step), half lie on "
        "their backs. Of seeds taken as they come about one in five stands, so that shares and medians over both kinds "
        "are those of a half-and-half mixture.")


def kind_of(lane: ArmLane) -> str:
    """`standing` or `lying`, by the mean reward of the random phase; empty on a task without the two kinds, and where
    rewards were not measured."""
    reward = lane.first("reward_mean") if lane.task in BOTH_KINDS else None
    return "" if reward is None else KINDS[reward <= STANDING]


def kinds_table(evidence: Evidence, decide: Callable[[Evidence], Outcome]) -> dict | None:
    """Header, rows and a note, as text: every number that decides a claim, of all lanes, and of each kind without the
    other tasks; None if there are no two kinds."""
    counts = {kind: sum(kind_of(lane) == kind for lane in evidence.lanes) for kind in KINDS}
    if not all(counts.values()):
        return None
    parts = [decide(evidence), *(decide(_only(evidence, kind)) for kind in KINDS)]
    rows = [[numbers[0].what, *map(_number, numbers)]
            for numbers in zip(*(part.comparisons for part in parts), strict=True)]
    tasks = ", ".join(task for task in evidence.tasks if task in BOTH_KINDS)
    header = ["what", "all lanes", *(f"{kind}, {count} lanes" for kind, count in counts.items())]
    return {"header": header, "rows": rows, "note": NOTE.format(tasks=tasks, standing=STANDING)}


def _only(evidence: Evidence, kind: str) -> Evidence:
    return dataclasses.replace(evidence, lanes=tuple(lane for lane in evidence.lanes if kind_of(lane) == kind))


def _number(found: Comparison) -> str:
    if found.effect is None:
        return "-"
    level = "" if found.level is None else f" {percent(found.level)}"
    return f"{found.effect:.3g}" + ("" if found.low is None else f" [{found.low:.3g}, {found.high:.3g}]{level}")
