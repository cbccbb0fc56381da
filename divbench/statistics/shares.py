"""Intervals of shares: how many of a number of lanes did something."""

from __future__ import annotations

import math

NORMAL_95 = 1.959963984540054  # quantile of the normal distribution for a 95% interval


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95% interval of a share that was found in `count` cases (Wilson, 1927); (0, 1) for a count of 0."""
    if count == 0:
        return 0.0, 1.0
    z = NORMAL_95
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share (Wilson, 1927); all of [0, 1] if nothing was counted.

    Raises:
      ValueError: hits below 0 or above the count.
    """
    if not 0 <= hits <= count:
        raise ValueError(f"expected 0 <= hits <= count, found {hits} of {count}")
    return wilson(hits / count if count else 0.0, count)
