"""By how many times a quantity has grown."""

import math

import pytest

from divbench.verdict.first_cause import growth, until_frozen


def test_the_peak_over_the_median_of_the_first_three_after_the_first_update(make_rows):
    rows = make_rows([1.0] * 6, columns={"second_moment": [900.0, 3.0, 1.0, 2.0, 80.0, 40.0]})
    assert growth(rows, "second_moment") == 40.0
    assert growth(rows, "second_moment", calm=3) == 40.0  # 3 and 1
    assert growth(rows, "second_moment", calm=2) == pytest.approx(80.0 / 3.0)


def test_what_was_not_measured_or_began_at_nothing_has_no_growth(make_rows):
    assert math.isnan(growth(make_rows([1.0] * 4), "second_moment"))
    rows = make_rows([1.0] * 4, columns={"grad_norm": [0.0] * 4, "param_norm": [math.nan, math.nan, 2.0, 6.0]})
    assert math.isnan(growth(rows, "grad_norm")) and growth(rows, "param_norm") == 1.5
    assert math.isnan(growth(rows[:1], "param_norm")) and math.isnan(growth([], "param_norm"))


def test_a_lane_that_began_above_all_limits_grew_beyond_them(make_rows):
    rows = make_rows([1.0] * 3, columns={"second_moment": [0.0, 2.0, math.inf]})
    assert growth(rows, "second_moment", calm=2) == math.inf


def test_nothing_happens_to_a_frozen_lane(make_rows):
    rows = make_rows([1.0] * 5)
    assert until_frozen(rows) == rows
    for row in rows[2:]:
        row["nonfinite"] = "learner"
    assert until_frozen(rows) == rows[:3] and until_frozen([]) == []
