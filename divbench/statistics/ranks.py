"""Exact rank tests of two small samples, over one cell or many, and the level that many tests share.

Nothing is assumed of the numbers' distribution, which in this field has two heaps (some lanes diverge) and tails of
many decades: if both sides' lanes come from the same pool, however odd, a test rejects at most as often as it says.
The price: few seeds can never reject. 3 against 3 have one chance in 20 of being in any given complete order.

- two independent samples: the sum of the second side's ranks, against all ways to choose who is second (Wilcoxon,
  1945; Mann and Whitney, 1947), ties taken as midranks;
- pairs: the signed ranks of the differences, against all ways to choose their signs (Wilcoxon, 1945);
- many cells: ranks within each cell, summed (van Elteren, 1960). Within a task, a seed's lanes of all variants move
  together, since they share start states; tasks are independent;
- many tests: Bonferroni's level, shared only by the tests that could reject at all (Tarone, 1990).

Numbers in, chances out; what is compared, and what is claimed from it, is not known here. Infinite numbers have
ranks like others.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ROUNDING = 1e-12  # 1 - 0.9 is a little less than 0.1, and a chance of exactly 1 in 10 meets it


@dataclasses.dataclass(frozen=True)
class Null:
    """The distribution of a statistic if nothing changed, and the value it has.

    Attributes:
      lowest: the smallest value possible.
      chances: of `lowest`, `lowest + 1`, ...; neither end is 0.
      observed: the value of these samples; large where the second side's numbers are.
    """

    lowest: int
    chances: np.ndarray
    observed: int

    @property
    def below(self) -> float:
        """The chance of a value as small as this or smaller."""
        return min(1.0, float(self.chances[: self.observed - self.lowest + 1].sum()))

    @property
    def above(self) -> float:
        """The chance of a value as large as this or larger."""
        return min(1.0, float(self.chances[self.observed - self.lowest:].sum()))

    @property
    def two_sided(self) -> float:
        """Twice the smaller chance."""
        return min(1.0, 2.0 * min(self.below, self.above))

    @property
    def least(self) -> tuple[float, float, float]:
        """The smallest `below`, `above` and `two_sided` that any order of these numbers could have."""
        low, high = float(self.chances[0]), float(self.chances[-1])
        return low, high, min(1.0, 2.0 * min(low, high))


def rank_scores(baseline: Mapping[int, float], new: Mapping[int, float]) -> tuple[dict[int, int], dict[int, int]]:
    """Twice each number's midrank among both sides' numbers, less its mean: whole numbers that sum to 0."""
    count = len(baseline) + len(new)
    scores = [rank - (count + 1) for rank in _twice_midranks([*baseline.values(), *new.values()])]
    return (dict(zip(baseline, scores[: len(baseline)], strict=True)),
            dict(zip(new, scores[len(baseline):], strict=True)))


def sign_scores(baseline: Mapping[int, float], new: Mapping[int, float]) -> dict[int, int]:
    """Twice the midrank of each pair's |difference| among those that differ, with the sign of new minus baseline."""
    differences = {seed: new[seed] - baseline[seed] if new[seed] != baseline[seed] else 0.0 for seed in new}
    moved = {seed: difference for seed, difference in differences.items() if difference}
    ranks = dict(zip(moved, _twice_midranks(list(map(abs, moved.values()))), strict=True))
    return {seed: int(math.copysign(ranks.get(seed, 0), difference)) for seed, difference in differences.items()}


def independent(baseline: Sequence[int], new: Sequence[int]) -> Null:
    """The sum of the second side's scores, if who is second were drawn by lot."""
    lowest, chances = _choices(tuple(sorted([*baseline, *new])), len(new))
    return Null(lowest, chances, sum(new))


def flipped(scores: Sequence[int]) -> Null:
    """The sum of signed scores, if each sign were drawn by lot."""
    import numpy as np

    chances = np.ones(1)
    for size in map(abs, scores):
        wider = np.zeros(len(chances) + 2 * size)
        wider[: len(chances)] += chances / 2
        wider[2 * size:] += chances / 2
        chances = wider
    return Null(-sum(map(abs, scores)), chances, sum(scores))


def together(nulls: Sequence[Null]) -> Null:
    """The sum of independent statistics."""
    import numpy as np

    chances = np.ones(1)
    for null in sorted(nulls, key=lambda null: len(null.chances)):
        chances = np.convolve(chances, null.chances)
    return Null(sum(null.lowest for null in nulls), chances, sum(null.observed for null in nulls))


def adjusted(chances: Sequence[float], least: Sequence[float], level: float) -> list[float]:
    """Chances that may be held against `level` together: the chance that any of them errs is at most `level`.

    Each is multiplied by the number of tests that could pass at all (Tarone, 1990, Biometrics 46, 515-522).

    Args:
      chances: of each test.
      least: the smallest chance that each could have, from the numbers without knowing whose they are.
      level: of all together.
    """
    tests = 1
    while sum(chance <= level / tests + ROUNDING for chance in least) > tests:
        tests += 1
    return [min(1.0, chance * tests) if smallest <= level / tests + ROUNDING else 1.0
            for chance, smallest in zip(chances, least, strict=True)]


def least_chance(seeds: int, *, strata: int = 1, paired: bool = False) -> float:
    """The smallest chance on one side that so many seeds a side can have, without ties, in so many strata."""
    return (0.5**seeds if paired else 1.0 / math.comb(2 * seeds, seeds)) ** strata


def _twice_midranks(numbers: Sequence[float]) -> list[int]:
    """Twice the rank of each number, from 1 on; equal numbers share the mean of their ranks."""
    ordered = sorted(numbers)
    return [bisect.bisect_left(ordered, number) + bisect.bisect_right(ordered, number) + 1 for number in numbers]


@functools.lru_cache(maxsize=256)
def _choices(scores: tuple[int, ...], count: int) -> tuple[int, np.ndarray]:
    """The distribution of the sum of `count` of the scores, drawn without replacement: its lowest value, chances.

    One pass over the scores; `ways[k, s]` counts the ways to reach the sum s with k of those seen so far.
    """
    import numpy as np

    least = scores[0]
    shifted = [score - least for score in scores]
    width = sum(sorted(shifted)[len(shifted) - count:]) + 1
    ways = np.zeros((count + 1, width))
    ways[0, 0] = 1.0
    for score in shifted:
        if score < width:
            ways[1:, score:] += ways[:-1, : width - score]
    sums = ways[count]
    filled = np.flatnonzero(sums)
    chances = sums[filled[0]: filled[-1] + 1] / sums.sum()
    return least * count + int(filled[0]), chances
