"""The table of an outcome's arms: how many lanes diverged, how far Q got, what they earn, with intervals.

It describes; what decides is said by the experiment.
"""

from __future__ import annotations

import statistics

from divbench.experiments.evidence import SEEM, ArmLane, Evidence
from divbench.report.pairing import count_wins
from divbench.statistics.estimates import mean_difference
from divbench.statistics.shares import share_interval

HEADER = ("arm", "task", "lanes", "diverged", "95% interval", "log10 of Q over the bound, median", "return, mean",
          "95% interval")
REWARD_HEADER = ("reward of the first replay, mean, median", "reward of the replay, mean, median", "largest",
                 "share not 0, median")
WINS_HEADER = "return above the first arm's, by seed"
SEEM_HEADER = "normalised SEEM at the end, median"


def arm_table(evidence: Evidence) -> dict:
    """Header and rows, as text: one row for each arm and task, of its judged lanes.

    Rewards of the replay and SEEM have columns where some lane was measured for them. Where lanes of a seed are pairs,
    a column counts the lanes whose last return is above that of the first arm's lane of the same task and seed, with
    its exact sign test. An outcome of runs of key generation 1 has no such column.
    """
    paired = any(lane.keys for lane in evidence.lanes)
    paid = any(lane.first("reward_mean") is not None for lane in evidence.lanes)
    measured = any(SEEM in lane.noted for lane in evidence.lanes)
    rows = []
    for arm in evidence.arms:
        for task in dict.fromkeys(lane.task for lane in evidence.of(arm)):
            rows.append(_row(arm, task, [lane for lane in evidence.of(arm, task) if lane.judged], paid, measured))
            if paired:
                rows[-1].append(_wins(evidence, arm, task))
    header = [*HEADER, *(REWARD_HEADER if paid else ()), *([SEEM_HEADER] if measured else [])]
    return {"header": [*header, *([WINS_HEADER] if paired else [])], "rows": rows}


def _row(arm: str, task: str, lanes: list[ArmLane], paid: bool, measured: bool) -> list[str]:
    hits = sum(lane.diverged for lane in lanes)
    earned = mean_difference([[lane.last_return for lane in lanes if lane.last_return is not None]])
    low, high = share_interval(hits, len(lanes)) if lanes else (None, None)
    row = [arm, task, str(len(lanes)), str(hits), _interval(low, high, 2),
           _median([lane.log_excess(lane.measured_at) for lane in lanes], 2), _number(earned.effect, 1),
           _interval(earned.low, earned.high, 1)]
    return (row + (_rewards(lanes) if paid else [])
            + ([_median([lane.last(SEEM) for lane in lanes], 4)] if measured else []))


def _wins(evidence: Evidence, arm: str, task: str) -> str:
    """`7 of 8, p 0.070` against the first arm; `-` for that arm itself and where no two lanes are a pair."""
    first = evidence.arms[0]
    if arm == first:
        return "-"
    returns, others = ({(lane.keys, lane.seed): lane.last_return for lane in evidence.of(name, task)
                        if lane.keys and lane.judged and lane.last_return is not None} for name in (arm, first))
    return count_wins(returns, others).text()


def _rewards(lanes: list[ArmLane]) -> list[str]:
    """Of the replay at the first measurement and where Q is compared."""
    most = [value for lane in lanes if (value := lane.at("reward_max", lane.measured_at)) is not None]
    return [_median([lane.first("reward_mean") for lane in lanes], 4),
            _median([lane.at("reward_mean", lane.measured_at) for lane in lanes], 4),
            _number(max(most, default=None), 4),
            _median([lane.at("reward_nonzero", lane.measured_at) for lane in lanes], 2)]


def _median(values: list[float | None], digits: int) -> str:
    found = [value for value in values if value is not None]
    return _number(statistics.median(found) if found else None, digits)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(low: float | None, high: float | None, digits: int) -> str:
    return "-" if low is None or high is None else f"[{low:.{digits}f}, {high:.{digits}f}]"
