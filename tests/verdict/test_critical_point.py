"""From when on a lane rests: the rule on made-up series."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.verdict.critical_point import AT_REST, RESTING, CriticalPoint, critical_point, critical_points

NAN = math.nan
LANE = {"task": "ant", "variant": "baseline", "utd": "1", "seed": 0}


def details(action, kernel, **lane):
    """Rows of the table of diagnostics, a measurement every 100 updates, with one that has no part in the rule."""
    return [LANE | lane | {"update": 100 * index, "env_step": 1_000 + index, "metric": metric, "layer": "",
                           "value": value}
            for index, both in enumerate(zip(action, kernel, strict=True))
            for metric, value in zip((*RESTING, "parameter_stability"), (*both, 0.0), strict=True)]


def found(action, kernel, values=()):
    point = critical_point(values, details(action, kernel))
    return point and point.update


@pytest.mark.parametrize(("action", "kernel", "update"), [
    ([NAN, 0.5, 0.995, 1.0], [NAN, 0.999, 0.999, 0.99], 200),  # both have to rest
    ([NAN, 0.995, 0.5, 1.0, 1.0], [NAN, 1.0, 1.0, 1.0, 1.0], 300),  # and to go on resting
    ([NAN, 1.0, 1.0], [NAN, 1.0, 0.9], None),
    ([NAN, AT_REST, AT_REST], [NAN, AT_REST, AT_REST], 100),  # the threshold itself is rest
    ([NAN, 0.9, 1.0, NAN, NAN], [NAN, 1.0, 1.0, 1.0, NAN], 200),  # a frozen lane was not measured
    ([NAN, 1.0, NAN, 1.0], [NAN, 1.0, 1.0, 1.0], 100),
    ([NAN], [NAN], None),
    ([], [], None),
])
def test_the_rest_that_lasts(action, kernel, update):
    assert found(action, kernel) == update


def test_only_what_was_before_q_passed_its_bound_counts(make_rows):
    diverging = make_rows([1.0, 2.0, 3.0, 500.0, 900.0, 2_000.0])
    resting, turning = [NAN, 0.5, 1.0, 1.0, 0.3, 1.0], [NAN, 0.5, 0.5, 0.5, 1.0, 1.0]
    ones = [NAN, *[1.0] * 5]
    assert found(resting, ones, diverging) == 200
    assert found(resting, ones, make_rows([1.0] * 6)) == 500
    # it did not rest when Q passed its bound, but does at the end
    assert found(turning, ones, diverging) == 400


def test_the_env_step_is_that_of_the_measurement():
    assert critical_point([], details([NAN, 0.5, 1.0], [NAN, 1.0, 1.0])) == CriticalPoint(200, 1_002)


def test_lanes_of_a_run_are_told_apart(make_rows):
    rows = [LANE | row | {"seed": seed} for seed in (0, 1, 2) for row in make_rows([1.0, 1.0, 1.0])]
    rest, none = [NAN, 1.0, 1.0], [NAN, 1.0, 0.0]
    diagnostics = (details(rest, rest) + details(none, rest, seed=1))
    assert critical_points(rows, diagnostics) == {("ant", "baseline", "1", 0): CriticalPoint(100, 1_001)}
    assert critical_points(rows, []) == {}


CHOSEN = st.sampled_from([NAN, 0.2, AT_REST, 1.0])


@given(st.lists(st.tuples(CHOSEN, CHOSEN), max_size=12))
def test_all_after_it_rest_and_the_one_before_does_not(series):
    action, kernel = ([both[place] for both in series] for place in (0, 1))
    update = found(action, kernel)
    known = [(100 * index, min(both) >= AT_REST) for index, both in enumerate(series)
             if not any(map(math.isnan, both))]
    if update is None:
        assert not known or not known[-1][1]
        return
    place = [at for at, _ in known].index(update)
    assert all(rests for _, rests in known[place:])
    assert place == 0 or not known[place - 1][1]
