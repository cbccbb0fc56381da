"""Rank correlations over tasks: by hand, and where there is too little."""

import pytest

from divbench.statistics.correlation import rank_correlation
from divbench.statistics.estimates import Estimate


def test_rank_correlation_by_hand():
    tasks = [[(x, y)] * 3 for x, y in [(1, 1), (2, 3), (3, 2), (4, 5), (5, 4)]]
    found = rank_correlation(tasks)
    interval = found.estimate
    assert interval.effect == pytest.approx(1 - 6 * 4 / (5 * 24)) and interval.low < interval.effect <= interval.high
    assert interval.level is None and found.above < found.below
    rising = rank_correlation([[(x, 10.0**x)] * 3 for x in range(5)])
    assert rising.estimate == Estimate(*[pytest.approx(1.0)] * 3)
    assert rising.above == pytest.approx(1 / 10_001, rel=0.01)


@pytest.mark.parametrize(
    ("tasks", "effect"),
    [([[(1, 1)] * 3, [(2, 2)] * 3, [(3, 3)] * 3], 1.0), ([[(x, x)] for x in range(6)], 1.0), ([[(1, 1)] * 3], None),
     ([[(0, x)] * 3 for x in range(6)], None)],
)
def test_correlations_of_too_little(tasks, effect):
    found = rank_correlation(tasks)
    assert found.estimate.low is None
    assert found.estimate.effect == (effect if effect is None else pytest.approx(effect))
    assert found.above == found.below == 1.0
