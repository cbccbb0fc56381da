"""`tolerance` is dm_control's, and its gradient is finite everywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.envs import tolerance
from divbench.envs.rewards import SIGMOIDS

_NUMBERS = st.floats(-1e3, 1e3, allow_subnormal=False)  # XLA takes subnormal numbers for zero


@settings(max_examples=150, deadline=None)
@given(
    x=st.lists(_NUMBERS, min_size=8, max_size=8),
    lower=st.one_of(_NUMBERS, st.just(-float("inf"))),
    width=st.one_of(st.floats(0, 1e3, allow_subnormal=False), st.just(float("inf"))),
    margin=st.one_of(st.just(0.0), st.floats(1e-3, 1e3)),
    sigmoid=st.sampled_from(sorted(SIGMOIDS)),
    value=st.floats(1e-3, 0.99),
)
def test_equals_dm_control(x, lower, width, margin, sigmoid, value):
    from dm_control.utils import rewards

    upper = width if np.isinf(lower) else lower + width
    x = np.array(x)
    with np.errstate(over="ignore"):
        expected = rewards.tolerance(x, (lower, upper), margin, sigmoid, value)
    with jax.enable_x64(True):
        found = tolerance(x, (lower, upper), margin, sigmoid, value)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sigmoid", SIGMOIDS)
@pytest.mark.parametrize("bounds", [(0.0, 0.0), (-1.0, 2.0), (1.0, float("inf")), (-float("inf"), 1.0)])
def test_gradient_is_finite_inside_outside_and_at_the_edges(sigmoid, bounds):
    points = jnp.array([-1e30, -1e4, -3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 1e4, 1e30])
    gradient = jax.vmap(jax.grad(lambda x: tolerance(x, bounds, 0.5, sigmoid, 0.1)))(points)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("sigmoid", ["cosine", "linear", "quadratic"])
def test_may_reach_zero_at_the_margin(sigmoid):
    assert float(tolerance(jnp.float32(1.0), margin=1.0, sigmoid=sigmoid, value_at_margin=0.0)) == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bounds": (1.0, 0.0)}, "exceeds"),
        ({"margin": -1.0}, "negative"),
        ({"margin": 1.0, "sigmoid": "cubic"}, "unknown sigmoid"),
        ({"margin": 1.0, "value_at_margin": 0.0}, "out of range"),
        ({"margin": 1.0, "sigmoid": "linear", "value_at_margin": 1.0}, "out of range"),
    ],
)
def test_rejects_what_makes_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        tolerance(jnp.float32(0.0), **arguments)


def test_a_number_that_is_not_one_does_not_pay():
    assert not float(tolerance(jnp.float32(np.nan), margin=1.0)) > 0
