"""Early warning: how probable it is, from a lane's series so far, that it diverges within the next `HORIZON` updates.

A logistic model of a few numbers that every table of values holds, old ones included. Lives here: the features,
the coefficients and where they come from, the prediction. Does not live here: making and judging coefficients
(`calibration`), and what counts as diverged (`rules`).

A prediction looks back only, so it can be made while a run is under way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from divbench.verdict.bound import limits, measured
from divbench.verdict.rules import beyond_bound

HORIZON = 10_000  # updates ahead that the probability speaks of
SMALLEST_SHARE = 1e-3  # of the bound; below it a mean Q is noise around 0 and its logarithm means nothing
TYPICAL_GRADIENT = 0.01  # of the bound: what healthy lanes have, so that the feature is 0 where it says nothing
LARGEST = 3.0  # a feature beyond is cut off: a thousandfold says no more than a millionfold

FEATURES = (
    "share_ahead",  # log10 of |mean Q on the policy's actions| over its bound, carried on for a horizon at the
    # rate of the last two measurements: 0 is at the bound by then
    "gradient_share",  # log10 of the gradient norm over a hundredth of the bound
    "gradient_growth",  # of log10 of the gradient norm over the last four measurements, per horizon
    "policy_excess",  # ten times log10 of mean Q on the policy's actions over that on random ones
    "untrained",  # 1 before the first update, when the others are 0: nothing is known yet
)
# Fitted by benchmarks/warning_calibration.py on the lanes of results/baselines (prime-15k, prime-25k, prime-50k,
# cheetah-100k, dmc15-12k, dog-12k): 633 measurements of 101 lanes on 20 tasks, 98 of them followed by it. How far
# the probabilities can be believed on tasks that were left out stands in results/baselines/warning.md: every interval
# holds what was predicted, those in the middle are wide. The features were chosen on the same lanes, so expect somewhat
# less elsewhere.
INTERCEPT = -2.202
COEFFICIENTS = (1.124, 1.445, 0.4716, 1.991, -0.3437)


def divergence_probability(rows: Sequence[Mapping]) -> float:
    """The probability that the lane diverges or explodes within the next `HORIZON` updates.

    Args:
      rows: its rows of the table of values so far, in the order of measurement.

    Returns:
      A number in [0, 1]; NaN if it has exploded, is beyond its bound now, or if the last row measured nothing.
    """
    if not foreseeable(rows):
        return math.nan
    return predict(features(rows), (INTERCEPT, *COEFFICIENTS))


def predict(values: Sequence[float], coefficients: Sequence[float]) -> float:
    """The logistic model: 1 / (1 + exp(-(intercept + coefficients . values))); the intercept comes first."""
    logit = coefficients[0] + sum(c * x for c, x in zip(coefficients[1:], values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -700.0 else 0.0


def foreseeable(rows: Sequence[Mapping]) -> bool:
    """Whether there is something to predict: measured now, finite so far, and not beyond the bound already."""
    if not rows or rows[-1].get("nonfinite", "") or math.isnan(_share(rows[-1], "q_policy_mean")):
        return False
    stays = beyond_bound(rows)
    return not stays or stays[-1].end is not None


def features(rows: Sequence[Mapping]) -> tuple[float, ...]:
    """The numbers that the model reads, in the order of `FEATURES`, each within `LARGEST` of 0.

    What was not measured enters as 0. Growths never look back across a reset nor at the untrained network.
    """
    now = rows[-1]
    if now["update"] <= 0:
        return 0.0, 0.0, 0.0, 0.0, 1.0
    learned = [row for row in rows[-4:] if row["update"] > 0 and row.get("resets", 0) == now.get("resets", 0)]
    share, bound = _log(_share(now, "q_policy_mean")), limits(now)
    values = (
        share + _known(_growth(learned[-2:], lambda row: _log(_share(row, "q_policy_mean")))),
        _log(measured(now, "grad_norm")) - _log(TYPICAL_GRADIENT * bound.height),
        _growth(learned, lambda row: _log(measured(row, "grad_norm"))),
        10.0 * (share - _log(_share(now, "q_random_mean"))),
        0.0,
    )
    return tuple(min(max(_known(value), -LARGEST), LARGEST) for value in values)


def _share(row: Mapping, name: str) -> float:
    """The share of its bound that Q comes to, at least `SMALLEST_SHARE`; NaN where it has none.

    On a side whose bound is 0 only the excess counts: a critic that has learned little is scattered around 0, and is no
    nearer to divergence on that side than on the other.
    """
    q, bound = measured(row, name), limits(row)
    share = bound.share(q)
    if (bound.low if q < 0.0 else bound.high) == 0.0 and share >= 1.0:
        share -= 1.0
    return math.nan if math.isnan(share) else max(share, SMALLEST_SHARE)


def _log(value: float) -> float:
    return math.log10(value) if value > 0.0 else math.nan


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _growth(rows: Sequence[Mapping], quantity: Callable[[Mapping], float]) -> float:
    """From the first to the last measured value, per `HORIZON` updates; NaN with fewer than two."""
    known = [(row["update"], quantity(row)) for row in rows if not math.isnan(quantity(row))]
    if len(known) < 2 or known[-1][0] <= known[0][0]:
        return math.nan
    (first, before), (last, after) = known[0], known[-1]
    return HORIZON * (after - before) / (last - first)
