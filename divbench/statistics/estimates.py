"""A number with its interval, a test of it against a threshold, and Welch's t for means and their differences; and
Holm's adjusted chances for many tests together.

A *stratum* is the numbers of one task's seeds. Does not live here: resampling (`bootstrap`), exact tests of paired
differences (`sign_flips`), of two samples (`rank_shift`), of medians (`medians`) and of shares (`shares`), and
Tarone's level of the gate's tests (`ranks`). scipy is
imported inside the functions.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

CONFIDENCE = 0.95
CERTAIN = 1.0  # the chance of a test that can say nothing


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
      effect: None where there is nothing to compute it from.
      low, high: None where the sample is too small to have an interval.
      level: how often such an interval holds the truth, by proof or at worst as measured; None where neither is known.
    """

    effect: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None


@dataclasses.dataclass(frozen=True)
class Tested:
    """A number beside a threshold. The interval excludes the threshold on one side exactly if twice the chance of that
    side is at most 1 minus the confidence that was asked for.

    Attributes:
      estimate: the number and its interval, which has the level that it reaches.
      above: the largest chance of numbers that speak as strongly for more than the threshold, if the truth were the
        threshold or less.
      below: the same for less than the threshold.
      least_above, least_below: the smallest `above` and `below` that so many numbers can have.
      method: of interval and chances, in words.
    """

    estimate: Estimate
    above: float = CERTAIN
    below: float = CERTAIN
    least_above: float = CERTAIN
    least_below: float = CERTAIN
    method: str = ""


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

    effect, error, freedom = _welch(first, second)
    if effect is None or error is None:
        return Estimate(effect)
    half = float(stats.t.ppf(0.5 + confidence / 2.0, freedom)) * error
    return Estimate(effect, effect - half, effect + half)


def welch_test(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]] = (), *, threshold: float = 0.0,
               confidence: float = CONFIDENCE) -> Tested:
    """`mean_difference` beside a threshold; the level is that of normal numbers.

    Args:
      first, second, confidence: as in `mean_difference`.
      threshold: of the difference.
    """
    from scipy import stats

    found = mean_difference(first, second, confidence=confidence)
    fewest = min((len(stratum) for side in (first, second) for stratum in side), default=0)
    method = f"Welch's t, {fewest} seeds a task"
    effect, error, freedom = _welch(first, second)
    if effect is None or error is None:
        least = 0.0 if fewest > 1 else CERTAIN
        return Tested(found, least_above=least, least_below=least, method=method)
    t = (effect - threshold) / error
    return Tested(dataclasses.replace(found, level=confidence), float(stats.t.sf(t, freedom)),
                  float(stats.t.cdf(t, freedom)), 0.0, 0.0, method)


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


def _welch(first: Sequence[Sequence[float]],
           second: Sequence[Sequence[float]]) -> tuple[float | None, float | None, float]:
    """The difference, its standard error and the degrees of freedom; None for what cannot be had."""
    sides = [side for side in (first, second) if len(side)]
    if not len(first) or any(not len(stratum) for side in sides for stratum in side):
        return None, None, 0.0

    def mean(stratum):
        return sum(stratum) / len(stratum)

    effect = sum(map(mean, first)) / len(first) - (sum(map(mean, second)) / len(second) if len(second) else 0.0)
    if min(len(stratum) for side in sides for stratum in side) < 2:
        return effect, None, 0.0
    parts = [(sum((x - mean(stratum)) ** 2 for x in stratum) / (len(stratum) - 1) / len(stratum) / len(side) ** 2,
              len(stratum) - 1) for side in sides for stratum in side]
    variance = sum(part for part, _ in parts)
    if variance == 0.0:
        return effect, None, 0.0
    freedom = 1.0 / sum((part / variance) ** 2 / degrees for part, degrees in parts)  # no square of what is tiny
    return effect, math.sqrt(variance), freedom


def holm(chances: Sequence[float]) -> list[float]:
    """Chances that may each be held against the level of all tests together (Holm, 1979, Scand. J. Statist. 6, 65-70).

    For any dependence among the tests, the chance that any of those rejected was true is at most the level.

    Args:
      chances: of each test, two-sided.

    Returns:
      In the same order: the largest, over the tests with a chance as small or smaller, of that chance times the number
      of tests that are not smaller; 1 at most.
    """
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found, largest = [0.0] * len(chances), 0.0
    for passed, place in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - passed) * chances[place]))
        found[place] = largest
    return found
