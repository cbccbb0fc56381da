"""Early warning: how probable it is, from a lane's series so far, that it diverges within the next `HORIZON` updates.

A logistic model of two numbers that every table of values holds. Lives here: the features, where the model was fitted
and says anything at all, and the prediction. Does not live here: the coefficients (`warning_fit`), making and judging
them (`calibration`, `reliability`), and what counts as diverged (`rules`).

A prediction looks back only, so it can be made while a run is under way. It does not depend on how often a lane is
measured: growth is a slope over a stretch of updates, not over a number of measurements, and the model is fitted on
lanes thinned to several spacings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from divbench.verdict.bound import limits, measured
from divbench.verdict.rules import beyond_bound
from divbench.verdict.warning_fit import COEFFICIENTS, NETWORKS, SPACING, UPDATES, UTD, VARIANTS

# Updates ahead that the probability speaks of. Primed runs have 15,000 updates: of lanes that are watched for 10,000
# updates more, only the first third of each could be fitted, where plain SAC is still like any other lane.
HORIZON = 5_000

# Growth is measured over this many updates at most: one spacing of 5,000, which UTD 32 rounds up to whole env steps.
WINDOW = 5_100
# And never over more than about the later half of a lane's life, so that evenly spaced measurements suffice from the
# second on, and the first updates, in which Q leaves 0, are left behind as soon as there are others.
EARLIEST = 0.45
YOUNGEST = 500  # updates; before, Q is on its way from where it was initialized, and its growth says nothing
SMALLEST_SHARE = 1e-3  # of the bound; below it a mean Q is noise around 0 and its logarithm means nothing
LARGEST = 3.0  # a feature beyond is cut off: a thousandfold says no more than a millionfold

FEATURES = (
    "share_ahead",  # log10 of the share of its bound that mean Q on the policy's actions will come to a horizon later,
    # if it keeps growing with that power of the updates with which it grew in the window: 0 is at the bound by then
    "policy_excess",  # ten times log10 of mean Q on the policy's actions over that on random ones
)


def divergence_probability(rows: Sequence[Mapping]) -> float:
    """The probability that the lane diverges or explodes within the next `HORIZON` updates.

    Args:
      rows: its rows of the table of values so far, in the order of measurement.

    Returns:
      A number in [0, 1]; NaN where there is nothing to predict (`foreseeable`), where the model was not fitted
      (`fitted`), and where too little was measured (`features`).
    """
    if not foreseeable(rows) or not fitted(rows):
        return math.nan
    values = features(rows)
    return math.nan if values is None else predict(values, COEFFICIENTS)


def predict(values: Sequence[float], coefficients: Sequence[float]) -> float:
    """The logistic model: 1 / (1 + exp(-(intercept + coefficients . values))); the intercept comes first."""
    logit = coefficients[0] + sum(c * x for c, x in zip(coefficients[1:], values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -700.0 else 0.0


def foreseeable(rows: Sequence[Mapping]) -> bool:
    """Whether there is something to predict: measured now, finite so far, and not beyond the bound already."""
    if not rows or rows[-1].get("nonfinite", "") or math.isnan(_log_share(rows[-1], "q_policy_mean")):
        return False
    stays = beyond_bound(rows)
    return not stays or stays[-1].end is not None


def fitted(rows: Sequence[Mapping]) -> bool:
    """Whether lanes like this one were among those that the model was fitted on: of its variant, network and
    protocol, at most as late in training, and with bounds from the task's own range of rewards."""
    now, protocol = rows[-1], protocol_of(rows)
    if protocol not in UPDATES or now.get("variant") not in VARIANTS or now.get("network") not in NETWORKS:
        return False
    known = protocol != "acting" or UTD[0] <= Fraction(now["utd"]) <= UTD[1]
    return known and now["update"] <= UPDATES[protocol] and not limits(now).seen


def protocol_of(rows: Sequence[Mapping]) -> str:
    """`primed` if no env step was made since the first measurement, `acting` if some were between any two, else empty:
    a lane that acts after priming, or one that learns from a dataset."""
    steps = [row["env_step"] for row in rows]
    moved = [after > before for before, after in zip(steps, steps[1:], strict=False)]
    if steps[0] <= 0 or not moved:
        return ""
    return "acting" if all(moved) else "" if any(moved) else "primed"


def features(rows: Sequence[Mapping], spacing: int = SPACING) -> tuple[float, ...] | None:
    """The numbers that the model reads, in the order of `FEATURES`, each within `LARGEST` of 0.

    Args:
      rows: as `divergence_probability` takes them, where `foreseeable` says yes.
      spacing: the smallest that was fitted; of measurements that are closer the earlier ones are left out.

    Returns:
      None at an age below `YOUNGEST`, with fewer than two measurements in the window, which has neither the untrained
      network nor what was before a reset in it, and where Q on random actions was not measured.
    """
    now = rows[-1]
    begin, window = _window(rows, spacing)
    age = now["update"] - begin
    share = [_log_share(row, "q_policy_mean") for row in window]
    excess = 10.0 * (share[-1] - _log_share(now, "q_random_mean")) if window else math.nan
    if age < YOUNGEST or len(window) < 2 or math.isnan(excess):
        return None
    power = _slope([math.log10(row["update"] - begin) for row in window], share)
    ahead = share[-1] + power * math.log10((age + HORIZON) / age)
    return tuple(min(max(value, -LARGEST), LARGEST) for value in (ahead, excess))


def _window(rows: Sequence[Mapping], spacing: int) -> tuple[int, list[Mapping]]:
    """The update from which a lane's age counts, and the measured rows that growth is measured by, the last included.

    After a reset the age counts from the measurement before it.
    """
    now, resets = rows[-1], rows[-1].get("resets", 0)
    begin = next((row["update"] for row in reversed(rows) if row.get("resets", 0) != resets), 0)
    since = max(now["update"] - WINDOW, begin + EARLIEST * (now["update"] - begin))
    window: list[Mapping] = []
    for row in reversed(rows):
        if row["update"] <= begin or row["update"] < since:
            break
        apart = window[-1]["update"] - row["update"] if window else spacing
        if apart >= spacing and not math.isnan(_log_share(row, "q_policy_mean")):
            window.append(row)
    return begin, window[::-1]


def _log_share(row: Mapping, name: str) -> float:
    """log10 of the share of its bound that Q comes to, at least that of `SMALLEST_SHARE`; NaN where it has none.

    On a side whose bound is 0 only the excess counts: a critic that has learned little is scattered around 0, and is no
    nearer to divergence on that side than on the other.
    """
    q, bound = measured(row, name), limits(row)
    share = bound.share(q)
    if (bound.low if q < 0.0 else bound.high) == 0.0 and share >= 1.0:
        share -= 1.0
    return math.nan if math.isnan(share) else math.log10(max(share, SMALLEST_SHARE))


def _slope(places: Sequence[float], values: Sequence[float]) -> float:
    """Of the line of least squares."""
    middle, level = sum(places) / len(places), sum(values) / len(values)
    spread = sum((x - middle) ** 2 for x in places)
    return sum((x - middle) * (y - level) for x, y in zip(places, values, strict=True)) / spread
