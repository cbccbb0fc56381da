"""Where two sides are compared, and Q in decades with its sign."""

import math

import pytest

from divbench.report.compare.places import common_places, ends_before, is_near
from divbench.report.compare.samples import SMALLEST_Q, from_signed_decades, signed_decades
from divbench.report.naming import cell_name, places_name
from divbench.report.series import Cell, Series


def lanes(*grids):
    return {seed: Series(tuple(points), {}) for seed, points in enumerate(grids)}


def known(*steps):
    return [(step, step) for step in steps]


def unknown(*steps):
    return [(step, -1) for step in steps]


def test_equal_grids_are_compared_at_their_last_points():
    places = common_places(lanes(known(0, 10, 20, 30, 40)), lanes(known(0, 10, 20, 30, 40)), 3)
    assert places.baseline == places.new == {0: ((20, 20), (30, 30), (40, 40))}


def test_the_lane_that_ends_first_decides():
    places = common_places(lanes(known(0, 10, 20), known(0, 10, 20, 30)), lanes(known(0, 10, 20, 30)), 3)
    assert set(places.baseline.values()) | set(places.new.values()) == {((10, 10), (20, 20))}


@pytest.mark.parametrize("grid", [known, unknown])
def test_what_was_evaluated_before_training_counts_alone_only(grid):
    assert common_places(lanes(grid(0, 10)), lanes(grid(0, 10)), 3).points("new") == tuple(grid(10))
    assert common_places(lanes(grid(0)), lanes(grid(0)), 3).points("new") == tuple(grid(0))
    assert common_places(lanes(grid(0)), lanes(grid(0, 10)), 3) is None


def test_points_within_one_percent_are_one_place():
    places = common_places(lanes(unknown(1, 10_000, 20_000)), lanes(unknown(1, 9_999, 19_998)), 1)
    assert (places.points("baseline"), places.points("new")) == (((20_000, -1),), ((19_998, -1),))
    assert is_near((100, -1), (99, 7)) and not is_near((100, -1), (98, -1)) and not is_near((0, 100), (0, 98))
    assert ends_before((98, 98), (100, 100)) and not ends_before((99, 99), (100, 100))
    assert not ends_before((100, 100), (98, 98))


def test_every_lane_has_its_own_nearest_point():
    places = common_places(lanes(unknown(1_000), unknown(1_004)), lanes(unknown(500, 996, 1_003)), 1)
    assert places.baseline == {0: ((1_000, -1),), 1: ((1_004, -1),)} and places.new == {0: ((1_003, -1),)}


def test_without_anything_near_there_is_no_place():
    assert common_places(lanes(unknown(0, 100)), lanes(unknown(0, 130)), 3) is None
    assert common_places(lanes(unknown(50, 100)), lanes(unknown(50, 130)), 3).points("new") == ((50, -1),)


def test_places_and_cells_have_names_without_holes():
    assert places_name([(10, 5), (20, 15)], [(10, 5), (20, 15)]) == "env step 10 to 20, update 5 to 15"
    assert places_name([(10, -1)], [(9, 4)]) == "env step 10 of BASELINE and env step 9, update 4 of NEW"
    assert cell_name(Cell("dog-run", "sac", "")) == "dog-run, sac"
    assert cell_name(Cell("dog-run", "sac", "8")) == "dog-run, sac, UTD 8"


def test_decades_with_a_sign_rise_with_q_and_are_log10_within_one_sign():
    numbers = [-1e300, -20.0, -10.0, -0.5, -SMALLEST_Q / 2, 0.0, SMALLEST_Q, 0.5, 10.0, 20.0, 1.7e308]
    decades = list(map(signed_decades, numbers))
    assert decades == sorted(decades) and all(map(math.isfinite, decades))
    assert decades[9] - decades[8] == pytest.approx(math.log10(2.0)) == pytest.approx(decades[2] - decades[1])
    assert signed_decades(10.0) == pytest.approx(4.0) == -signed_decades(-10.0)
    for number, decade in zip(numbers, decades, strict=True):
        expected = 0.0 if abs(number) <= SMALLEST_Q else number
        assert from_signed_decades(decade) == pytest.approx(expected)
