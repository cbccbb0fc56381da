"""Known answers of the diagnostics of distant actions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics import distance

distance_correlation = jax.jit(distance.distance_correlation)
pytestmark = pytest.mark.usefixtures("strict_jax")


def draw(seed, batch=32, size=3, critics=2):
    rng = np.random.default_rng(seed)
    actions, reference = rng.uniform(-1.0, 1.0, (2, batch, size)).astype(np.float32)
    return jnp.asarray(actions), jnp.asarray(reference), jnp.asarray(rng.normal(size=(critics, batch)), jnp.float32)


def test_most_distant_is_the_opposite_corner():
    got = distance.most_distant(jnp.asarray([[0.3, -0.2], [1.0, 0.0], [-1.0, 1e-30]]))
    np.testing.assert_array_equal(got, [[-1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_no_corner_is_farther_than_the_most_distant(seed):
    action = np.asarray(draw(seed)[0])
    corners = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 3), -1).reshape(-1, 3)
    farthest = np.linalg.norm(action[:, None] - corners[None], axis=-1).max(1)
    got = np.linalg.norm(action - np.asarray(distance.most_distant(jnp.asarray(action))), axis=-1)
    np.testing.assert_allclose(got, farthest, rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), exponent=st.integers(-20, 30))
def test_correlation_is_pearsons_at_every_scale_of_q(seed, exponent):
    actions, reference, q = draw(seed)
    expected = np.corrcoef(np.linalg.norm(np.asarray(actions) - np.asarray(reference), axis=-1),
                           np.asarray(q, np.float64).mean(0))[0, 1]
    got = distance_correlation(actions, reference, q * jnp.float32(10.0**exponent))
    assert float(got) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("slope", [2.0, -0.5])
def test_q_that_is_linear_in_the_distance_correlates_fully(slope):
    actions, reference, _ = draw(0)
    q = 5.0 + slope * jnp.sqrt(jnp.sum(jnp.square(actions - reference), -1))
    got = distance_correlation(actions, reference, jnp.stack([q, q]))
    assert float(got) == pytest.approx(np.sign(slope), abs=1e-5)
    assert abs(float(got)) <= 1.0


@pytest.mark.parametrize("constant", [0.0, 0.1, -123.456, 3e38])
def test_no_correlation_with_a_constant(constant):
    actions, reference, q = draw(1)
    assert float(distance_correlation(actions, reference, jnp.full_like(q, constant))) == 0.0
    # rounding of the addition makes these distances differ in their last digits
    assert float(distance_correlation(reference + 0.1, reference, q)) == 0.0
    assert float(distance_correlation(reference, reference, q)) == 0.0


def test_a_nan_is_not_hidden():
    actions, reference, q = draw(2)
    assert np.isnan(distance_correlation(actions, reference, q.at[0, 3].set(jnp.nan)))
    assert np.isnan(distance_correlation(actions, reference, jnp.full_like(q, jnp.nan)))


def test_what_would_be_broadcast_is_an_error():
    actions, reference, q = draw(0)
    for wrong in ((actions, reference[:1], q), (actions, reference, q[0]), (actions, reference, q[:, :1])):
        with pytest.raises(AssertionError, match="shape"):
            distance_correlation(*wrong)
