"""`divbench reproduce seem-surge`: does SEEM surge before Q leaves its bound?

Offline TD3 without a constraint on its policy, targets copied, at gamma 0.99, looked at often. Quick, ten minutes on
two CPU cores: medium-replay sets of walker2d and hopper of divbench's own agents, 1,500 updates, ten seeds, measured
every 25. Full: the three tasks' medium-replay sets, 1M updates measured every 10,000, ten seeds.

The rule, written before any of these lanes was trained: a lane's surge is its first measurement at which normalised
SEEM is at least half of the lane's largest, unless that is the first of all, since what was there from the beginning
did not surge; Q left when its mean on the data was first beyond the bound, as verdicts judge it. Of the lanes that
left, without those whose surge was seen at the same measurement, which say nothing of the order, the share whose surge
came at an earlier one must be above one half, with all of its exact interval.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from divbench.experiments.evidence import SEEM
from divbench.experiments.experiment import Arm, Comparison, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, FULL_SEEDS, offline, own_dataset
from divbench.report.bounds import LIMIT_COLUMNS, limits_of
from divbench.statistics.shares import share_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import ArmLane, Evidence

LEVEL = "medium-replay"
TASKS = {"quick": ("walker2d", "hopper"), "full": ("hopper", "halfcheetah", "walker2d")}
ARM = "plain"


def datasets(scale: str) -> tuple:
    return tuple(own_dataset(scale, task, LEVEL) for task in TASKS[scale])


def runs(scale: str) -> tuple[Arm, ...]:
    own = {"seeds": FULL_SEEDS, "prime_updates": 1_500, "measure_every": 25} if scale == "quick" else {}
    return tuple(offline(scale, ARM, COPIED, task, LEVEL, diagnose="seem", **own) for task in TASKS[scale])


def left(lane: ArmLane) -> int | None:
    """The update of the first measurement at which mean Q was beyond the bound; None if it never was."""
    rows = zip(lane.values.points, *(lane.values.columns[name] for name in ("q_replay_mean", *LIMIT_COLUMNS)),
               strict=True)
    return next((update for (_, update), q, *limits in rows if limits_of(*limits).side(q)), None)


def surged(lane: ArmLane) -> int | None:
    """The update of the first measurement at which normalised SEEM is at least half of the lane's largest; None if it
    was never above 0, or so large from the beginning."""
    series = lane.noted.get(SEEM, ())
    largest = max((value for _, value in series), default=0.0)
    if largest <= 0.0 or series[0][1] >= largest / 2.0:
        return None
    return next(update for update, value in series if value >= largest / 2.0)


def decide(evidence: Evidence) -> Outcome:
    pairs = [(surged(lane), left(lane)) for lane in evidence.lanes if lane.judged]
    pairs = [(surge, leave) for surge, leave in pairs if leave is not None]
    before = sum(surge is not None and surge < leave for surge, leave in pairs)
    together = sum(surge == leave for surge, leave in pairs)
    told = len(pairs) - together
    leads = [leave - surge for surge, leave in pairs if surge is not None]
    what = "share of lanes whose SEEM surged at an earlier measurement than Q left its bound"
    return conclude(
        Comparison.of(what, share_test(before, told, threshold=0.5), 0.5) if told
        else Comparison.undecided(what, None, 0.5),
        context=(f"Q left its bound in {len(pairs)} of {len(evidence.lanes)} lanes; SEEM surged before it in {before}, "
                 f"at the same measurement in {together}",
                 *([f"median lead: {statistics.median(leads):g} updates"] if leads else [])))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_and_metric

    return q_and_metric(evidence, SEEM, "normalised SEEM", "Q and SEEM at the beginning of offline training")


EXPERIMENT = Experiment(
    name="seem-surge",
    claim="SEEM surges before Q leaves its bound.",
    source="Yue et al., 2310.04411, section 3 and the figure on prediction",
    kind="offline",
    datasets=datasets,
    runs=runs,
    quick_shows="Two tasks, ten seeds, the first 1,500 updates, measured every 25: which of the two comes first.",
    decide=decide,
    figure=figure,
)
