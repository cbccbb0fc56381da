"""A number with its interval, and the intervals that follow from a formula: means and differences.

Numbers in, numbers out: what a task, a lane or a variant is, is not known here. A *stratum* is the numbers of one
task's seeds. For returns and other numbers that are no powers of ten apart and of which there are few: a bootstrap of
three seeds on one task is wrong about a difference in 19 of 100 cases where there is none, Welch's interval in about 5.
Does not live here: resampling (`bootstrap`), shares (`shares`), and what is made of many tasks together
(`aggregates`). scipy is imported
inside the functions.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number with its interval. `low` and `high` are None where the sample is too small to have one; `effect` is
    None too where there is nothing to compute it from."""

    effect: float | None
    low: float | None = None
    high: float | None = None


def mean_difference(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]] = (), *,
                    confidence: float = CONFIDENCE) -> Estimate:
    """Means over seeds, averaged over strata, of one side minus another, with Welch's t interval.

    Degrees of freedom by Welch (1947) and Satterthwaite (1946); spreads may differ from stratum to stratum.

    Args:
      first: for each task the numbers of its seeds.
      second: the side to be subtracted, the same tasks; empty for none.
      confidence: of the interval, between 0 and 1.

    Returns:
      No interval if a stratum has fewer than two numbers or nothing varies, no effect if one has none.
    """
    from scipy import stats

    sides = [side for side in (first, second) if len(side)]
    if not len(first) or any(not len(stratum) for side in sides for stratum in side):
        return Estimate(None)

    def mean(stratum):
        return sum(stratum) / len(stratum)

    effect = sum(map(mean, first)) / len(first) - (sum(map(mean, second)) / len(second) if len(second) else 0.0)
    if min(len(stratum) for side in sides for stratum in side) < 2:
        return Estimate(effect)
    parts = [(sum((x - mean(stratum)) ** 2 for x in stratum) / (len(stratum) - 1) / len(stratum) / len(side) ** 2,
              len(stratum) - 1) for side in sides for stratum in side]
    variance = sum(part for part, _ in parts)
    if variance == 0.0:
        return Estimate(effect)
    freedom = 1.0 / sum((part / variance) ** 2 / degrees for part, degrees in parts)  # no square of what is tiny
    half = float(stats.t.ppf(0.5 + confidence / 2.0, freedom)) * math.sqrt(variance)
    return Estimate(effect, effect - half, effect + half)


def paired_difference(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]], *,
                      confidence: float = CONFIDENCE) -> Estimate:
    """Differences of paired numbers, averaged over seeds and then over tasks, with a t interval.

    What both numbers of a pair share drops out of the difference; it helps as far as equal seeds make equal numbers.
    Degrees of freedom over tasks by Satterthwaite (1946).

    Args:
      first, second: for each task the numbers of its seeds, the same seeds in the same order on both sides.
      confidence: of the interval, between 0 and 1.

    Returns:
      As `mean_difference`: no interval if a task has fewer than two pairs or all differences of each task are equal.

    Raises:
      ValueError: the two sides have other tasks or other seeds.
    """
    check_tasks(first, second)
    for number, (one, other) in enumerate(zip(first, second, strict=True), 1):
        if len(one) != len(other):
            raise ValueError(f"paired numbers need the same seeds on both sides, found {len(one)} and {len(other)} "
                             f"seeds of task {number}")
    pairs = [[x - y for x, y in zip(one, other, strict=True)] for one, other in zip(first, second, strict=True)]
    return mean_difference(pairs, confidence=confidence)


def check_tasks(first: Sequence, second: Sequence) -> None:
    """Refuse two sides that cannot be compared task by task.

    Raises:
      ValueError: the sides have different numbers of tasks.
    """
    if len(first) != len(second):
        raise ValueError(f"expected the same tasks on both sides, found {len(first)} and {len(second)} tasks")
