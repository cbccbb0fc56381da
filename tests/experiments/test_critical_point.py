"""The difference of two sizes, from tests of the sum and the difference of two effects: known answers, all pairs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.experiments.critical_point import difference_of_sizes
from divbench.statistics import estimates
from divbench.statistics.estimates import Estimate
from divbench.statistics.sign_flips import sign_flip_test

ENDS = st.tuples(st.floats(-5, 5), st.floats(-5, 5)).map(sorted)


def limits(low, high, level=0.98):
    return estimates.Tested(Estimate((low + high) / 2, low, high, level), 0.01, 0.9, 0.001, 0.001, "a test")


@pytest.mark.parametrize(("a", "b"), [(3.0, 1.0), (1.0, 3.0), (-3.0, 1.0), (1.0, -3.0), (-2.0, -5.0), (0.0, 2.0)])
def test_it_is_the_difference_of_the_sizes(a, b):
    found = difference_of_sizes(limits(a - b, a - b), limits(a + b, a + b)).estimate
    assert found.effect == found.low == found.high == pytest.approx(abs(a) - abs(b))
    assert found.level == pytest.approx(0.96)


@given(ENDS, ENDS)
def test_its_limits_are_those_of_all_pairs_of_effects(first, second):
    found = difference_of_sizes(limits(*first), limits(*second)).estimate
    differences, sums = np.meshgrid(np.linspace(*first, 41), np.linspace(*second, 41))
    sizes = np.abs((sums + differences) / 2) - np.abs((sums - differences) / 2)
    assert found.low == pytest.approx(sizes.min(), abs=1e-9) and found.high == pytest.approx(sizes.max(), abs=1e-9)


def test_no_interval_without_both():
    assert difference_of_sizes(limits(1.0, 2.0), estimates.Tested(Estimate(1.0))).estimate == Estimate(1.0)
    assert difference_of_sizes(limits(1.0, 2.0), estimates.Tested(Estimate(None))).estimate == Estimate(None)


@pytest.mark.parametrize(("differences", "sums", "above", "below"), [
    (1.0, 1.0, 2 / 256, 1.0), (-1.0, -1.0, 2 / 256, 1.0), (1.0, -1.0, 1.0, 2 / 256), (-1.0, 1.0, 1.0, 2 / 256)])
def test_either_pair_of_equal_signs_speaks_for_the_first(differences, sums, above, below):
    one, two = (sign_flip_test([[value] * 8], confidence=0.975) for value in (differences, sums))
    found = difference_of_sizes(one, two)
    assert (found.above, found.below) == (above, below) and found.least_above == found.least_below == 2 / 256
    assert math.copysign(1.0, found.estimate.low) == (1.0 if above < 1.0 else -1.0)
