"""How many seeds a side a decision would take, if their spread stays what it is.

Plain normal-theory arithmetic with t quantiles: a forecast, good to a seed or two; no claim rests on it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from divbench.statistics.ranks import least_chance

if TYPE_CHECKING:
    import numpy as np

POWER = 0.8  # with which the decision is then reached
MOST = 9_999  # seeds; beyond, the answer is None


def seeds_needed(baseline: Sequence[Sequence[float]], new: Sequence[Sequence[float]], *, effect: float | None,
                 margin: float, level: float, two_sided: bool, paired: bool, confidence: float) -> int | None:
    """The smallest number of seeds a side that decides with `POWER`.

    If the estimate is beyond the margin: as many as show a difference of that size, and let a rank test reject at its
    level at all. If it is within: as many as put the interval within the margin, were nothing changed.

    Args:
      baseline, new: for each stratum the numbers of its seeds.
      effect: the estimate, or None.
      margin: in the same units.
      level: at which this comparison may reject, its share of what all tests have.
      two_sided: whether the test looks at both directions.
      paired: whether equal seeds are pairs.
      confidence: of the interval.

    Returns:
      None if the spread is not known, no number of lanes is finite, or more than `MOST` would be needed. With one
      seed a side, whose spread nobody knows, the fewest that can reject.
    """
    if effect is None:
        return None
    sides = 2 if two_sided else 1
    fewest = _fewest(level / sides, len(new), paired)
    spread = _spread(baseline, new, paired)
    if spread is None:
        return fewest
    if abs(effect) > margin:
        found = _smallest(spread / abs(effect), level / sides, 1.0 - POWER, _degrees(len(new), paired))
        return None if found is None else max(found, fewest)
    if margin == 0.0:
        return None
    return _smallest(spread / margin, (1.0 - confidence) / 2.0, (1.0 - POWER) / 2.0, _degrees(len(new), paired))


def _spread(baseline: Sequence[Sequence[float]], new: Sequence[Sequence[float]], paired: bool) -> float | None:
    """The standard error of the difference that one seed a side would have; None where a stratum has one seed."""
    if paired and all(len(one) == len(other) for one, other in zip(baseline, new, strict=True)):
        sides = [[[x - y for x, y in zip(one, other, strict=True)] for one, other in zip(new, baseline, strict=True)]]
    else:
        sides = [baseline, new]
    if min(len(stratum) for side in sides for stratum in side) < 2:
        return None
    return math.sqrt(sum(_variance(stratum) for side in sides for stratum in side)) / len(new)


def _variance(numbers: Sequence[float]) -> float:
    mean = sum(numbers) / len(numbers)
    return sum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1)


def _degrees(strata: int, paired: bool) -> int:
    """Degrees of freedom that each further seed a side adds."""
    return strata * (1 if paired else 2)


def _fewest(chance: float, strata: int, paired: bool) -> int:
    """The fewest seeds a side with which a rank test can reject at that chance on one side."""
    return next(seeds for seeds in range(2, MOST) if least_chance(seeds, strata=strata, paired=paired) <= chance)


def _smallest(ratio: float, chance: float, miss: float, degrees: int) -> int | None:
    """The smallest n with (t quantiles of both errors) * ratio <= sqrt(n)."""
    import numpy as np

    counts, factors = _factors(chance, miss, degrees)
    place = int(np.searchsorted(factors, -1.0 / ratio)) if ratio > 0.0 else 0
    return int(counts[place]) if place < len(counts) else None


@functools.lru_cache(maxsize=64)
def _factors(chance: float, miss: float, degrees: int) -> tuple[np.ndarray, np.ndarray]:
    """For each number of seeds, what the spread is multiplied by, with a minus sign: rising."""
    import numpy as np
    from scipy.stats import t

    counts = np.arange(2, MOST + 1)
    freedom = degrees * (counts - 1)
    return counts, -(t.isf(chance, freedom) + t.isf(miss, freedom)) / np.sqrt(counts)
