"""Differences of paired numbers beside a threshold, by flipping their signs within pairs.

If neither arm is better, the two numbers of a pair could as well have been exchanged, so that each difference is as
likely with either sign (Fisher, 1935; Pitman, 1937). The statistic is the mean over tasks of the mean difference over a
task's pairs. The interval holds every shift of the differences that the test does not reject. It follows from the
"typical values" of Hartigan (1969, JASA 64, 1303-1317): flipping the signs of a subset of pairs makes the statistic
larger exactly if the subset's own mean lies below the shift, so the limits are order statistics of subset means.

The test is exact for any numbers. The interval is exact where differences are symmetrical about their mean, as those
of two arms that differ by a shift are; for skewed differences it is not, and results/baselines/interval_coverage.md
has what it covers then. numpy is imported inside the functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from divbench.statistics.estimates import CONFIDENCE, Estimate, Tested

if TYPE_CHECKING:
    import numpy as np

MOST_ENUMERATED = 16  # pairs: 2^16 patterns of signs are enumerated, of more pairs some are drawn
PATTERNS, SEED = 20_000, 0  # drawn
ROUNDING = 1e-12  # of the largest difference: subset means that should be equal differ by less


def sign_flip_test(strata: Sequence[Sequence[float]], *, threshold: float = 0.0,
                   confidence: float = CONFIDENCE) -> Tested:
    """The mean over tasks of mean paired differences, beside a threshold.

    With n pairs in all the chance is a count over the 2^n patterns of signs, up to 2^16; beyond, (b + 1) / (m + 1) over
    m = 20,000 patterns drawn with a fixed seed, of which b are as extreme (Phipson and Smyth, 2010).

    Args:
      strata: for each task the differences of its pairs.
      threshold: of the mean difference.
      confidence: that the interval must reach at least.

    Returns:
      No effect if a task has no pair; no interval where so few pairs cannot reach the confidence: fewer than 6 at 95%.
    """
    import numpy as np

    count = sum(map(len, strata))
    method = f"sign flips of {count} pairs"
    if not len(strata) or not all(map(len, strata)):
        return Tested(Estimate(None), method=method)
    shifted = np.concatenate([np.asarray(stratum, float) - threshold for stratum in strata])
    weights = np.concatenate([np.full(len(stratum), 1.0 / len(stratum) / len(strata)) for stratum in strata])
    effect = threshold + float(weights @ shifted)
    means, patterns = _subset_means(shifted, weights)
    empty = patterns - len(means)  # patterns that flip nothing: as extreme at every shift
    above = float(empty + np.searchsorted(means, 0.0, side="right")) / patterns
    below = float(empty + len(means) - np.searchsorted(means, 0.0, side="left")) / patterns
    least = empty / patterns
    rank = math.floor((1.0 - confidence) / 2.0 * patterns + 1e-9) - (empty - 1)  # of the limit among subset means
    if rank < 1:
        return Tested(Estimate(effect), above, below, least, least, method)
    level = 1.0 - 2.0 * (rank + empty - 1) / patterns
    found = Estimate(effect, threshold + float(means[rank - 1]), threshold + float(means[-rank]), level)
    return Tested(found, above, below, least, least, method)


def _subset_means(differences: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, int]:
    """The weighted means of all subsets of pairs that are not empty, or of drawn ones, in rising order; and the number
    of patterns, the one that flips nothing included.

    Args:
      differences, weights: `[n]`.
    """
    import numpy as np

    if len(differences) <= MOST_ENUMERATED:
        sums, totals = np.zeros(1), np.zeros(1)
        for difference, weight in zip(differences, weights, strict=True):
            sums = np.concatenate([sums, sums + weight * difference])
            totals = np.concatenate([totals, totals + weight])
        sums, totals, patterns = sums[1:], totals[1:], len(sums)
    else:
        flips = np.random.default_rng(SEED).integers(0, 2, (PATTERNS, len(differences))) * weights
        sums, totals, patterns = flips @ differences, flips.sum(axis=1), PATTERNS + 1
        sums, totals = sums[totals > 0.0], totals[totals > 0.0]
    means = sums / totals
    means[np.abs(means) <= ROUNDING * np.abs(differences).max()] = 0.0
    return np.sort(means), patterns
