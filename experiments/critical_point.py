"""`divbench reproduce critical-point`: does the architecture set when policy and kernel come to rest, or the weights
drawn?

An open question of SEEM's study: why there is a critical point, from which on the policy's actions and the direction of
the kernel hardly change. Quick, twenty minutes on two CPU cores: offline TD3 with copied targets on a medium-replay
set of walker2d of divbench's own agents, networks of two layers of 64 or 256 units, weights orthogonal or fan-in-scaled
normal, 3,000 updates measured every 50, eight seeds. Full: three tasks, 20,000 updates, ten seeds.

The rule, written before any of these lanes was trained: log10 of the critical point's update differs more between
widths than between ways of drawing weights, with all of the interval of the difference of both sizes. With a the
difference between widths and b that between ways of drawing, a - b is wide and orthogonal minus narrow and normal,
a + b wide and normal minus narrow and orthogonal: both are differences of two arms. Lanes without a critical point do
not count; the outcome counts them.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from divbench.experiments.comparisons import difference
from divbench.experiments.evidence import SEEM
from divbench.experiments.experiment import Arm, Comparison, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets
from divbench.spec.settings import SACSettings, with_values
from divbench.statistics.estimates import CONFIDENCE, Estimate, Tested

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import ArmLane, Evidence

WIDTHS, DRAWN = (64, 256), {"orthogonal": "orthogonal", "fan-in normal": "lecun_normal"}


def runs(scale: str) -> tuple[Arm, ...]:
    own: dict = {"prime_updates": 20_000, "measure_every": 50}
    if scale == "quick":
        own |= {"seeds": 8, "prime_updates": 3_000, "eval_every": 3_000, "eval_episodes": 1}
    return tuple(
        one for width in WIDTHS for how, initialisation in DRAWN.items()
        for one in replay_arms(scale, {arm(width, how): COPIED}, **own, sac=with_values(
            SACSettings(), {"hidden": (width, width), "initialisation": initialisation})))


def arm(width: int, how: str) -> str:
    return f"{width} units, {how}"


def log_critical(lane: ArmLane) -> float | None:
    """log10 of the update of the lane's critical point."""
    return math.log10(max(lane.critical, 1)) if lane.critical is not None else None


def decide(evidence: Evidence) -> Outcome:
    what = "log10 of the critical point's update, difference between widths minus that between ways of drawing weights"
    found = {(width, how): evidence.strata(arm(width, how), log_critical) for width in WIDTHS for how in DRAWN}
    context = tuple(f"{arm(*key)}: median update {10 ** statistics.median(values):.0f}, "
                    f"{len(values)} of {len(evidence.of(arm(*key)))} lanes have a critical point"
                    if (values := [value for stratum in strata for value in stratum]) else
                    f"{arm(*key)}: no lane has a critical point" for key, strata in found.items())
    (narrow, wide), (one, other) = WIDTHS, DRAWN
    share = 1.0 - (1.0 - CONFIDENCE) / 2.0
    corners = [difference(evidence, arm(wide, first), arm(narrow, second), log_critical, confidence=share)
               for first, second in ((one, other), (other, one))]
    return conclude(Comparison.of(what, difference_of_sizes(*corners), 0.0), context=context)


def difference_of_sizes(first: Tested, second: Tested) -> Tested:
    """|a| - |b|, of two effects a and b whose difference and sum were each tested against 0.

    It is the lesser size of the two, below 0 if their signs differ. As a function of either it rises or falls
    throughout, so that its limits lie at corners of the two intervals, each of which may err with half of the error.

    Args:
      first: a - b.
      second: a + b.
    """
    method = f"{first.method}, twice"
    chances = {name: min(1.0, 2.0 * min(max(first_chance, second_chance) for first_chance, second_chance in ways))
               for name, ways in {
                   "above": ((first.above, second.above), (first.below, second.below)),
                   "below": ((first.above, second.below), (first.below, second.above)),
                   "least_above": ((first.least_above, second.least_above), (first.least_below, second.least_below)),
                   "least_below": ((first.least_above, second.least_below), (first.least_below, second.least_above)),
               }.items()}
    one, two = first.estimate, second.estimate
    if one.effect is None or two.effect is None:
        return Tested(Estimate(None), method=method)
    effect = _lesser_size(one.effect, two.effect)
    if one.low is None or one.high is None or one.level is None:
        return Tested(Estimate(effect), method=method, **chances)
    if two.low is None or two.high is None or two.level is None:
        return Tested(Estimate(effect), method=method, **chances)
    ends = [_lesser_size(x, y) for x in (one.low, one.high) for y in (two.low, two.high)]
    return Tested(Estimate(effect, min(ends), max(ends), one.level + two.level - 1.0), method=method, **chances)


def _lesser_size(first: float, second: float) -> float:
    return math.copysign(min(abs(first), abs(second)), first * second)


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_and_metric

    return q_and_metric(evidence, SEEM, "normalised SEEM", "Q and SEEM by width and weights")


EXPERIMENT = Experiment(
    name="critical-point",
    claim="When policy and kernel come to rest depends on the width of the networks more than on how their weights are "
          "drawn.",
    source="an open question of Yue et al., 2310.04411; this reading of it is divbench's",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Two widths, two ways of drawing weights, eight seeds, one task, 3,000 updates. Rest is judged from "
                "one measurement to the next, 50 updates apart: other intervals give other points.",
    decide=decide,
    figure=figure,
)
