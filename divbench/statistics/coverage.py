"""How often bootstrap intervals of scores hold the truth, as measured on populations whose truth is known.

Percentile bootstraps over few seeds are made for 95% and hold the truth less often (`bootstrap`). How much less depends
on the scores, whose distribution is unknown, so the number here is the least of four populations: normal, heavy-tailed,
skewed and of two heaps, with tasks alike and tasks far apart. `benchmarks/interval_coverage.py` measured them with
2,000 draws of 2,000 resamples each: an error of 0.5 to 1.1 points. `results/baselines/interval_coverage.csv` has every
population; a test compares it with this table.

Imports nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

SEEDS = (3, 5, 8, 12)  # of a task

# By statistic and number of tasks, the share of intervals that held the truth with 3, 5, 8 and 12 seeds of a task.
COVERAGE: Mapping[str, Mapping[int, tuple[float, ...]]] = {
    "iqm": {
        1: (0.7445, 0.8945, 0.9230, 0.9330),
        2: (0.7350, 0.7990, 0.7910, 0.8090),
        3: (0.6695, 0.6980, 0.7695, 0.8250),
        5: (0.7770, 0.8525, 0.8770, 0.8945),
        10: (0.8005, 0.8370, 0.8680, 0.8950),
        15: (0.7810, 0.8565, 0.8725, 0.8990),
    },
    "mean": {
        1: (0.6320, 0.7250, 0.7850, 0.8225),
        2: (0.6905, 0.7795, 0.8250, 0.8455),
        3: (0.7410, 0.7980, 0.8475, 0.8755),
        5: (0.7680, 0.8445, 0.8755, 0.8950),
        10: (0.8105, 0.8515, 0.8945, 0.9025),
        15: (0.8375, 0.8760, 0.8875, 0.9170),
    },
    "median": {
        1: (0.6320, 0.7250, 0.7850, 0.8225),
        2: (0.6905, 0.7795, 0.8250, 0.8455),
        3: (0.6480, 0.7170, 0.7920, 0.8265),
        5: (0.6510, 0.7190, 0.7760, 0.8235),
        10: (0.5635, 0.6740, 0.7770, 0.8130),
        15: (0.5020, 0.6285, 0.7235, 0.8145),
    },
    "optimality_gap": {
        1: (0.6320, 0.7250, 0.7850, 0.8225),
        2: (0.6365, 0.7375, 0.8070, 0.8290),
        3: (0.7215, 0.7750, 0.8300, 0.8580),
        5: (0.7530, 0.8140, 0.8595, 0.8695),
        10: (0.7995, 0.8475, 0.8625, 0.8960),
        15: (0.8185, 0.8620, 0.8875, 0.9020),
    },
    "profile": {
        1: (0.7475, 0.9380, 0.9270, 0.9570),
        2: (0.9720, 0.9320, 0.9355, 0.9480),
        3: (0.7425, 0.8740, 0.9210, 0.9455),
        5: (0.7395, 0.8980, 0.9245, 0.9375),
        10: (0.9015, 0.9290, 0.9430, 0.9445),
        15: (0.7315, 0.9140, 0.9285, 0.9405),
    },
    "improvement": {
        1: (0.7800, 0.9005, 0.9300, 0.9400),
        2: (0.9360, 0.9290, 0.9405, 0.9365),
        3: (0.8930, 0.9225, 0.9405, 0.9405),
        5: (0.9025, 0.9300, 0.9385, 0.9400),
        10: (0.9215, 0.9390, 0.9370, 0.9390),
        15: (0.9060, 0.9350, 0.9335, 0.9480),
    },
}


def coverage(statistic: str, tasks: int, seeds: int) -> float | None:
    """How often a bootstrap interval holds the truth, at these numbers or the nearest smaller ones measured.

    Args:
      statistic: a key of `COVERAGE`. Profiles and probabilities of improvement are measured where
        the truth is one half; towards 0 and 1 coverage is less.
      tasks: T, at least 1.
      seeds: the fewest of any task, on the side that has fewer.

    Returns:
      A share, or None below 3 seeds, where bootstraps give no interval either.
    """
    measured = [place for place, tabulated in enumerate(SEEDS) if tabulated <= seeds]
    nearest = max(tabulated for tabulated in COVERAGE[statistic] if tabulated <= tasks)
    return COVERAGE[statistic][nearest][measured[-1]] if measured else None
