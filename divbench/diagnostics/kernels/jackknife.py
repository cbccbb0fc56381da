"""Intervals for numbers fitted to one recorded series, whose neighbouring values depend on each other.

The delete-a-block jackknife: the series is cut into consecutive blocks, the fit repeated without each in turn, and the
spread of the repetitions tells the fit's uncertainty. Leaving out whole blocks keeps neighbours together, so noise that
lasts less than a block is counted rightly, and a law that holds in one part of the series only shows as a wide
interval. Source: Kuensch, Annals of Statistics 17 (1989), 1217-1241, here with blocks that do not overlap and
Student's t with one degree of freedom less than blocks. Nothing here knows of critics; host side, numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

BLOCKS = 10
FEWEST = 6  # points; three blocks of two
LEVEL = 0.95


class Interval(NamedTuple):
    """A number and the ends of its confidence interval, all in the unit of the number; ends may be infinite."""

    value: float
    low: float
    high: float


def jackknife(estimate: Callable[[np.ndarray], float], count: int, level: float = LEVEL) -> Interval:
    """An estimate from all points, and its interval from the estimates without each block.

    Args:
      estimate: from the indices of the points to use, rising integers, to a finite number.
      count: how many points there are, at least 6; up to ten blocks of at least two are made.
      level: of confidence.

    Returns:
      value -+ t * sqrt((g - 1) / g * sum_k (value_k - mean)^2) for g blocks. Symmetric: where a number is far from
      normally distributed, estimate a function of it that is nearer, and transform the ends.

    Raises:
      ValueError: too few points.
    """
    import numpy as np
    from scipy.stats import t

    if count < FEWEST:
        raise ValueError(f"{count} points are too few for an interval; expected at least {FEWEST}")
    number = min(BLOCKS, count // 2)
    points = np.arange(count)
    without = [np.setdiff1d(points, block) for block in np.array_split(points, number)]
    repeated = np.asarray([estimate(kept) for kept in without])
    value = float(estimate(points))
    deviation = np.sqrt((number - 1) / number * np.sum(np.square(repeated - repeated.mean())))
    width = float(t.ppf(0.5 + level / 2.0, number - 1) * deviation)
    return Interval(value, value - width, value + width)
