"""What the scores of many tasks and seeds say together, each number with its interval.

The aggregates that Agarwal et al. (2021, arXiv 2108.13264) recommend for few seeds, by their definitions: on equally
many seeds of every task they are the numbers of their library, rliable. Tasks may have different numbers of seeds.

Scores are given as *strata*: for each task the numbers of its seeds. Intervals are percentile bootstraps over seeds
within tasks (`bootstrap`), so they speak about seeds that were not run, not about other tasks. Their level is the
measured one (`coverage`), where they are made for 95%. Single means and differences with t intervals are in
`estimates`.
Does not live here: which lanes are compared at which step (`report.aggregate`, `report.series`), and tables. numpy is
imported inside the functions. Letters in shapes: D draws, N seeds of a task, S steps, K thresholds.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.statistics.bootstrap import DRAWS, LEAST_SEEDS, bootstrap
from divbench.statistics.coverage import coverage
from divbench.statistics.estimates import CONFIDENCE, Estimate, check_tasks

if TYPE_CHECKING:
    import numpy as np

TARGET = 1_000.0  # the return that no task of the DeepMind Control Suite exceeds: 1,000 steps with rewards up to 1
CURVE_DRAWS = 2_000  # for a curve: an end of an interval is then right to about 2% of the interval's width
FEW_SEEDS = 5  # of a task; fewer are said to be few
AGGREGATES = ("iqm", "mean", "median", "optimality_gap")


def iqm(strata: Sequence) -> np.ndarray:
    """The interquartile mean: that of the middle half of all tasks' and seeds' scores together.

    Of the sorted scores a quarter, rounded down, is left out at each end (Agarwal et al., section 4.3).

    Args:
      strata: arrays `[N]`, or `[..., N]` with equal leading axes; lists will do.

    Returns:
      One number, or `[...]`.
    """
    import numpy as np

    pooled = np.sort(np.concatenate(strata, axis=-1), axis=-1)
    cut = pooled.shape[-1] // 4
    return np.mean(pooled[..., cut:pooled.shape[-1] - cut], axis=-1)


def mean(strata: Sequence) -> np.ndarray:
    """The mean over tasks of the means over seeds; shapes as in `iqm`."""
    import numpy as np

    return np.mean(_task_means(strata), axis=0)


def median(strata: Sequence) -> np.ndarray:
    """The median over tasks of the means over seeds; shapes as in `iqm`."""
    import numpy as np

    return np.median(_task_means(strata), axis=0)


def optimality_gap(strata: Sequence, target: float = TARGET) -> np.ndarray:
    """By how much scores miss a target, averaged over seeds and then over tasks: smaller is better.

    What lies above the target counts as the target (Agarwal et al., section 4.3). Shapes as in `iqm`.
    """
    import numpy as np

    return target - np.mean(_task_means([np.minimum(stratum, target) for stratum in strata]), axis=0)


def aggregate(strata: Sequence[Sequence[float]], *, target: float = TARGET, draws: int = DRAWS,
              confidence: float = CONFIDENCE) -> dict[str, Estimate]:
    """The four `AGGREGATES` of one result set, by name, all from the same draws of seeds.

    Args:
      strata: for each task the scores of its seeds.
      target: of the optimality gap.
      draws: of the bootstrap.
      confidence: of the intervals.

    Returns:
      Estimates as in `bootstrap.bootstrap`: no interval below `LEAST_SEEDS` seeds of a task, no effect without seeds.

    Raises:
      ValueError: a score is not finite.
    """
    import numpy as np

    def all_four(sides):
        (drawn,) = sides
        return np.stack([iqm(drawn), mean(drawn), median(drawn), optimality_gap(drawn, target)])

    estimates = bootstrap([_scores(strata)], all_four, outputs=len(AGGREGATES), draws=draws, confidence=confidence)
    return {name: _measured(name, estimate, confidence, strata)
            for name, estimate in zip(AGGREGATES, estimates, strict=True)}


def performance_profile(strata: Sequence[Sequence[float]], thresholds: Sequence[float], *, draws: int = DRAWS,
                        confidence: float = CONFIDENCE) -> list[Estimate]:
    """The share of all tasks' and seeds' scores above each threshold (Agarwal et al., section 4.2), with its band.

    The band is one interval for each threshold, not one for the whole curve.

    Args:
      strata: for each task the scores of its seeds.
      thresholds: in any order.
      draws, confidence: of the bootstrap.

    Returns:
      K estimates in the order of the thresholds.

    Raises:
      ValueError: a score or a threshold is not finite.
    """
    import numpy as np

    levels, places = np.unique(_finite(thresholds, "thresholds"), return_inverse=True)
    # How many levels a score is above; of the draws only the counts of these numbers matter.
    above = [np.searchsorted(levels, stratum, side="left") for stratum in _scores(strata)]

    def shares(sides):
        pooled = np.concatenate(sides[0], axis=-1)
        counts = _count(pooled, len(levels) + 1)
        return np.cumsum(counts[:, :0:-1], axis=1)[:, ::-1].T / pooled.shape[-1]

    estimates = bootstrap([above], shares, outputs=len(levels), draws=draws, confidence=confidence)
    return [_measured("profile", estimates[place], confidence, strata) for place in places]


def probability_of_improvement(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]], *,
                               draws: int = DRAWS, confidence: float = CONFIDENCE) -> Estimate:
    """How likely a seed of the first side scores higher than one of the second on the same task, averaged over tasks.

    On one task it is the Mann-Whitney statistic over the number of pairs; equal scores count half (Agarwal et al.,
    section 4.3). 0.5 means no difference.

    Args:
      first, second: for each task the scores of its seeds; the numbers of seeds may differ.
      draws, confidence: of the bootstrap, in which each side's seeds are drawn by themselves.

    Raises:
      ValueError: the sides have different numbers of tasks, or a score is not finite.
    """
    import numpy as np

    check_tasks(first, second)
    first, second = _scores(first), _scores(second)
    wins = [((x[:, None] > y) + (x[:, None] == y) / 2) / max(1, x.size * y.size)
            for x, y in zip(first, second, strict=True)]

    def probabilities(sides):
        totals = 0.0
        for win, x, y in zip(wins, *sides, strict=True):
            totals = totals + np.sum((_count(x, win.shape[0]) @ win) * _count(y, win.shape[1]), axis=1)
        return totals / len(wins)

    places = [[np.arange(stratum.size) for stratum in side] for side in (first, second)]
    (estimate,) = bootstrap(places, probabilities, draws=draws, confidence=confidence)
    return _measured("improvement", estimate, confidence, first, second)


def sample_efficiency(curves: Sequence[Sequence[Mapping[int, float]]], *, draws: int = CURVE_DRAWS,
                      confidence: float = CONFIDENCE) -> dict[int, Estimate]:
    """The interquartile mean, with its interval, at every step at which all lanes have a score.

    A draw takes whole curves, the same seeds at every step.

    Args:
      curves: for each task and each of its seeds the score by env step.
      draws, confidence: of the bootstrap.

    Returns:
      Estimates by step, in rising order; empty where no step is common to all lanes.

    Raises:
      ValueError: a score at a common step is not finite.
    """
    lanes = [set(curve) for task in curves for curve in task]
    steps = sorted(set.intersection(*lanes)) if lanes else []
    if not steps:
        return {}
    strata = _scores([[[curve[step] for curve in task] for step in steps] for task in curves])
    estimates = bootstrap([strata], lambda sides: iqm(sides[0]), outputs=len(steps), draws=draws, confidence=confidence)
    return {step: _measured("iqm", estimate, confidence, curves)
            for step, estimate in zip(steps, estimates, strict=True)}


def small_sample(*sides: Sequence[Sequence[float]]) -> str:
    """Why numbers from so few seeds are to be taken with care, in words; empty where every task has `FEW_SEEDS`.

    Args:
      sides: one or more result sets; each has for each task the numbers of its seeds.
    """
    fewest = min((len(stratum) for side in sides for stratum in side), default=0)
    if fewest >= FEW_SEEDS:
        return ""
    if fewest == 0:
        return "no seeds of a task: nothing can be estimated"
    found = f"{fewest} seed{'s' if fewest > 1 else ''} of a task"
    if fewest < LEAST_SEEDS:
        return f"small sample, {found}: no bootstrap interval below {LEAST_SEEDS}"
    narrow = 1.0 - math.sqrt(1.0 - 1.0 / fewest)
    return f"small sample, {found}: bootstrap intervals are about {narrow:.0%} too narrow, {FEW_SEEDS} seeds are wanted"


def _measured(statistic: str, estimate: Estimate, confidence: float, *sides: Sequence[Sequence]) -> Estimate:
    """An estimate with the measured level of its interval, which is known for the usual confidence alone. An interval
    of no width has none: all seeds lie on one side of a threshold or are equal, and resampling shows no spread."""
    if estimate.low is None or estimate.low == estimate.high or confidence != CONFIDENCE:
        return estimate
    fewest = min(len(stratum) for side in sides for stratum in side)
    return dataclasses.replace(estimate, level=coverage(statistic, len(sides[0]), fewest))


def _task_means(strata: Sequence) -> np.ndarray:
    import numpy as np

    return np.stack([np.mean(stratum, axis=-1) for stratum in strata])


def _scores(strata: Sequence) -> list:
    """Arrays of finite numbers, one for each task."""
    return [_finite(stratum, f"scores of task {number}") for number, stratum in enumerate(strata, 1)]


def _finite(numbers: Sequence, what: str) -> np.ndarray:
    import numpy as np

    numbers = np.asarray(numbers, float)
    wrong = numbers[~np.isfinite(numbers)]
    if wrong.size:
        raise ValueError(f"expected finite {what}, found {wrong[0]} among {numbers.size}; leave such lanes out and "
                         "say how many there are")
    return numbers


def _count(places: np.ndarray, size: int) -> np.ndarray:
    """How often each of 0 ... size - 1 stands in a row: integers `[D, M]` to `[D, size]`."""
    import numpy as np

    rows = places + size * np.arange(len(places))[:, None]
    return np.bincount(rows.ravel(), minlength=size * len(places)).reshape(len(places), size)
