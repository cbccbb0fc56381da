"""Percentile bootstraps stratified by task: seeds are drawn again within each task, tasks stay as they are.

Lives here: drawing, in chunks so that a large result set needs no more memory than a small one, and the interval.
Does not live here: what is computed from a draw; the statistics of scores are in `aggregates`. numpy is imported inside
the functions. Letters in shapes: D draws, N seeds of a task (it may differ from task to task), K numbers computed from
one draw, `...` further axes that are drawn together, such as the points of a curve.

A draw of N seeds varies by (N - 1) / N of the variance over seeds, so a percentile interval is too narrow by a factor
of sqrt(1 - 1 / N): by 18% for 3 seeds, 11% for 5, 5% for 10. Fewer than `LEAST_SEEDS` have none. How often intervals of
scores hold the truth is measured: `coverage`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from divbench.statistics.estimates import CONFIDENCE, Estimate

if TYPE_CHECKING:
    import numpy as np

DRAWS, SEED = 10_000, 0
LEAST_SEEDS = 3  # of a task; resampling fewer says nothing about seeds that were not run
NUMBERS_AT_ONCE = 2**20  # drawn before they are reduced: 8 MB, and a few times that while they are sorted


def bootstrap(sides: Sequence[Sequence], statistic: Callable, *, outputs: int = 1, draws: int = DRAWS,
              confidence: float = CONFIDENCE, chunk: int | None = None) -> list[Estimate]:
    """K numbers of one or more result sets, each with its percentile interval, all from the same draws.

    The seed is fixed, so that equal evidence gives equal intervals.

    Args:
      sides: the result sets; each has for each task an array `[..., N]` of its seeds' numbers. Seeds are drawn on each
        side by itself.
      statistic: takes for each side a list of arrays `[..., D, N]`, one for each task, and returns `[D]` or `[K, D]`.
      outputs: K.
      draws: how many in all.
      confidence: of the intervals, between 0 and 1.
      chunk: draws made at a time; by default as many as `NUMBERS_AT_ONCE` allows. Another size makes other draws.

    Returns:
      K estimates: without interval if a task of any side has fewer than `LEAST_SEEDS` seeds, without effect if one has
      none or a side has no task.
    """
    import numpy as np

    sides = [[np.asarray(stratum) for stratum in side] for side in sides]
    counts = [stratum.shape[-1] for side in sides for stratum in side]
    if not sides or not all(sides) or min(counts) == 0:
        return [Estimate(None)] * outputs
    as_found = [[stratum[..., None, :] for stratum in side] for side in sides]
    effects = np.atleast_2d(statistic(as_found))[:, 0]
    if min(counts) < LEAST_SEEDS:
        return [Estimate(float(effect)) for effect in effects]
    if chunk is None:
        chunk = max(1, NUMBERS_AT_ONCE // sum(stratum.size for side in sides for stratum in side))
    random = np.random.default_rng(SEED)
    parts = []
    for done in range(0, draws, chunk):
        now = min(chunk, draws - done)
        parts.append(np.atleast_2d(statistic([draw_seeds(side, now, random) for side in sides])))
    return [Estimate(float(effect), *percentiles(values, confidence))
            for effect, values in zip(effects, np.concatenate(parts, axis=1), strict=True)]


def draw_seeds(strata: Sequence, draws: int, random: np.random.Generator) -> list:
    """Seeds drawn with replacement within each task: arrays `[..., N]` to arrays `[..., D, N]`.

    Args:
      strata: for each task the numbers of its seeds.
      draws: D.
      random: a numpy generator; it is advanced task by task.
    """
    return [stratum[..., random.integers(0, stratum.shape[-1], (draws, stratum.shape[-1]))] for stratum in strata]


def percentiles(values: Sequence[float] | np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The middle `confidence` of values `[D]`, by linear interpolation."""
    import numpy as np

    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
