"""Shares and their differences: closed forms, scipy's answers, and coverage by going through all outcomes."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from divbench.statistics.estimates import Estimate
from divbench.statistics.share_differences import paired_share_difference, share_difference
from divbench.statistics.shares import share_interval, share_test


def pairs_of(one, other, count):
    return [(True, False)] * one + [(False, True)] * other + [(False, False)] * (count - one - other)


@pytest.mark.parametrize("count", [1, 5, 6, 12])
def test_nothing_of_many_has_a_closed_form(count):
    assert share_interval(0, count) == pytest.approx((0.0, 1 - 0.025 ** (1 / count)))
    assert share_interval(count, count) == pytest.approx((0.025 ** (1 / count), 1.0))


def test_shares_of_nothing_and_wrong_shares():
    assert share_interval(0, 0) == (0.0, 1.0) and share_test(0, 0, threshold=0.5).estimate == Estimate(None)
    with pytest.raises(ValueError, match="expected 0 <= hits <= count, found 4 of 3"):
        share_interval(4, 3)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.83])
def test_the_interval_of_a_share_covers_at_least_95_percent(share):
    for count in (3, 7, 12):
        covered = sum(stats.binom.pmf(hits, count, share) for hits in range(count + 1)
                      if share_interval(hits, count)[0] <= share <= share_interval(hits, count)[1])
        assert covered >= 0.95


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_interval_and_chances_of_a_share_agree(threshold):
    for hits in range(13):
        found = share_test(hits, 12, threshold=threshold)
        assert (found.estimate.low > threshold) == (2 * found.above <= 0.05)
        assert (found.estimate.high < threshold) == (2 * found.below <= 0.05)
        assert found.least_above == threshold**12 and found.least_below == pytest.approx((1 - threshold) ** 12)


@pytest.mark.parametrize("count", [3, 6, 10])
def test_all_against_none_has_a_closed_form(count):
    """Only one table is as extreme; its probability is largest at ((1 + d) / 2)**(2 n), and must be 2.5%."""
    found = share_difference(count, count, 0, count)
    assert found.estimate.effect == 1.0 and found.estimate.high == pytest.approx(1.0)
    assert found.estimate.low == pytest.approx(2 * 0.025 ** (1 / (2 * count)) - 1, abs=1e-6)
    assert found.above == found.least_above == pytest.approx(0.25**count)
    paired = paired_share_difference(pairs_of(count, 0, count))
    assert paired.estimate.low == pytest.approx(2 * 0.025 ** (1 / count) - 1, abs=1e-6)
    assert paired.above == paired.least_above == pytest.approx(0.5**count)


def test_equal_shares_and_too_few_lanes():
    found = share_difference(3, 6, 3, 6).estimate
    assert found.effect == 0.0 and found.low < -0.3 and found.high == pytest.approx(-found.low, abs=1e-6)
    assert share_difference(2, 2, 0, 2).estimate == paired_share_difference(pairs_of(2, 0, 2)).estimate == Estimate(1.0)
    assert share_difference(0, 0, 1, 5).estimate == paired_share_difference([]).estimate == Estimate(None)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 8), st.integers(3, 8), st.data())
def test_a_difference_of_shares_turned_round(count, other, data):
    hits, others = data.draw(st.integers(0, count)), data.draw(st.integers(0, other))
    there = share_difference(hits, count, others, other).estimate
    back = share_difference(others, other, hits, count).estimate
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert -1 <= there.low <= there.effect <= there.high <= 1


@pytest.mark.parametrize(("share", "other"), [(0.5, 0.5), (0.9, 0.2), (0.3, 0.6)])
def test_the_exact_intervals_of_differences_cover_at_least_95_percent(share, other):
    """Of four lanes, or four pairs of independent lanes, by going through all outcomes."""
    count = 4
    covered = paired = 0.0
    for hits in range(count + 1):
        for others in range(count + 1):
            found = share_difference(hits, count, others, count).estimate
            weight = math.comb(count, hits) * share**hits * (1 - share) ** (count - hits)
            weight *= math.comb(count, others) * other**others * (1 - other) ** (count - others)
            covered += weight * (found.low - 1e-9 <= share - other <= found.high + 1e-9)
    right, wrong = share * (1 - other), other * (1 - share)
    for one in range(count + 1):
        for two in range(count + 1 - one):
            found = paired_share_difference(pairs_of(one, two, count)).estimate
            weight = math.comb(count, one) * math.comb(count - one, two) * right**one * wrong**two
            weight *= (1 - right - wrong) ** (count - one - two)
            paired += weight * (found.low - 1e-9 <= share - other <= found.high + 1e-9)
    assert covered >= 0.95 and paired >= 0.95


@pytest.mark.parametrize("count", [6, 8, 16, 24])
def test_paired_shares_exclude_0_wherever_sign_flips_reject_it(count):
    """Pairs that do not differ change nothing: the sign test over the others, which is McNemar's."""
    for other in range(3):
        for one in range(other + 4, count + 1 - other):
            signs = stats.binomtest(one, one + other, 0.5, alternative="greater").pvalue
            if signs <= 0.025:
                found = paired_share_difference(pairs_of(one, other, count))
                assert found.estimate.low > 0.0 and 2 * found.above <= 0.05
