import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.verdict.first_cause import (
    BANDS,
    ORDER,
    FirstCause,
    departures,
    first_cause,
    start_level,
    when,
)

NAN, INF = math.nan, math.inf
CALM = [1.0] * 6


def broken(rows, culprit, begin, update, env_step):
    for row in rows[begin:]:
        row.update(nonfinite=culprit, nonfinite_update=update, nonfinite_step=env_step)
    return rows


def test_learning_rate_a_hundred_times_too_high(make_rows):
    """All at once within the first measurement: the features, that everything else is computed from, come first."""
    rows = make_rows([0.1, 4e8, 9e9], columns={
        "feature_norm": [12.0, 3e5, 4e6], "grad_norm": [300.0, 7e12, 8e14], "second_moment": [0.0, 2e20, 5e25],
        "reward_excess": [0.0] * 3})
    assert first_cause(rows) == FirstCause("feature_norm", 100, 1_000)


def test_learning_rate_a_thousand_times_too_high(make_rows):
    """What cheetah-run does then, every 100 updates: dead units, a calm gradient, Q within its bound."""
    rows = make_rows([0.3, 1.3, 1.4], columns={"feature_norm": [7.1, 0.0, 0.0], "grad_norm": [309.0, 1.5, 4.7],
                                               "second_moment": [0.0, 7e9, 6.3e9]})
    assert first_cause(rows) == FirstCause("feature_norm", 100, 1_000)


def test_reward_scaled_by_a_million(make_rows):
    rows = make_rows([0.1, 2e6, 9e6], columns={
        "reward_excess": [1e6, 1e6, 1e6], "grad_norm": [300.0, 1e8, 1e9], "feature_norm": [12.0, 3e3, 4e5]})
    assert first_cause(rows) == FirstCause("reward_excess", 0, 1_000)


def test_physics_that_went_nan(make_rows):
    rows = make_rows([0.1, 3.0, 3.0], columns={"feature_norm": [12.0, 20.0, 20.0], "grad_norm": [300.0, 5.0, 5.0]})
    assert first_cause(broken(rows, "physics", 2, 140, 1_140)) == FirstCause("physics", 140, 1_140)


def test_a_learner_is_named_only_if_nothing_else_went_before_or_with_it(make_rows):
    rows = broken(make_rows([1.0, 2.0, NAN]), "learner", 2, 120, 1_120)
    assert first_cause(rows) == FirstCause("learner", 120, 1_120)
    rows = broken(make_rows([1.0, 2.0, 5e9], columns={"grad_norm": [9.0, 4.0, INF]}), "learner", 2, 120, 1_120)
    assert first_cause(rows) == FirstCause("grad_norm", 120, 1_120)


def test_what_is_measured_of_a_frozen_lane_confirms_nothing(make_rows):
    """The gradient is out of its band once; its next measurement is of the frozen lane."""
    rows = broken(make_rows([1.0] * 5, columns={"grad_norm": [9.0, 4.0, 60.0, NAN, 60.0]}), "learner", 3, 220, 1_220)
    rows[4]["nonfinite"] = "learner"
    assert first_cause(rows) == FirstCause("learner", 220, 1_220)


def test_a_calm_lane_and_an_old_table_have_none(make_rows):
    assert first_cause([]) is None
    assert first_cause(make_rows(CALM)) is None
    assert first_cause(make_rows(CALM, columns={name: [NAN] * 6 for name in ORDER})) is None
    assert first_cause(make_rows(CALM, columns={name: [50.0] + [9.0] * 5 for name in BANDS})) is None


@pytest.mark.parametrize("random, update", [
    ([1.0, 1.0, 106.0, 106.0], 200),
    ([1.0, 1.0, 106.0, 1.0], None),  # two in a row are a departure
    ([1.0, 1.0, 1_100.0, 1.0], 200),  # or one far beyond
    ([1.0, 1.0, 104.0, 104.0], None),  # within the tolerance of the bound
    ([1.0, -6.0, -6.0, 1.0], 100),
    ([500.0, 1.0, 1.0, 1.0], None),  # the untrained network's
    ([NAN, NAN, INF, 1.0], 200),
])
def test_q_on_random_actions_against_its_bound(make_rows, random, update):
    found = first_cause(make_rows([1.0] * 4, random=random))
    assert found == (None if update is None else FirstCause("q_random_mean", update, 1_000))


@pytest.mark.parametrize("name, series, index", [
    ("grad_norm", [400.0, 6.0, 5.0, 7.0, 59.0, 61.0], 5),  # ten times the median of three
    ("grad_norm", [400.0, 6.0, 61.0, 61.0, 6.0, 4.0], 2),  # judged from the second learned one on
    ("grad_norm", [400.0, 6.0, 61.0, 4.0, 6.0, 4.0], None),  # one wild batch
    ("grad_norm", [400.0, 6.0, 601.0, 4.0, 6.0, 4.0], 2),  # out by the factor twice: one is enough
    ("grad_norm", [6.0, 61.0, 61.0, 4.0, 4.0, 4.0], 1),  # the first against the untrained network
    ("grad_norm", [4.0, 0.01, 0.01, 0.01, 49.0, 51.0], 5),  # a start near 0 counts as the floor
    ("grad_norm", [NAN, NAN, NAN, 5e9, 6e9, 5e9], None),  # no start was seen
    ("second_moment", [0.0, 90.0, 40.0, 20.0, 3_900.0, 4_100.0], 5),
    ("effective_lr", [0.3, 0.02, 0.02, 0.02, 0.026, 0.026], 4),
    ("effective_lr", [0.3, 0.02, 0.026, 0.02, 0.02, 0.02], None),
    ("effective_lr", [9.0, 0.01, 0.01, 0.26, 0.01, 0.01], 3),
    ("effective_lr", [0.3384, 0.0843, 0.0459, 0.0291, 0.0198, 0.0152], 1),  # 100 times 3e-4
    ("effective_lr", [0.0338, 0.0195, 0.0105, 0.009, 0.0065, 0.0051], None),  # 10 times
    ("second_moment", [0.0, 9e9, 9e9, 9e9, 9e9, 9e9], None),
    ("feature_norm", [20.0, 95.0, 180.0, 290.0, 460.0, 600.0], None),  # OFN: normalized afterwards
    ("feature_norm", [20.0, 601.0, 601.0, 601.0, 601.0, 601.0], 1),
    ("feature_norm", [7.1, 0.0, 0.0, 0.0, 0.0, 0.0], 1),  # every hidden unit died: a learning rate far too high
    ("feature_norm", [7.1, 30.0, 30.0, 30.0, 1.1, 0.9], 5),
    ("grad_norm", [300.0, 5.0, 5.0, 5.0, 1e-3, 0.0], None),  # a fit that is done
    ("feature_norm", [26.0, 41.0, 58.0, 75.0, 147.0, 581.0], 5),  # quadruped-run, primed
])
def test_bands(make_rows, name, series, index):
    """The last measurement is repeated, since one alone outside is no departure yet."""
    rows = make_rows([*CALM, 1.0], columns={name: [*series, series[-1]]})
    assert departures(rows) == ({} if index is None else {name: index})
    if index == 5:
        assert departures(rows[:-1]) == {}


def test_a_diverging_stretch_never_becomes_the_reference(make_rows):
    """The gradients of a dog's lane that was measured every 5,000 updates: 3,400 at the first, doubling on."""
    rows = make_rows(CALM, columns={"grad_norm": [9e4, 3.4e3, 2e5, 8e5, 2e6, 2e6]})
    assert departures(rows) == {"grad_norm": 2} and start_level(rows, "grad_norm") == 3.4e3


def test_fresh_weights_after_a_reset_are_not_a_cause(make_rows):
    columns = {"grad_norm": [300.0, 5.0, 5.0, 5.0, 200.0, 6.0], "resets": [0, 0, 0, 0, 1, 1]}
    assert first_cause(make_rows(CALM, columns=columns)) is None
    columns = {"grad_norm": [300.0, 5.0, 5.0, 5.0, 200.0, 200.0, 200.0], "resets": [0, 0, 0, 0, 1, 1, 1]}
    assert first_cause(make_rows([*CALM, 1.0], columns=columns)) == FirstCause("grad_norm", 500, 1_000)


def test_ties_are_broken_by_the_documented_order(make_rows):
    columns = {"reward_excess": [0.0, 0.0, 1.0], "effective_lr": [0.0, 0.0, 0.6], "feature_norm": [1.0, 1.0, 1e6],
               "grad_norm": [1.0, 1.0, 1e6], "second_moment": [0.0, 1.0, 1e6], "temperature": [1.0, 1.0, 11.0]}
    rows = broken(make_rows([1.0, 1.0, 1e6], columns=columns), "physics", 2, 150, 1_150)
    left = dict(columns)
    for name in ORDER[:-1]:
        assert first_cause(rows).column == name
        if name in ("physics", "optimizer"):
            rows[2].update(nonfinite="optimizer" if name == "physics" else "learner")
        else:
            rows[2][name] = NAN
            left.pop(name, None)
    assert first_cause(rows) == FirstCause("learner", 150, 1_150)


def test_start_level_is_the_median_of_three(make_rows):
    rows = make_rows(CALM, columns={"param_norm": [90.0, 3.0, NAN, 7.0, 4.0, 60.0]})
    assert start_level(rows, "param_norm") == 4.0 and start_level(rows[:1], "param_norm") == 90.0
    assert math.isnan(start_level(rows, "grad_norm"))


CELL = st.one_of(st.floats(0.0, 1e3), st.floats(1e3, 1e12), st.sampled_from([NAN, INF, 0.0]))
COLUMNS = ("feature_norm", "grad_norm", "second_moment", "reward_excess")


@st.composite
def lanes(draw):
    """The arguments of `make_rows`, and from which measurement on what is broken, if any."""
    size = draw(st.integers(1, 12))
    series = st.lists(CELL, min_size=size, max_size=size)
    columns = {name: draw(series) for name in COLUMNS}
    columns["reward_excess"] = draw(st.lists(st.sampled_from([0.0, 0.0, 0.0, 2.0]), min_size=size, max_size=size))
    columns["resets"] = sorted(draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)))
    bad = draw(st.none() | st.tuples(st.sampled_from(["learner", "optimizer", "physics"]), st.integers(0, size - 1)))
    return draw(series), columns, bad


def build(make_rows, lane, unit=1.0):
    q, columns, bad = lane
    rows = make_rows([unit * value for value in q], high=100.0 * unit, columns=columns)
    return broken(rows, bad[0], bad[1], max(0, 100 * bad[1] - 30), 990) if bad else rows


@given(lane=lanes())
def test_no_candidate_left_its_band_before_the_first_cause(make_rows, lane):
    rows = build(make_rows, lane)
    cause, found = first_cause(rows), departures(rows)
    assert (cause is None) == (not found)
    assert all(cause.update <= when(rows[index])[0] for index in found.values())
    assert all(cause.update <= when(row)[0] for row in rows if row["reward_excess"] > 1.0)


@given(lane=lanes(), cut=st.integers(0, 12))
def test_more_measurements_never_take_a_first_cause_back(make_rows, lane, cut):
    """Another one can be confirmed that left its band with it or before."""
    rows = build(make_rows, lane)
    before, after = first_cause(rows[:cut]), first_cause(rows)
    assert before is None or after.update <= before.update
    assert before is None or before.column in departures(rows)


@given(lane=lanes(), unit=st.sampled_from([2.0**-20, 0.5, 2.0**20]))
def test_the_unit_of_q_does_not_matter(make_rows, lane, unit):
    assert first_cause(build(make_rows, lane)) == first_cause(build(make_rows, lane, unit))


@given(name=st.sampled_from(sorted(BANDS)), start=st.floats(1.0, 1e6), steps=st.lists(st.floats(0.5, 2.0), max_size=20))
def test_what_stays_within_twice_and_half_its_start_stays_in_its_band(make_rows, name, start, steps):
    series = [start, start, *(start * step for step in steps)]
    assert first_cause(make_rows([1.0] * len(series), columns={name: series})) is None


@pytest.mark.parametrize("series, update", [
    ([0.1, 0.5, 1.0, 1.0], None),  # ten times is what the bounds count
    ([0.1, 0.5, 1.01, 0.2], 200),
    ([1.0, 0.01, 5.0, 9.9], None),  # a climb from a low point is told of, but blamed for nothing
    ([0.0, 0.0, 0.0, 0.0], None),  # no entropy term
    ([NAN, 0.1, 5.0, 5.0], None),
    ([0.1, NAN, INF, 5.0], 200),
])
def test_a_temperature_beyond_what_the_bounds_count(make_rows, series, update):
    found = first_cause(make_rows([1.0] * 4, columns={"temperature": series}))
    assert found == (None if update is None else FirstCause("temperature", update, 1_000))


def test_a_temperature_comes_before_what_it_drives(make_rows):
    columns = {"temperature": [0.1, 0.5, 2.0], "grad_norm": [9.0, 4.0, INF], "feature_norm": [12.0, 20.0, 1e9]}
    assert first_cause(make_rows([1.0, 2.0, 5e9], columns=columns)) == FirstCause("temperature", 200, 1_000)
    late = columns | {"temperature": [0.1, 0.5, 0.9]}
    assert first_cause(make_rows([1.0, 2.0, 5e9], columns=late)).column == "feature_norm"


def test_an_optimizer_is_named_before_the_learner_and_after_all_else(make_rows):
    rows = broken(make_rows([1.0, 2.0, 2.0]), "optimizer", 2, 120, 1_120)
    assert first_cause(rows).column == "optimizer"
    rows = broken(make_rows([1.0, 2.0, 4e14], columns={"grad_norm": [9.0, 4.0, 1e18]}), "optimizer", 2, 120, 1_120)
    assert first_cause(rows) == FirstCause("grad_norm", 120, 1_120)
