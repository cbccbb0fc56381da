import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.verdict.bound import SEEN_TOLERANCE, TOLERANCE, Limits, limits, limits_of, passes_bound

RETURNS = st.floats(-1e6, 1e6, allow_subnormal=False)


def test_limits_include_an_untrained_critic():
    bound = limits({"q_bound_low": 10.0, "q_bound": 10.0})
    assert (bound.low, bound.high, bound.range, bound.nearest) == (0.0, 10.0, 10.0, 10.0)
    assert limits({"q_bound_low": -5.0, "q_bound": -1.0}) == Limits(-5.0, 0.0, nearest=-1.0)
    assert limits({"q_bound_low": -5.0, "q_bound": 1.0}) == Limits(-5.0, 1.0)


def test_sides_and_their_tolerance():
    bound = Limits(-100.0, 300.0)  # tolerance 15 above, 20 below
    assert [bound.side(q) for q in (315.0, 315.1, -120.0, -120.1, 0.0)] == ["", "upper", "", "lower", ""]
    assert [bound.side(q, 0.5) for q in (150.0, 200.0, -50.0, -70.0)] == ["", "upper", "", "lower"]
    assert [bound.side(q, 10.0) for q in (3100.0, 3300.0, -1300.0)] == ["", "upper", "lower"]
    below = Limits(-100.0, 0.0)  # an upper bound of 0 has no share: 5 above and below
    assert [below.side(q) for q in (5.0, 5.1, -105.0, -105.1)] == ["", "upper", "", "lower"]
    assert bound.side(math.inf) == "upper" and bound.side(math.nan) == ""


@pytest.mark.parametrize(("low", "high", "q", "share"), [
    (0.0, 420.0, -300.0, 1.0 + 300.0 / 420.0),  # TD3, no entropy: 1.71, diverged
    (-9_164.0, 747.0, -800.0, 800.0 / 9_164.0),  # SAC: inside, far from the bound on its side
    (-9_164.0, 747.0, 373.5, 0.5),
    (-9_164.0, 747.0, 1_494.0, 2.0),  # an excess above is measured by the upper bound
    (-100.0, 300.0, -180.0, 1.2),  # below by the range
    (-100.0, 0.0, 50.0, 1.5),  # an upper bound of 0 has no size: the range
    (-500.0, -321.0, -400.0, 0.8),
    (0.0, 420.0, 0.0, 0.0),
])
def test_the_share_of_a_bound(low, high, q, share):
    assert limits_of(low, high).share(q) == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize(("low", "high", "q"), [
    (-500.0, -321.0, -80.0), (-500.0, -321.0, 0.0),  # rewards shifted by -5: a fresh lane comes from 0
    (100.0, 200.0, 20.0), (100.0, 200.0, 0.0),
])
def test_between_0_and_the_bounds_there_is_no_share(low, high, q):
    bound = limits_of(low, high)
    assert bound.short_of(q) and math.isnan(bound.share(q)) and bound.side(q) == ""


def test_without_a_measurement_or_a_size_there_is_no_share():
    assert math.isnan(limits_of(0.0, 0.0).share(3.0)) and limits_of(0.0, 0.0).side(3.0) == ""
    assert math.isnan(limits_of(-1.0, 1.0).share(math.nan))
    assert math.isnan(limits_of(math.nan, math.nan).share(3.0))
    assert limits_of(math.nan, 100.0).share(50.0) == 0.5, "an upper bound alone, as results from elsewhere have it"
    assert math.isnan(limits_of(math.nan, 100.0).share(-50.0))


@given(low=RETURNS, size=st.floats(1e-3, 1e6), q=RETURNS, seen=st.booleans())
def test_a_share_above_the_tolerance_and_beyond_are_one_thing(low, size, q, seen):
    bound = limits_of(low, low + size, float(seen))
    tolerance = SEEN_TOLERANCE if seen else TOLERANCE
    assert bound.tolerance == tolerance
    share = bound.share(q)
    assert bool(bound.side(q)) == (share > 1.0 + tolerance)
    if not math.isnan(share):
        inside = bound.low <= q <= bound.high
        assert 0.0 <= share <= 1.0 if inside else share >= 1.0


@given(low=RETURNS, size=st.floats(1e-3, 1e6), q=RETURNS, unit=st.sampled_from([0.25, 4.0]))
def test_a_share_has_no_unit(low, size, q, unit):
    one, other = limits_of(low, low + size).share(q), limits_of(unit * low, unit * (low + size)).share(unit * q)
    assert other == pytest.approx(one, rel=1e-9, nan_ok=True)


def test_bounds_of_seen_rewards_have_a_tolerance_of_their_own():
    row = {"update": 100, "q": 140.0, "q_bound_low": 0.0, "q_bound": 100.0}
    assert passes_bound(row, "q") and passes_bound(row | {"bound_seen": 0.0}, "q")
    assert not passes_bound(row | {"bound_seen": 1.0}, "q")
    assert passes_bound(row | {"bound_seen": 1.0, "q": 151.0}, "q")
    assert not passes_bound(row | {"update": 0}, "q")
