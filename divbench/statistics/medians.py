"""Medians beside a threshold: the sign test, and intervals between order statistics.

Nothing is assumed of the numbers' distribution. Of n numbers the k-th smallest and the k-th largest enclose the median
with chance 1 - 2 P(B < k), B binomial(n, 1/2) (Thompson, 1936; David and Nagaraja, Order Statistics, 2003, section
7.1). The chances are few: of 5 numbers the range reaches 93.8%, of 6 96.9%, of 8 99.2%; an interval is given with the
level that it reaches. The worst of several tasks takes each task at an equal share of the error (Bonferroni).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from divbench.statistics.estimates import CERTAIN, CONFIDENCE, Estimate, Tested

SIDES = ("largest", "smallest")


def median_test(numbers: Sequence[float], *, threshold: float = 0.0, confidence: float = CONFIDENCE,
                each: str = "seeds") -> Tested:
    """The median of numbers, beside a threshold.

    Args:
      numbers: of seeds that share nothing.
      threshold: of the median; a number on it speaks for neither side.
      confidence: that the interval must reach at least.
      each: what the numbers are of, in words.

    Returns:
      No interval where so few numbers cannot reach the confidence: fewer than 6 at 95%.
    """
    return worst_median_test([numbers], "largest", threshold=threshold, confidence=confidence, each=each)


def worst_median_test(strata: Sequence[Sequence[float]], side: str, *, threshold: float = 0.0,
                      confidence: float = CONFIDENCE, each: str = "seeds", groups: str = "tasks") -> Tested:
    """The largest or the smallest of several tasks' medians, beside a threshold.

    The limits are the largest (smallest) of the tasks' limits, each of which errs with chance (1 - confidence) / T at
    most; what they err with together is subtracted from 1 for the level.

    Args:
      strata: for each of T tasks the numbers of its seeds.
      side: `largest` or `smallest`.
      threshold: of that median.
      confidence: that all tasks together must reach at least.
      each, groups: what numbers and strata are of, in words.

    Returns:
      No effect if a task has no number; no interval where a task has too few: at 95%, 7 are needed on two or three
      tasks.

    Raises:
      ValueError: another side.
    """
    if side not in SIDES:
        raise ValueError(f"expected a side of {', '.join(SIDES)}, found '{side}'")
    fewest = min(map(len, strata), default=0)
    method = f"order statistics, {fewest} {each}" + (f" of each of {len(strata)} {groups}" if len(strata) > 1 else "")
    if not fewest:
        return Tested(Estimate(None), method=method)
    choose, tasks = (max if side == "largest" else min), len(strata)
    effect = float(choose(statistics.median(stratum) for stratum in strata))
    chances = [(_at_least(len(stratum), sum(x > threshold for x in stratum)),
                _at_least(len(stratum), sum(x < threshold for x in stratum))) for stratum in strata]
    # That the largest is above needs one task, that it is below needs all of them.
    easy, hard = (min(CERTAIN, tasks * combined) for combined in (
        min(chance[side == "smallest"] for chance in chances), max(chance[side == "largest"] for chance in chances)))
    above, below = (easy, hard) if side == "largest" else (hard, easy)
    least = min(CERTAIN, tasks * 0.5**fewest)
    found = Estimate(effect)
    ranks = [_rank(len(stratum), (1.0 - confidence) / tasks) for stratum in strata]
    if all(ranks):
        ordered = [sorted(map(float, stratum)) for stratum in strata]
        error = sum(2.0 * _at_most(len(stratum), rank - 1) for stratum, rank in zip(strata, ranks, strict=True))
        found = Estimate(effect, choose(own[rank - 1] for own, rank in zip(ordered, ranks, strict=True)),
                         choose(own[-rank] for own, rank in zip(ordered, ranks, strict=True)), 1.0 - error)
    return Tested(found, above, below, least, least, method)


def _at_most(count: int, hits: int) -> float:
    """The chance of so many heads or fewer among `count` fair coins."""
    return sum(math.comb(count, k) for k in range(hits + 1)) / 2.0**count


def _at_least(count: int, hits: int) -> float:
    return _at_most(count, count - hits)


def _rank(count: int, error: float) -> int:
    """The largest k whose order statistics from both ends err with at most that chance together; 0 for none."""
    rank = 0
    while rank < count // 2 and 2.0 * _at_most(count, rank) <= error + 1e-12:
        rank += 1
    return rank
