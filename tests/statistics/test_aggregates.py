"""Statistics of many tasks and seeds: known answers, and the laws of intervals."""

import math
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as theirs

from divbench.statistics.aggregates import (
    AGGREGATES,
    aggregate,
    iqm,
    mean,
    median,
    optimality_gap,
    performance_profile,
    probability_of_improvement,
    sample_efficiency,
    small_sample,
)
from divbench.statistics.bootstrap import bootstrap, draw_seeds, percentiles
from divbench.statistics.coverage import coverage
from divbench.statistics.estimates import Estimate, mean_difference, paired_difference
from divbench.statistics.shares import share_interval

RAGGED = [[0.0, 100.0, 200.0, 1_100.0], [500.0, 600.0, 700.0], [900.0, 800.0, 1_000.0, 950.0, 850.0]]
SCORES = st.floats(-1_000, 1_000, allow_nan=False).map(lambda x: round(x, 3))
STRATA = st.lists(st.lists(SCORES, min_size=1, max_size=6), min_size=1, max_size=5)


def flat(estimates):
    return [number for found in estimates for number in (found.effect, found.low, found.high)]


def test_aggregates_by_hand():
    assert iqm([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 1_000.0]]) == 3.5
    assert iqm(RAGGED) == pytest.approx((500 + 600 + 700 + 800 + 850 + 900) / 6)  # 3 of 12 left out at each end
    assert (mean(RAGGED), median(RAGGED)) == (pytest.approx((350 + 600 + 900) / 3), 600.0)
    gaps = (1_000 + 900 + 800 + 0) / 4, (500 + 400 + 300) / 3, (100 + 200 + 0 + 50 + 150) / 5
    assert optimality_gap(RAGGED, 1_000.0) == pytest.approx(sum(gaps) / 3)
    assert {name: found.effect for name, found in aggregate(RAGGED).items()} == {
        "iqm": iqm(RAGGED), "mean": mean(RAGGED), "median": median(RAGGED), "optimality_gap": optimality_gap(RAGGED)
    }


@settings(max_examples=50, deadline=None)
@given(STRATA)
def test_the_interquartile_mean_is_a_trimmed_mean_of_all_scores_together(strata):
    assert iqm(strata) == pytest.approx(theirs.trim_mean(np.concatenate(strata), 0.25), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(STRATA)
def test_a_batch_of_draws_is_computed_draw_by_draw(strata):
    drawn = draw_seeds([np.asarray(stratum) for stratum in strata], 3, np.random.default_rng(0))
    for statistic in (iqm, mean, median, optimality_gap):
        alone = [statistic([stratum[number] for stratum in drawn]) for number in range(3)]
        assert statistic(drawn) == pytest.approx(alone, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(STRATA, SCORES, st.floats(0.1, 10.0))
def test_intervals_move_and_stretch_with_the_scores(strata, shift, scale):
    before = aggregate(strata, draws=50)
    after = aggregate([[scale * (x + shift) for x in stratum] for stratum in strata], draws=50,
                      target=scale * (1_000.0 + shift))
    for name in AGGREGATES:
        offset = 0.0 if name == "optimality_gap" else scale * shift
        for old, new in zip(flat([before[name]]), flat([after[name]]), strict=True):
            assert (old is None) == (new is None) == (old is None or new is None)
            if old is not None:
                assert new == pytest.approx(scale * old + offset, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(SCORES, min_size=3, max_size=6), min_size=1, max_size=5))
def test_intervals_stay_within_the_scores(strata):
    scores = np.concatenate(strata)
    for name in ("iqm", "mean", "median"):
        found = aggregate(strata, draws=50)[name]
        assert scores.min() - 1e-9 <= found.low <= found.high <= scores.max() + 1e-9


def test_the_interval_of_a_mean_is_as_wide_as_seeds_within_tasks_make_it():
    """The spread between tasks, a hundred times that of the seeds, plays no part."""
    random = np.random.default_rng(3)
    scores = 100.0 * np.arange(20)[:, None] + random.normal(size=(20, 5))
    found = aggregate(scores.tolist())["mean"]
    half = 1.96 * math.sqrt(np.sum(scores.var(axis=1) / 5)) / 20
    assert (found.low, found.high) == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.05 * half)
    wide = aggregate(scores.tolist(), confidence=0.99)["mean"]
    assert wide.high - wide.low == pytest.approx(2 * half * 2.576 / 1.96, rel=0.05)


def test_equal_evidence_gives_equal_intervals_and_chunks_only_other_draws():
    assert aggregate(RAGGED) == aggregate(RAGGED)
    strata = [np.asarray(stratum) for stratum in RAGGED]
    (whole,) = bootstrap([strata], lambda sides: mean(sides[0]))
    (parts,) = bootstrap([strata], lambda sides: mean(sides[0]), chunk=999)
    width = whole.high - whole.low
    assert parts != whole and flat([parts]) == pytest.approx(flat([whole]), abs=0.03 * width)


def test_sides_are_drawn_by_themselves_and_have_all_their_draws():
    sizes = []

    def difference(sides):
        first, second = (mean(side) for side in sides)
        sizes.append(first.shape)
        return np.stack([first - second, np.zeros_like(first)])

    found, nothing = bootstrap([[np.arange(4.0)], [np.arange(4.0)]], difference, outputs=2, draws=700, chunk=300)
    assert sizes == [(1,), (300,), (300,), (100,)]
    assert found.low < -0.5 < found.effect == 0.0 < 0.5 < found.high and nothing == Estimate(0.0, 0.0, 0.0)


def test_percentiles_by_hand():
    assert percentiles(np.arange(101.0)) == pytest.approx((2.5, 97.5))
    assert percentiles(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))


@pytest.mark.parametrize(
    ("strata", "effect"), [([[5.0, 7.0]], 6.0), ([[5.0] * 9, [7.0]], 6.0), ([[5.0] * 3, []], None), ([], None)]
)
def test_too_few_seeds_have_no_interval(strata, effect):
    assert aggregate(strata)["mean"] == Estimate(effect)
    assert set(aggregate(strata)) == set(AGGREGATES)


def test_small_samples_are_said_to_be_small():
    assert small_sample([[0.0] * 5, [0.0] * 9]) == ""
    four = small_sample([[0.0] * 4, [0.0] * 9])
    assert "4 seeds of a task" in four and "13% too narrow" in four  # 1 - sqrt(3 / 4)
    assert "2 seeds of a task: no bootstrap interval below 3" in small_sample([[0.0] * 5], [[0.0] * 2])
    assert "1 seed of a task" in small_sample([[0.0]])
    assert small_sample([[]]) == small_sample([]) == "no seeds of a task: nothing can be estimated"


def test_a_score_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite scores of task 2, found nan among 3"):
        aggregate([[1.0, 2.0, 3.0], [1.0, math.nan, 3.0]])
    with pytest.raises(ValueError, match="finite thresholds, found inf"):
        performance_profile([[1.0, 2.0, 3.0]], [math.inf])
    with pytest.raises(ValueError, match="found -inf"):
        probability_of_improvement([[1.0]], [[-math.inf]])
    with pytest.raises(ValueError, match="found nan"):
        sample_efficiency([[{0: math.nan}, {0: 1.0, 5: math.nan}]])


def test_a_profile_by_hand():
    """Of 10 scores, 5 above 0: the count among the draws is binomial. A score at the threshold is not above it."""
    strata = [[-1.0, 1.0] * 3, [2.0, -2.0] * 2]
    profile = performance_profile(strata, [5.0, 0.0, -1.0, -9.0, 1.0])
    assert [found.effect for found in profile] == [0.0, 0.5, 0.5, 1.0, 0.2]
    low, high = theirs.binom.ppf([0.025, 0.975], 10, 0.5) / 10
    assert profile[1] == profile[2] == Estimate(0.5, pytest.approx(low), pytest.approx(high), coverage("profile", 2, 4))
    assert profile[0] == Estimate(0.0, 0.0, 0.0) and profile[3] == Estimate(1.0, 1.0, 1.0)
    assert performance_profile(strata, []) == [] and performance_profile([[1.0, 3.0]], [2.0]) == [Estimate(0.5)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(SCORES, min_size=3, max_size=6), min_size=1, max_size=4), st.lists(SCORES, max_size=6))
def test_profiles_are_shares_that_fall(strata, thresholds):
    pooled = np.concatenate(strata)
    profile = performance_profile(strata, thresholds, draws=100)
    assert [found.effect for found in profile] == pytest.approx([np.mean(pooled > level) for level in thresholds])
    falling = [profile[place] for place in np.argsort(thresholds)]
    for number in range(1, len(falling)):
        above, below = flat([falling[number - 1]]), flat([falling[number]])
        assert all(x >= y - 1e-12 for x, y in zip(above, below, strict=True))


def test_probability_of_improvement_by_hand():
    assert probability_of_improvement([[4.0, 5.0, 6.0]] * 2, [[1.0, 2.0, 3.0]] * 2) == Estimate(1.0, 1.0, 1.0)
    assert probability_of_improvement([[1.0] * 3], [[1.0] * 4]) == Estimate(0.5, 0.5, 0.5)
    assert probability_of_improvement([[1.0, 3.0], [9.0]], [[2.0, 3.0], [1.0, 10.0]]) == Estimate((1.5 / 4 + 1 / 2) / 2)
    # Of 12 scores 6 win against all others: the share of winners among 12 draws is binomial.
    found = probability_of_improvement([[0.0, 1.0] * 6], [[0.5] * 3])
    assert (found.low, found.high) == pytest.approx(tuple(theirs.binom.ppf([0.025, 0.975], 12, 0.5) / 12))
    assert probability_of_improvement([[1.0, 2.0]], [[]]) == probability_of_improvement([], []) == Estimate(None)
    with pytest.raises(ValueError, match="same tasks on both sides, found 1 and 2"):
        probability_of_improvement([[1.0]], [[1.0], [2.0]])


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_probability_of_improvement_is_that_of_mann_and_whitney(data, tasks):
    sides = data.draw(st.tuples(*[st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=tasks,
                                           max_size=tasks)] * 2))
    there, back = (probability_of_improvement(*pair, draws=20).effect for pair in (sides, sides[::-1]))
    expected = np.mean([theirs.mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in zip(*sides, strict=True)])
    assert there == pytest.approx(expected) and back == pytest.approx(1.0 - expected)


def test_sample_efficiency_at_the_steps_of_all_lanes():
    scores = [[1.0, 2.0, 6.0, 7.0], [3.0, 4.0, 5.0]]
    curves = [[{0: 0.0, 50: x, 100: 2 * x + seed % 1, 150: x} for seed, x in enumerate(task)] for task in scores]
    del curves[1][0][150]
    curves[0][2][75] = 9.0
    found = sample_efficiency([[dict(reversed(curve.items())) for curve in task] for task in curves])
    assert list(found) == [0, 50, 100]
    assert found[0] == Estimate(0.0, 0.0, 0.0)
    assert found[50].effect == pytest.approx(iqm(scores)) and found[50].low < found[50].effect < found[50].high
    assert flat([found[100]]) == pytest.approx([2 * x for x in flat([found[50]])])  # the same seeds at every step
    assert sample_efficiency([[{1: 0.0}, {2: 0.0}]]) == sample_efficiency([]) == {}
    assert sample_efficiency([[{1: 3.0}], [{1: 5.0}]]) == {1: Estimate(4.0)}
    assert sample_efficiency([[{1: 3.0}], []]) == {1: Estimate(None)}


def test_a_difference_of_means_is_welch_s():
    first, second = [1.0, 2.0, 6.0], [4.0, 9.0, 11.0, 20.0]
    found = mean_difference([first], [second])
    interval = theirs.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    half = mean_difference([first], [second], confidence=0.5)
    interval = theirs.ttest_ind(first, second, equal_var=False).confidence_interval(0.5)
    assert (half.low, half.high) == pytest.approx((interval.low, interval.high))
    one = mean_difference([first])
    alone = theirs.ttest_1samp(first, 0.0).confidence_interval()
    assert (one.low, one.high) == pytest.approx((alone.low, alone.high)) and one.effect == 3.0
    assert mean_difference([first, [0.0, 2.0]], [second, [5.0, 5.0]]).effect == pytest.approx((3 - 11 + 1 - 5) / 2)
    assert mean_difference([[1.0]], [[2.0]]) == Estimate(-1.0) and mean_difference([[1.0, 1.0]]) == Estimate(1.0)
    assert mean_difference([[]], [[1.0]]) == mean_difference([]) == Estimate(None)
    assert mean_difference(np.array([first])) == one


@pytest.mark.parametrize(("tasks", "seeds"), [(1, 3), (2, 3), (3, 5)])
def test_a_difference_that_is_not_there_is_found_in_about_5_of_100_cases(tasks, seeds):
    random = np.random.default_rng(0)
    wrong = paired_wrong = 0
    for _ in range(500):
        sides = random.normal(size=(2, tasks, seeds)).tolist()
        found, paired = mean_difference(*sides), paired_difference(*sides)
        wrong += not found.low <= 0.0 <= found.high
        paired_wrong += not paired.low <= 0.0 <= paired.high
    assert wrong <= 35 and paired_wrong <= 35  # 2.1 standard deviations above 25


def test_paired_differences_by_hand():
    first, second = [1.0, 2.0, 6.0, 4.0], [3.0, 3.5, 7.0, 7.5]
    found = paired_difference([first], [second])
    interval = theirs.ttest_rel(first, second).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    # Differences (0, 2) and (1, 2, 3): variances of the means 1 and 1/3, each over 2 tasks squared; freedom 1 and 2.
    two = paired_difference([[1.0, 5.0], [2.0, 4.0, 6.0]], [[1.0, 3.0], [1.0, 2.0, 3.0]])
    variance, freedom = (1 + 1 / 3) / 4, (1 + 1 / 3) ** 2 / (1 + 1 / 9 / 2)
    half = theirs.t.ppf(0.975, freedom) * math.sqrt(variance)
    assert flat([two]) == pytest.approx([1.5, 1.5 - half, 1.5 + half])
    assert paired_difference([first], [first]) == Estimate(0.0)
    assert paired_difference([[3.0]], [[1.0]]) == Estimate(2.0) and paired_difference([], []) == Estimate(None)


def test_what_both_of_a_pair_share_drops_out():
    random = np.random.default_rng(2)
    shared, noise = random.normal(0.0, 100.0, (3, 5)), random.normal(0.0, 1.0, (2, 3, 5))
    paired = paired_difference((shared + noise[0]).tolist(), (shared + noise[1]).tolist())
    assert flat([paired]) == pytest.approx(flat([paired_difference(*noise.tolist())]))
    apart = mean_difference((shared + noise[0]).tolist(), (shared + noise[1]).tolist())
    assert paired.high - paired.low < 0.1 * (apart.high - apart.low)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [([[1.0, 2.0]], [[1.0]], "same seeds on both sides, found 2 and 1 seeds of task 1"),
     ([[1.0], [2.0]], [[1.0]], "same tasks on both sides, found 2 and 1 tasks")],
)
def test_pairs_that_do_not_match_are_refused(first, second, said):
    with pytest.raises(ValueError, match=said):
        paired_difference(first, second)


def test_more_hits_than_lanes_are_refused():
    with pytest.raises(ValueError, match="found 3 of 2"):
        share_interval(3, 2)


def test_fifteen_hundred_lanes_take_seconds_and_little_memory():
    strata = np.random.default_rng(0).uniform(0.0, 1_000.0, (300, 5)).tolist()
    tracemalloc.start()
    start = time.process_time()
    found = aggregate(strata)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["iqm"].low < found["iqm"].effect < found["iqm"].high
    assert peak < 100e6 and seconds < 10.0


def test_a_spread_whose_square_is_nothing_has_an_interval():
    found = mean_difference([[0.0, 1e-120]], [[0.0, 1e-120]])
    assert found.low == -found.high and 0.0 < found.high < 1e-118
