"""Differences of two arms' shares, against a threshold: exact for all shares.

A difference belongs to the interval unless, whatever else may be true, the observed numbers or such as speak more
strongly against it have a chance of at most half of the error. Lanes of several tasks are taken as drawn alike. numpy
is imported inside the functions. Letters in shapes: P nuisance values that are tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from divbench.statistics.estimates import CONFIDENCE, Estimate, Tested

if TYPE_CHECKING:
    import numpy as np

LEAST_LANES = 3  # on a side; fewer have no interval
_HALVINGS, _VALUES = 40, 201  # of the search for an exact limit; values tried at each step
_TIE = 1e-12


def share_difference(hits: int, count: int, other_hits: int, other_count: int, *, threshold: float = 0.0,
                     confidence: float = CONFIDENCE) -> Tested:
    """One arm's share minus another's, of lanes that share no random numbers.

    Ordered by the observed difference (Santner and Snell, 1980). The interval covers the truth at least as often as it
    says: 3 of 3 against 0 of 3 is just enough to exclude 0.

    Args:
      hits, count: of the first arm's lanes.
      other_hits, other_count: of the second's.
      threshold: of the difference.
      confidence: of the interval.

    Returns:
      No interval if a side has fewer than `LEAST_LANES` lanes, no effect if one has none.
    """
    method = f"exact difference of shares, {count} and {other_count} lanes"
    if not count or not other_count:
        return Tested(Estimate(None), method=method)
    effect = hits / count - other_hits / other_count
    if min(count, other_count) < LEAST_LANES:
        return Tested(Estimate(effect), method=method)
    above = _two_sided_tail(hits, count, other_hits, other_count)
    below = _two_sided_tail(other_hits, other_count, hits, count)
    found = Estimate(effect, _limit(above, confidence), -_limit(below, confidence), confidence)
    least = (_two_sided_tail(count, count, 0, other_count)(threshold),
             _two_sided_tail(other_count, other_count, 0, count)(-threshold))
    return Tested(found, above(threshold), below(-threshold), *least, method)


def paired_share_difference(pairs: Sequence[tuple[bool, bool]], *, threshold: float = 0.0,
                            confidence: float = CONFIDENCE) -> Tested:
    """One arm's share minus another's, of lanes paired by task and seed.

    Only pairs that differ say anything about which arm has more: against 0 this is the sign-flip test, which is
    McNemar's. A shift of numbers that are 0 or 1 makes no sense, so that the interval is not got by shifting, but from
    the chances of a pair to differ one way or the other, with outcomes ordered by that test (Suissa and Shuster, 1991,
    Biometrics 47, 361-372): it excludes 0 wherever the sign flips reject it.

    Args:
      pairs: for each task and seed whether the first and the second arm's lane did it.
      threshold: of the difference.
      confidence: of the interval.

    Returns:
      No interval below `LEAST_LANES` pairs, no effect without pairs.
    """
    count = len(pairs)
    method = f"exact difference of shares, {count} pairs"
    if not count:
        return Tested(Estimate(None), method=method)
    one, other = (sum(first and not second for first, second in pairs),
                  sum(second and not first for first, second in pairs))
    effect = (one - other) / count
    if count < LEAST_LANES:
        return Tested(Estimate(effect), method=method)
    above, below = _paired_tail(one, other, count), _paired_tail(other, one, count)
    found = Estimate(effect, _limit(above, confidence), -_limit(below, confidence), confidence)
    extreme = _paired_tail(count, 0, count)
    return Tested(found, above(threshold), below(-threshold), extreme(threshold), extreme(-threshold), method)


def _limit(tail: Callable[[float], float], confidence: float) -> float:
    """The lower limit of a difference, by halving; the tail grows with the difference."""
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if tail(middle) > (1 - confidence) / 2 else (middle, high)
    return low


def _two_sided_tail(hits: int, count: int, other_hits: int, other_count: int) -> Callable[[float], float]:
    """By difference, the largest chance of one as large as observed or larger, over the second arm's share."""
    import numpy as np

    shares = np.arange(count + 1)[:, None] / count - np.arange(other_count + 1)[None] / other_count
    tail = (shares >= hits / count - other_hits / other_count - _TIE).astype(float)

    def largest(difference: float) -> float:
        other = np.linspace(max(0.0, -difference), min(1.0, 1.0 - difference), _VALUES)
        first, second = _binomial(other + difference, count), _binomial(other, other_count)
        return min(1.0, float(np.max(np.einsum("pi,ij,pj->p", first, tail, second, optimize=True))))

    return largest


def _paired_tail(one: int, other: int, count: int) -> Callable[[float], float]:
    """By difference, the largest chance of pairs that speak as strongly for the first arm or more so, over the chance
    that a pair differs the other way."""
    import numpy as np

    observed = _score(one, other)
    cells = [(k, m, math.comb(count, k) * math.comb(count - k, m)) for k in range(count + 1)
             for m in range(count + 1 - k) if _score(k, m) >= observed - _TIE]
    ones, others, ways = (np.array(column, float) for column in zip(*cells, strict=True))

    def largest(difference: float) -> float:
        wrong = np.linspace(max(0.0, -difference), (1.0 - difference) / 2.0, _VALUES)[:, None]
        right = np.clip(wrong + difference, 0.0, 1.0)
        rest = np.clip(1.0 - wrong - right, 0.0, 1.0)
        return min(1.0, float(np.max(np.sum(ways * right**ones * wrong**others * rest ** (count - ones - others),
                                            axis=1))))

    return largest


def _score(one: int, other: int) -> float:
    """McNemar's score (1947): large where pairs differ mostly in favour of the first arm."""
    return (one - other) / math.sqrt(one + other) if one + other else 0.0


def _binomial(shares: np.ndarray, count: int) -> np.ndarray:
    """Chances `[P, count + 1]` of every number of hits at shares `[P]`."""
    import numpy as np

    shares = np.clip(shares, 0.0, 1.0)[:, None]
    hits = np.arange(count + 1)
    ways = np.array([float(math.comb(count, k)) for k in hits])
    return ways * shares**hits * (1 - shares) ** (count - hits)
