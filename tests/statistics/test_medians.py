"""Medians beside a threshold: levels in closed form, the sign test, the worst of several tasks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from divbench.statistics.estimates import Estimate
from divbench.statistics.medians import median_test, worst_median_test


@pytest.mark.parametrize(("count", "level", "rank"), [(6, 1 - 2 / 64, 1), (8, 1 - 2 / 256, 1), (9, 1 - 20 / 512, 2),
                                                      (12, 1 - 2 * 79 / 4096, 3)])
def test_the_level_is_the_binomial_one(count, level, rank):
    found = median_test([float(number) for number in range(count)]).estimate
    assert found == Estimate((count - 1) / 2, rank - 1.0, float(count - rank), pytest.approx(level))


def test_five_numbers_have_no_interval():
    found = median_test([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.estimate == Estimate(3.0) and found.above == found.least_above == 1 / 32
    assert median_test([]).estimate == Estimate(None)


@pytest.mark.parametrize(("tasks", "count", "reached"), [(2, 6, False), (2, 7, True), (3, 7, True), (4, 7, False),
                                                         (4, 8, True)])
def test_how_many_seeds_the_worst_of_tasks_needs(tasks, count, reached):
    found = worst_median_test([[float(number) for number in range(count)]] * tasks, "largest")
    assert (found.estimate.low is not None) == reached == (2 * found.least_below <= 0.05)
    if reached:
        assert found.estimate.level == pytest.approx(1 - tasks * 2 * 0.5**count)


@pytest.mark.parametrize(("side", "effect", "low", "high"),
                         [("largest", 13.0, 10.0, 16.0), ("smallest", 3.0, 0.0, 6.0)])
def test_the_worst_task_is_the_largest_or_the_smallest(side, effect, low, high):
    strata = [[float(number) for number in range(7)], [10.0 + number for number in range(7)]]
    found = worst_median_test(strata, side, threshold=5.0).estimate
    assert (found.effect, found.low, found.high) == (effect, low, high)


def test_an_unknown_side_is_refused():
    with pytest.raises(ValueError, match="expected a side of largest, smallest, found 'worst'"):
        worst_median_test([[1.0]], "worst")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(-9, 9).map(float), min_size=7, max_size=10), min_size=1, max_size=3),
       st.sampled_from(["largest", "smallest"]), st.integers(-9, 9).map(float))
def test_interval_and_chances_agree(strata, side, threshold):
    """Ties with the threshold included."""
    found = worst_median_test(strata, side, threshold=threshold)
    if found.estimate.low is None:
        return
    assert (found.estimate.low > threshold) == (2 * found.above <= 0.05)
    assert (found.estimate.high < threshold) == (2 * found.below <= 0.05)


def test_one_task_is_the_sign_test():
    numbers = np.random.default_rng(1).normal(0.5, 1.0, 11).tolist()
    theirs = stats.binomtest(sum(number > 0.2 for number in numbers), 11, 0.5, alternative="greater")
    assert median_test(numbers, threshold=0.2).above == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("tasks", [1, 2])
def test_it_covers_a_median_between_two_heaps(tasks):
    random = np.random.default_rng(0)
    numbers = random.normal(0.0, 1.0, (1_500, tasks, 8)) + 10.0 * random.integers(0, 2, (1_500, tasks, 8))
    found = [worst_median_test(draw, "smallest").estimate for draw in numbers.tolist()]
    assert np.mean([one.low <= 5.0 <= one.high for one in found]) >= found[0].level - 0.01
