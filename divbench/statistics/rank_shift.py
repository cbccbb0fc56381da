"""By how much one sample lies above another, stratified by task: rank sums, and the shifts that they do not reject.

For arms whose lanes share no random numbers, so that there are no pairs. The test is `ranks.independent` in each task,
summed over tasks (van Elteren, 1960); the estimate is the shift at which the ranks of both sides balance (Hodges and
Lehmann, 1963, Ann. Math. Statist. 34, 598-611), the interval all shifts that are not rejected. Exact for two sides that
differ by the same shift in every task, whatever their distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from divbench.statistics.estimates import CONFIDENCE, Estimate, Tested, check_tasks
from divbench.statistics.ranks import Null, independent, rank_scores, together


def rank_shift_test(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]], *, threshold: float = 0.0,
                    confidence: float = CONFIDENCE) -> Tested:
    """The shift of the first side against the second, beside a threshold.

    Args:
      first, second: for each task the numbers of its seeds; the numbers of seeds may differ.
      threshold: of the shift.
      confidence: that the interval must reach at least.

    Returns:
      No effect if a task has no number on a side; no interval where so few numbers cannot reach the confidence: at 95%,
      fewer than 4 beside 4 on one task.

    Raises:
      ValueError: the sides have different numbers of tasks.
    """
    check_tasks(first, second)
    fewest = min((len(stratum) for side in (first, second) for stratum in side), default=0)
    method = f"rank sums, {fewest} seeds a side of each of {len(first)} task{'s' if len(first) != 1 else ''}"
    if not fewest:
        return Tested(Estimate(None), method=method)
    corners = sorted({x - y for one, other in zip(first, second, strict=True) for x in one for y in other})
    here = _shifted(first, second, threshold)
    low, wrong_low = _last(corners, lambda shift: _shifted(first, second, shift).above, (1.0 - confidence) / 2.0)
    high, wrong_high = _last([-corner for corner in reversed(corners)],
                             lambda shift: _shifted(first, second, -shift).below, (1.0 - confidence) / 2.0)
    balance = _last(corners, lambda shift: 0.0 if _shifted(first, second, shift).observed > 0 else 1.0, 0.5)[0]
    other_way = _last([-corner for corner in reversed(corners)],
                      lambda shift: 0.0 if _shifted(first, second, -shift).observed < 0 else 1.0, 0.5)[0]
    assert balance is not None and other_way is not None, "a chance of 0 at the first corner is below one half"
    effect = (balance - other_way) / 2.0
    least = _shifted(first, second, corners[0] - 1.0).above, _shifted(first, second, corners[-1] + 1.0).below
    found = Estimate(effect) if low is None or high is None else Estimate(effect, low, -high,
                                                                         1.0 - wrong_low - wrong_high)
    return Tested(found, here.above, here.below, *least, method)


def _shifted(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]], shift: float) -> Null:
    """The rank sums of the first side, had all of it been less by the shift."""
    nulls = []
    for one, other in zip(first, second, strict=True):
        scores = rank_scores(dict(enumerate(other)), dict(enumerate(x - shift for x in one)))
        nulls.append(independent(*(list(side.values()) for side in scores)))
    return together(nulls)


def _last(corners: Sequence[float], chance: Callable[[float], float], level: float) -> tuple[float | None, float]:
    """The corner up to which a chance, which grows with the shift and changes at corners alone, is at most a level, and
    the chance just before it; None where it never is.

    Args:
      corners: in rising order.
      chance: by shift.
      level: between 0 and 1.
    """
    between = [corners[0] - 1.0, *((one + other) / 2.0 for one, other in zip(corners, corners[1:], strict=False))]
    first, last = -1, len(between) - 1  # up to `first` it is at most the level; it is more from the place after `last`
    while first < last:
        middle = (first + last + 1) // 2
        first, last = (middle, last) if chance(between[middle]) <= level else (first, middle - 1)
    return (None, 1.0) if first < 0 else (corners[first], chance(between[first]))
