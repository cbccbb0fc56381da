import math

from divbench.verdict.bound import Limits, limits


def test_limits_include_an_untrained_critic():
    bound = limits({"q_bound_low": 10.0, "q_bound": 10.0})
    assert (bound.low, bound.high, bound.range) == (0.0, 10.0, 10.0)
    assert limits({"q_bound_low": -5.0, "q_bound": -1.0}) == Limits(-5.0, 0.0)


def test_sides_and_their_tolerance():
    bound = Limits(-100.0, 300.0)  # tolerance 15 above, 20 below
    assert [bound.side(q) for q in (315.0, 315.1, -120.0, -120.1, 0.0)] == ["", "upper", "", "lower", ""]
    assert [bound.side(q, 0.5) for q in (150.0, 200.0, -50.0, -70.0)] == ["", "upper", "", "lower"]
    assert [bound.side(q, 10.0) for q in (3100.0, 3300.0, -1300.0)] == ["", "upper", "lower"]
    below = Limits(-100.0, 0.0)  # an upper bound of 0 has no share: 5 above and below
    assert [below.side(q) for q in (5.0, 5.1, -105.0, -105.1)] == ["", "upper", "", "lower"]
    assert bound.side(math.inf) == "upper" and bound.side(math.nan) == ""
