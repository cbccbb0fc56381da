"""The table of an outcome's arms: how many lanes diverged, how far Q got, what they earn, with intervals.

It describes; what decides is said by the experiment.
"""

from __future__ import annotations

import statistics

from divbench.experiments.evidence import SEEM, Evidence, Lane
from divbench.statistics.estimates import mean_difference
from divbench.statistics.shares import share_interval

HEADER = ("arm", "task", "lanes", "diverged", "95% interval", "log10 of Q over the bound, median", "return, mean",
          "95% interval")
SEEM_HEADER = "normalised SEEM at the end, median"


def arm_table(evidence: Evidence) -> dict:
    """Header and rows, as text: one row for each arm and task, of its judged lanes."""
    measured = any(SEEM in lane.noted for lane in evidence.lanes)
    rows = []
    for arm in evidence.arms:
        for task in dict.fromkeys(lane.task for lane in evidence.of(arm)):
            rows.append(_row(arm, task, [lane for lane in evidence.of(arm, task) if lane.judged], measured))
    return {"header": [*HEADER, *([SEEM_HEADER] if measured else [])], "rows": rows}


def _row(arm: str, task: str, lanes: list[Lane], measured: bool) -> list[str]:
    hits = sum(lane.diverged for lane in lanes)
    earned = mean_difference([[lane.last_return for lane in lanes if lane.last_return is not None]])
    share = share_interval(hits, len(lanes)) if lanes else (None, None)
    row = [arm, task, str(len(lanes)), str(hits), _interval(*share, 2),
           _median([lane.log_excess(lane.measured_at) for lane in lanes], 2), _number(earned.effect, 1),
           _interval(earned.low, earned.high, 1)]
    return row + ([_median([lane.last(SEEM) for lane in lanes], 4)] if measured else [])


def _median(values: list[float | None], digits: int) -> str:
    found = [value for value in values if value is not None]
    return _number(statistics.median(found) if found else None, digits)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(low: float | None, high: float | None, digits: int) -> str:
    return "-" if low is None or high is None else f"[{low:.{digits}f}, {high:.{digits}f}]"
