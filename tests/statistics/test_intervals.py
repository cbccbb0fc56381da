"""Estimates that claims are decided by: known answers, and the laws of intervals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.statistics.intervals import (
    Estimate,
    bootstrap,
    least_of_medians,
    rank_correlation,
    share_difference,
    worst_of_medians,
)


@pytest.mark.parametrize("count", [3, 6, 10])
def test_all_against_none_has_a_closed_form(count):
    """Only one table is as extreme; its probability is largest at ((1 + d) / 2)**(2 n), and must be 2.5%."""
    found = share_difference(count, count, 0, count)
    assert found.effect == 1.0 and found.high == pytest.approx(1.0)
    assert found.low == pytest.approx(2 * 0.025 ** (1 / (2 * count)) - 1, abs=1e-6)


def test_equal_shares_and_too_few_lanes():
    found = share_difference(3, 6, 3, 6)
    assert found.effect == 0.0 and found.low < -0.3 and found.high == pytest.approx(-found.low, abs=1e-6)
    assert share_difference(2, 2, 0, 2) == Estimate(1.0)
    assert share_difference(0, 0, 1, 5) == Estimate(None)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 8), st.integers(3, 8), st.data())
def test_a_difference_of_shares_turned_round(count, other, data):
    hits, others = data.draw(st.integers(0, count)), data.draw(st.integers(0, other))
    there, back = share_difference(hits, count, others, other), share_difference(others, other, hits, count)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert -1 <= there.low <= there.effect <= there.high <= 1


@pytest.mark.parametrize(("share", "other"), [(0.5, 0.5), (0.9, 0.2), (0.3, 0.6)])
def test_the_exact_interval_covers_at_least_95_percent(share, other):
    count = 4
    covered = 0.0
    for hits in range(count + 1):
        for others in range(count + 1):
            found = share_difference(hits, count, others, count)
            weight = math.comb(count, hits) * share**hits * (1 - share) ** (count - hits)
            weight *= math.comb(count, others) * other**others * (1 - other) ** (count - others)
            covered += weight * (found.low - 1e-9 <= share - other <= found.high + 1e-9)
    assert covered >= 0.95


def test_medians_within_tasks_means_over_them():
    first, second = [[1.0, 2.0, 100.0], [10.0, 11.0, 12.0]], [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    assert bootstrap(first).effect == pytest.approx((2 + 11) / 2)
    assert bootstrap(first, second).effect == pytest.approx((2 + 10) / 2)


def test_equal_numbers_have_an_interval_of_one_point():
    assert bootstrap([[2.0] * 5], [[0.5] * 5]) == Estimate(1.5, 1.5, 1.5)


def test_three_seeds_of_one_task_span_their_range():
    assert bootstrap([[1.0, 2.0, 4.0]]) == Estimate(2.0, 1.0, 4.0)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    sample = np.random.default_rng(1).normal(5.0, 2.0, 400)
    found = bootstrap([sample.tolist()], statistic=lambda strata: np.mean(strata[0], axis=1))
    half = 1.96 * sample.std() / 20
    assert (found.low, found.high) == pytest.approx((sample.mean() - half, sample.mean() + half), abs=0.02)


def test_equal_evidence_gives_equal_intervals():
    sides = [[1.0, 3.0, 2.0, 7.0]], [[0.5, 4.0, 1.0]]
    assert bootstrap(*sides) == bootstrap(*sides)


@pytest.mark.parametrize(
    ("first", "second", "effect"), [([[1.0, 2.0]], (), 1.5), ([[1.0] * 5, [1.0]], (), 1.0), ([[1.0] * 5], [[0.0]], 1.0),
                                    ([[1.0] * 5, []], (), None), ((), (), None)]
)
def test_too_few_seeds_have_no_interval(first, second, effect):
    assert bootstrap(first, second) == Estimate(effect)


def test_the_worst_and_the_least_task():
    strata = [[1.0, 2.0, 9.0], [4.0, 5.0, 6.0]]
    assert bootstrap(strata, statistic=worst_of_medians).effect == 5.0
    assert bootstrap(strata, statistic=least_of_medians).effect == 2.0


def test_rank_correlation_by_hand():
    tasks = [[(x, y)] * 3 for x, y in [(1, 1), (2, 3), (3, 2), (4, 5), (5, 4)]]
    found = rank_correlation(tasks)
    assert found.effect == pytest.approx(1 - 6 * 4 / (5 * 24)) and found.low < found.effect <= found.high
    rising = rank_correlation([[(x, 10.0**x)] * 3 for x in range(5)])
    assert rising == Estimate(*[pytest.approx(1.0)] * 3)


@pytest.mark.parametrize(
    ("tasks", "effect"),
    [([[(1, 1)] * 3, [(2, 2)] * 3, [(3, 3)] * 3], 1.0), ([[(x, x)] for x in range(6)], 1.0), ([[(1, 1)] * 3], None),
     ([[(0, x)] * 3 for x in range(6)], None)],
)
def test_correlations_of_too_little(tasks, effect):
    found = rank_correlation(tasks)
    assert found.low is None and found.effect == (effect if effect is None else pytest.approx(effect))
