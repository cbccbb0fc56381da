"""Sign flips: against counting, against scipy, and the laws of their intervals."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from divbench.statistics import sign_flips
from divbench.statistics.estimates import Estimate
from divbench.statistics.sign_flips import sign_flip_test

NUMBERS = st.integers(-50, 50).map(lambda number: number / 4)
STRATA = st.lists(st.lists(NUMBERS, min_size=1, max_size=4), min_size=1, max_size=3)


def counted(strata, shift):
    """The chance of a mean over tasks as large or larger, by going through all signs."""
    moved = [[x - shift for x in stratum] for stratum in strata]
    sizes = [len(stratum) for stratum in moved]

    def statistic(signs):
        signs = iter(signs)
        return sum(sum(x * next(signs) for x in stratum) / len(stratum) for stratum in moved)

    seen = statistic([1] * sum(sizes))
    all_signs = list(itertools.product((1, -1), repeat=sum(sizes)))
    return sum(statistic(signs) >= seen - 1e-9 for signs in all_signs) / len(all_signs)


@settings(max_examples=40, deadline=None)
@given(STRATA, NUMBERS)
def test_the_chance_is_a_count_over_all_signs(strata, shift):
    found = sign_flip_test(strata, threshold=shift)
    assert found.above == pytest.approx(counted(strata, shift))
    assert found.below == pytest.approx(counted([[-x for x in stratum] for stratum in strata], -shift))


@settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS, min_size=6, max_size=9), NUMBERS)
def test_the_interval_holds_the_shifts_that_are_not_rejected(differences, shift):
    interval, there = sign_flip_test([differences]).estimate, sign_flip_test([differences], threshold=shift)
    rejected = min(there.above, there.below) <= 0.025
    assert rejected == (not interval.low - 1e-9 <= shift <= interval.high + 1e-9)
    assert interval.level >= 0.95 and there.estimate.level == interval.level
    assert (there.estimate.low, there.estimate.high) == pytest.approx((interval.low, interval.high))


def test_it_is_the_permutation_test_of_scipy():
    differences = np.random.default_rng(3).normal(0.4, 1.0, 9)
    theirs = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf,
                                    alternative="greater")
    assert sign_flip_test([differences.tolist()]).above == pytest.approx(theirs.pvalue)


def test_six_pairs_are_just_enough():
    assert sign_flip_test([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).estimate == Estimate(3.5, 1.0, 6.0, 1 - 2 / 64)
    five = sign_flip_test([[1.0, 2.0, 3.0, 4.0, 5.0]])
    assert five.estimate == Estimate(3.0) and five.least_above == five.above == 1 / 32 and five.below == 1.0
    assert sign_flip_test([[1.0], []]).estimate == sign_flip_test([]).estimate == Estimate(None)


def test_a_task_counts_once_however_many_pairs_it_has():
    assert sign_flip_test([[4.0] * 6, [0.0, 0.0]]).estimate.effect == pytest.approx(2.0)


def test_equal_differences_on_the_threshold_speak_for_neither_side():
    found = sign_flip_test([[0.1] * 8], threshold=0.1)
    assert (found.above, found.below) == (1.0, 1.0)
    assert found.estimate.low == found.estimate.high == pytest.approx(0.1)
    noise = sign_flip_test([[0.1, 0.2, -0.3, 0.1, 0.2, -0.3]])
    assert noise.estimate.effect == pytest.approx(0.0) and noise.above > 0.025


def test_many_pairs_are_drawn_with_a_fixed_seed(monkeypatch):
    differences = np.random.default_rng(0).normal(0.3, 1.0, (2, 9)).tolist()
    drawn = sign_flip_test(differences)
    assert drawn == sign_flip_test(differences) and drawn.above * 20_001 == pytest.approx(round(drawn.above * 20_001))
    monkeypatch.setattr(sign_flips, "MOST_ENUMERATED", 18)
    whole = sign_flip_test(differences)
    assert drawn.above == pytest.approx(whole.above, abs=0.005) and drawn.estimate.level >= 0.95
    assert drawn.estimate.low == pytest.approx(whole.estimate.low, abs=0.03)
    assert drawn.estimate.high == pytest.approx(whole.estimate.high, abs=0.03)
    assert sign_flip_test([[1.0] * 20]).above >= 1 / 20_001, "no chance is ever 0"
