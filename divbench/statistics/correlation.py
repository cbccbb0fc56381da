"""Spearman's rank correlation over tasks, with a bootstrap over tasks and their seeds. numpy is imported inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from divbench.statistics.bootstrap import DRAWS, LEAST_SEEDS, SEED, percentiles
from divbench.statistics.estimates import CERTAIN, Estimate, Tested

if TYPE_CHECKING:
    import numpy as np

LEAST_TASKS = 4


def rank_correlation(tasks: Sequence[Sequence[tuple[float, float]]], *, threshold: float = 0.0) -> Tested:
    """Spearman's correlation over tasks of the medians of two numbers, beside a threshold.

    A correlation over tasks speaks about tasks that were not run, so tasks are drawn with replacement, and then the
    seeds of each: D = 10,000 draws. The interval is the middle 95% of the draws, and has no known level. A chance is
    (b + 1) / (D + 1), b the draws on the other side of the threshold or on it.

    Args:
      tasks: for each of T tasks the pairs of its seeds.
      threshold: of the correlation.

    Returns:
      No interval below `LEAST_TASKS` tasks or `bootstrap.LEAST_SEEDS` seeds of a task; no effect where one of the two
      numbers does not vary.
    """
    import numpy as np

    pairs = [np.asarray(task, float) for task in tasks if len(task)]
    method = f"bootstrap over {len(pairs)} tasks and their seeds"
    if len(pairs) < 2:
        return Tested(Estimate(None), method=method)
    effect = float(_spearman(np.stack([np.median(task, axis=0) for task in pairs])[None])[0])
    enough = len(pairs) >= LEAST_TASKS and min(map(len, pairs)) >= LEAST_SEEDS
    least = 0.0 if enough else CERTAIN
    if not math.isfinite(effect):
        return Tested(Estimate(None), least_above=least, least_below=least, method=method)
    if not enough:
        return Tested(Estimate(effect), method=method)
    random = np.random.default_rng(SEED)
    chosen, medians = random.integers(0, len(pairs), (DRAWS, len(pairs))), np.empty((DRAWS, len(pairs), 2))
    for place in range(len(pairs)):
        for number, task in enumerate(pairs):
            draws = np.flatnonzero(chosen[:, place] == number)
            medians[draws, place] = np.median(task[random.integers(0, len(task), (len(draws), len(task)))], axis=1)
    drawn = _spearman(medians)
    drawn = drawn[np.isfinite(drawn)]  # a draw of one task alone has no correlation
    return by_draws(effect, drawn, threshold, method)


def by_draws(effect: float, drawn: np.ndarray, threshold: float, method: str) -> Tested:
    """A number beside a threshold by the draws `[D]` of a bootstrap."""
    import numpy as np

    above, below = ((1.0 + float(np.sum(wrong))) / (1.0 + len(drawn)) for wrong in (drawn <= threshold,
                                                                                    drawn >= threshold))
    return Tested(Estimate(effect, *percentiles(drawn)), above, below, 0.0, 0.0, method)


def _spearman(pairs: np.ndarray) -> np.ndarray:
    """Correlations `[D]` of the average ranks of two columns, pairs `[D, T, 2]`; nan where a column does not vary."""
    import numpy as np

    def centred_ranks(values):
        below = np.sum(values[:, None, :] < values[:, :, None], axis=2)
        ranks = below + (np.sum(values[:, None, :] == values[:, :, None], axis=2) - 1) / 2
        return ranks - ranks.mean(axis=1, keepdims=True)

    first, second = centred_ranks(pairs[..., 0]), centred_ranks(pairs[..., 1])
    scale = np.sqrt(np.sum(first**2, axis=1) * np.sum(second**2, axis=1))
    return np.divide(np.sum(first * second, axis=1), scale, out=np.full(len(pairs), math.nan), where=scale > 0)
