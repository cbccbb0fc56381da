"""Shares of lanes, beside a threshold: exact intervals and tests.

Does not live here: differences of shares (`share_differences`). scipy is imported inside the functions.
"""

from __future__ import annotations

from divbench.statistics.estimates import CONFIDENCE, Estimate, Tested


def share_interval(hits: int, count: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a share (Clopper and Pearson, 1934); all of [0, 1] if nothing was counted.

    It covers the truth at least as often as it says, for every share.

    Args:
      hits: of `count` independent lanes.
      count: of lanes.
      confidence: of the interval, between 0 and 1.

    Raises:
      ValueError: hits below 0 or above the count.
    """
    if not 0 <= hits <= count:
        raise ValueError(f"expected 0 <= hits <= count, found {hits} of {count}")
    if not count:
        return 0.0, 1.0
    from scipy import stats

    found = stats.binomtest(hits, count).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def share_test(hits: int, count: int, *, threshold: float, confidence: float = CONFIDENCE) -> Tested:
    """A share beside a threshold: `share_interval`, and the binomial test.

    Args:
      hits, count, confidence: as in `share_interval`.
      threshold: of the share, between 0 and 1.

    Returns:
      No effect if nothing was counted.

    Raises:
      ValueError: hits below 0 or above the count.
    """
    method = f"Clopper-Pearson, {count} lanes"
    low, high = share_interval(hits, count, confidence=confidence)
    if not count:
        return Tested(Estimate(None), method=method)
    from scipy import stats

    above, below = (float(stats.binomtest(hits, count, threshold, alternative=side).pvalue)
                    for side in ("greater", "less"))
    return Tested(Estimate(hits / count, low, high, confidence), above, below, threshold**count,
                  (1.0 - threshold) ** count, method)
