"""The exact rank tests against scipy and against counting; the level that many tests share."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.statistics.ranks import (
    adjusted,
    flipped,
    independent,
    least_chance,
    rank_scores,
    sign_scores,
    together,
)

SMALL = st.lists(st.integers(0, 4).map(float), min_size=1, max_size=4)  # ties are common


def unpaired(first, second):
    return independent(*(list(side.values()) for side in rank_scores(dict(enumerate(first)), dict(enumerate(second)))))


def paired(first, second):
    return flipped(list(sign_scores(dict(enumerate(first)), dict(enumerate(second))).values()))


def test_two_samples_are_those_of_scipy():
    from scipy.stats import mannwhitneyu

    first, second = [1.0, 4.0, 2.5, 7.0, 3.0], [2.0, 6.0, 9.0, 8.0]
    null = unpaired(first, second)
    assert null.above == pytest.approx(mannwhitneyu(second, first, alternative="greater", method="exact").pvalue)
    assert null.below == pytest.approx(mannwhitneyu(second, first, alternative="less", method="exact").pvalue)
    assert null.two_sided == pytest.approx(mannwhitneyu(second, first, method="exact").pvalue)


def test_pairs_are_those_of_scipy():
    from scipy.stats import wilcoxon

    first, second = [1.0, 4.0, 2.5, 7.0, 3.0, 9.0], [2.5, 4.5, 5.5, 6.0, 7.0, 14.0]
    assert paired(first, second).above == pytest.approx(wilcoxon(second, first, alternative="greater").pvalue)


@settings(deadline=None)
@given(SMALL, SMALL)
def test_ties_are_counted_right(first, second):
    null, pooled = unpaired(first, second), first + second
    ranks = [sum(y < x for y in pooled) + sum(y == x for y in pooled) / 2 for x in pooled]
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(second))]
    observed = sum(ranks[len(first):])
    assert null.below == pytest.approx(sum(x <= observed for x in sums) / len(sums))
    assert null.above == pytest.approx(sum(x >= observed for x in sums) / len(sums))
    assert null.least[0] == pytest.approx(sums.count(min(sums)) / len(sums))


@settings(deadline=None)
@given(SMALL, SMALL)
def test_sides_exchanged_exchange_the_chances(first, second):
    one, other = unpaired(first, second), unpaired(second, first)
    assert (one.below, one.above) == (pytest.approx(other.above), pytest.approx(other.below))


@settings(deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=6))
def test_signs_are_counted_right(scores):
    null = flipped(scores)
    sums = [sum(sign * abs(score) for sign, score in zip(signs, scores, strict=True))
            for signs in itertools.product((-1, 1), repeat=len(scores))]
    assert null.above == pytest.approx(sum(x >= sum(scores) for x in sums) / len(sums))


@given(SMALL, SMALL, SMALL, SMALL)
@settings(max_examples=30, deadline=None)
def test_cells_add_up(a, b, c, d):
    one, other = unpaired(a, b), unpaired(c, d)
    both = together([one, other])
    assert both.observed == one.observed + other.observed and float(both.chances.sum()) == pytest.approx(1.0)
    if both.observed == both.lowest:
        assert both.below == pytest.approx(one.below * other.below)


def test_infinite_numbers_have_ranks():
    infinite = math.inf
    assert unpaired([1.0, 2.0, 3.0], [infinite] * 3).above == pytest.approx(1 / 20)
    assert unpaired([infinite] * 3, [infinite] * 3).least == (1.0, 1.0, 1.0)
    assert sign_scores({0: infinite, 1: 1.0, 2: 5.0}, {0: infinite, 1: infinite, 2: 4.0}) == {0: 0, 1: 4, 2: -2}


@pytest.mark.parametrize(("seeds", "strata", "pairs", "chance"), [(3, 1, False, 1 / 20), (3, 2, False, 1 / 400),
                                                                  (5, 1, True, 1 / 32)])
def test_the_least_chance(seeds, strata, pairs, chance):
    assert least_chance(seeds, strata=strata, paired=pairs) == pytest.approx(chance)
    low, high = [float(x) for x in range(seeds)], [float(x) + 1000 + x for x in range(seeds)]
    assert together([(paired if pairs else unpaired)(low, high)] * strata).above == pytest.approx(chance)


def test_tests_that_cannot_reject_take_no_share():
    assert adjusted([0.01, 0.2, 1.0], [0.01, 0.1, 1.0], 0.05) == [0.01, 1.0, 1.0]
    assert adjusted([0.01, 0.02, 1.0], [0.001, 0.001, 1.0], 0.05) == [0.02, 0.04, 1.0]
    # three that reach 0.02 each: at a third of the level none can pass, at half of it all could, so it is a third
    assert adjusted([0.02] * 3, [0.02] * 3, 0.05) == [1.0] * 3
    assert adjusted([0.1], [0.1], 1.0 - 0.9) == [0.1], "3 against 3 can decide at 1 in 10"


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.0001, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=8))
def test_shares_are_between_none_and_bonferroni(pairs):
    chances, least = [x for x, _ in pairs], [x * share for x, share in pairs]
    for chance, found in zip(chances, adjusted(chances, least, 0.05), strict=True):
        assert chance <= found and (found == 1.0 or found <= chance * len(chances) + 1e-12)
