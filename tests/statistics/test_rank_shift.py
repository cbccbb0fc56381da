"""The shift of one sample against another: scipy's answers on one task, and the laws of the interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from divbench.statistics.estimates import Estimate
from divbench.statistics.rank_shift import rank_shift_test

SIDE = st.lists(st.integers(-20, 20).map(lambda number: number / 2), min_size=4, max_size=6)


def test_one_task_is_mann_whitney_and_hodges_lehmann():
    random = np.random.default_rng(2)
    first, second = random.normal(1.0, 1.0, 7).tolist(), random.normal(0.0, 1.0, 6).tolist()
    found = rank_shift_test([first], [second])
    theirs = stats.mannwhitneyu(first, second, alternative="greater", method="exact")
    assert found.above == pytest.approx(theirs.pvalue)
    assert found.estimate.effect == pytest.approx(np.median(np.subtract.outer(first, second)))
    assert found.estimate.level >= 0.95


def test_four_beside_four_are_just_enough_and_two_tasks_of_three():
    apart = [[5.0, 6.0, 7.0, 8.0]], [[1.0, 2.0, 3.0, 4.0]]
    assert rank_shift_test(*apart).estimate == Estimate(4.0, 1.0, 7.0, pytest.approx(1 - 2 / 70))
    three = rank_shift_test([[5.0, 6.0, 7.0]], [[1.0, 2.0, 3.0]])
    assert three.estimate == Estimate(4.0) and three.least_above == three.above == pytest.approx(0.05)
    assert rank_shift_test([[5.0, 6.0, 7.0]] * 2, [[1.0, 2.0, 3.0]] * 2).above == pytest.approx(0.05**2)
    assert rank_shift_test([[]], [[1.0]]).estimate == rank_shift_test([], []).estimate == Estimate(None)


@settings(max_examples=30, deadline=None)
@given(SIDE, SIDE, st.integers(-40, 40).map(lambda number: number / 2 + 0.25))
def test_the_interval_holds_the_shifts_that_are_not_rejected(first, second, shift):
    found = rank_shift_test([first, first], [second, second], threshold=shift)
    interval = found.estimate
    if interval.low is not None:
        rejected = min(found.above, found.below) <= 0.025
        assert rejected == (not interval.low <= shift <= interval.high)


@settings(max_examples=30, deadline=None)
@given(SIDE, SIDE)
def test_sides_turned_round(first, second):
    there, back = rank_shift_test([first], [second]), rank_shift_test([second], [first])
    assert there.estimate.effect == pytest.approx(-back.estimate.effect)
    assert (there.above, there.below) == (pytest.approx(back.below), pytest.approx(back.above))
    if there.estimate.low is not None:
        assert (there.estimate.low, there.estimate.high) == (-back.estimate.high, -back.estimate.low)


def test_sides_of_different_tasks_are_refused():
    with pytest.raises(ValueError, match="same tasks on both sides, found 1 and 2"):
        rank_shift_test([[1.0]], [[1.0], [2.0]])
