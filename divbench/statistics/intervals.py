"""Estimates that claims are decided by: medians and their bootstraps, differences of shares, rank correlations.

Numbers in, numbers out: what a lane, a variant or a claim is, is not known here. Does not live here: what reports need
as well, which is `estimates` (means), `shares`, `bootstrap` (drawing) and `aggregates` (interquartile means); claims
take from here what they take of those. numpy is imported inside the functions. Letters in shapes:
D draws, N seeds of a stratum, T strata.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from divbench.statistics import bootstrap as resampling
from divbench.statistics.aggregates import iqm as interquartile_mean
from divbench.statistics.bootstrap import DRAWS, LEAST_SEEDS, SEED, percentiles
from divbench.statistics.estimates import CONFIDENCE, Estimate, mean_difference
from divbench.statistics.shares import share_interval as wilson

__all__ = [
    "CONFIDENCE", "DRAWS", "Estimate", "LEAST_SEEDS", "LEAST_TASKS", "SEED", "bootstrap", "interquartile_mean",
    "least_of_medians", "mean_difference", "mean_of_medians", "rank_correlation", "share_difference", "wilson",
    "worst_of_medians",
]  # fmt: skip

LEAST_TASKS = 4  # for a correlation over tasks
_HALVINGS, _SHARES = 40, 201  # of the search for an exact limit; shares tried at each step


def mean_of_medians(strata: Sequence):
    """Medians over seeds, averaged over strata: arrays `[D, N]`, one for each of T strata, to `[D]`.

    The median within a task, since diverging lanes differ by powers of ten; the mean over tasks, so that none counts
    more for having more seeds.
    """
    import numpy as np

    return np.mean([np.median(stratum, axis=1) for stratum in strata], axis=0)


def bootstrap(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]] = (), *,
              statistic: Callable = mean_of_medians) -> Estimate:
    """A statistic over strata, or its difference between two sides, with a percentile bootstrap interval.

    Seeds are drawn with replacement within each stratum and side, strata are fixed: `DRAWS` draws with a fixed seed,
    so that equal evidence gives equal intervals.

    Args:
      first: for each task the numbers of its seeds.
      second: the side to be subtracted, the same tasks; empty for none.
      statistic: `(strata) -> [D]` on a list of arrays `[D, N]`.

    Returns:
      No interval if a stratum has fewer than `LEAST_SEEDS` numbers, no effect if one has none.
    """
    import numpy as np

    sides = [[np.asarray(stratum, float) for stratum in side] for side in (first, second) if side]

    def total(drawn: list):
        values = [statistic(side) for side in drawn]
        return values[0] - values[1] if len(values) == 2 else values[0]

    return resampling.bootstrap(sides, total, chunk=DRAWS)[0]


def worst_of_medians(strata: Sequence):
    """Medians over seeds, the largest over strata: arrays `[D, N]`, one for each of T strata, to `[D]`."""
    import numpy as np

    return np.max([np.median(stratum, axis=1) for stratum in strata], axis=0)


def least_of_medians(strata: Sequence):
    """Medians over seeds, the smallest over strata: arrays `[D, N]`, one for each of T strata, to `[D]`."""
    import numpy as np

    return np.min([np.median(stratum, axis=1) for stratum in strata], axis=0)


def share_difference(hits: int, count: int, other_hits: int, other_count: int) -> Estimate:
    """One share minus another, with an exact interval; no interval if a side has fewer than `LEAST_SEEDS` lanes.

    A difference belongs to the interval unless, whatever the second share may be, the observed difference or one
    still farther off has a probability of at most 2.5% under it (Santner and Snell, 1980). The interval covers the
    truth at least as often as it says: 3 of 3 against 0 of 3 is just enough to exclude 0.
    """
    if not count or not other_count:
        return Estimate(None)
    effect = hits / count - other_hits / other_count
    if min(count, other_count) < LEAST_SEEDS:
        return Estimate(effect)
    low = _exact_limit(hits, count, other_hits, other_count)
    return Estimate(effect, low, -_exact_limit(other_hits, other_count, hits, count))


def rank_correlation(tasks: Sequence[Sequence[tuple[float, float]]]) -> Estimate:
    """Spearman's correlation over tasks of the medians of two numbers, with a bootstrap interval.

    A correlation over tasks speaks about tasks that were not run, so tasks are drawn with replacement, and then the
    seeds of each. No interval below `LEAST_TASKS` tasks; no effect where one of the two numbers does not vary.

    Args:
      tasks: for each task the pairs of its seeds.
    """
    import numpy as np

    pairs = [np.asarray(task, float) for task in tasks if len(task)]
    if len(pairs) < 2:
        return Estimate(None)
    effect = float(_spearman(np.stack([np.median(task, axis=0) for task in pairs])[None])[0])
    if not math.isfinite(effect):
        return Estimate(None)
    if len(pairs) < LEAST_TASKS or min(map(len, pairs)) < LEAST_SEEDS:
        return Estimate(effect)
    random = np.random.default_rng(SEED)
    chosen, medians = random.integers(0, len(pairs), (DRAWS, len(pairs))), np.empty((DRAWS, len(pairs), 2))
    for place in range(len(pairs)):
        for number, task in enumerate(pairs):
            draws = np.flatnonzero(chosen[:, place] == number)
            medians[draws, place] = np.median(task[random.integers(0, len(task), (len(draws), len(task)))], axis=1)
    drawn = _spearman(medians)
    return Estimate(effect, *percentiles(drawn[np.isfinite(drawn)]))  # a draw of one task alone has no correlation


def _exact_limit(hits: int, count: int, other_hits: int, other_count: int) -> float:
    """The lower limit of a difference of shares, by halving; the tail grows with the difference."""
    import numpy as np

    shares = np.arange(count + 1)[:, None] / count - np.arange(other_count + 1)[None] / other_count
    tail = (shares >= hits / count - other_hits / other_count - 1e-12).astype(float)

    def largest(difference: float) -> float:
        other = np.linspace(max(0.0, -difference), min(1.0, 1.0 - difference), _SHARES)
        first, second = _binomial(other + difference, count), _binomial(other, other_count)
        return float(np.max(np.einsum("pi,ij,pj->p", first, tail, second, optimize=True)))

    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if largest(middle) > (1 - CONFIDENCE) / 2 else (middle, high)
    return low


def _binomial(shares, count: int):
    """Probabilities `[P, count + 1]` of every number of hits at shares `[P]`."""
    import numpy as np

    shares = np.clip(shares, 0.0, 1.0)[:, None]
    hits = np.arange(count + 1)
    ways = np.array([float(math.comb(count, k)) for k in hits])
    return ways * shares**hits * (1 - shares) ** (count - hits)


def _spearman(pairs):
    """Correlations `[D]` of the average ranks of two columns, pairs `[D, T, 2]`; nan where a column does not vary."""
    import numpy as np

    def centred_ranks(values):
        below = np.sum(values[:, None, :] < values[:, :, None], axis=2)
        ranks = below + (np.sum(values[:, None, :] == values[:, :, None], axis=2) - 1) / 2
        return ranks - ranks.mean(axis=1, keepdims=True)

    first, second = centred_ranks(pairs[..., 0]), centred_ranks(pairs[..., 1])
    scale = np.sqrt(np.sum(first**2, axis=1) * np.sum(second**2, axis=1))
    return np.divide(np.sum(first * second, axis=1), scale, out=np.full(len(pairs), math.nan), where=scale > 0)
