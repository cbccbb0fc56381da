"""Known answers of the value diagnostics."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics import norms, values

pytestmark = pytest.mark.usefixtures("strict_jax")


def test_constant_reward_earns_the_geometric_sum():
    returns = values.soft_returns(jnp.ones(2000), jnp.zeros(2000), jnp.float32(0.3), jnp.float32(0.99))
    np.testing.assert_allclose(values.first_half(returns), 100.0, rtol=1e-4)


def test_entropy_counts_from_the_next_step_on():
    # uniform actions on [-1, 1]^A have log density -A ln 2; the entropy of the first step itself is not earned
    log_prob = jnp.full(1500, -6.0 * np.log(2.0), jnp.float32)
    returns = values.soft_returns(jnp.ones(1500), log_prob, jnp.float32(1.0), jnp.float32(0.99))
    assert float(returns[0]) == pytest.approx((1.0 + 0.99 * 6.0 * np.log(2.0)) / 0.01, rel=1e-4)


def test_the_share_that_lies_after_the_end():
    assert float(values.cut_off(jnp.float32(0.5), 4)) == pytest.approx((0.5**4 + 0.5**3) / 2.0)
    assert float(values.cut_off(jnp.float32(0.0), 1)) == 0.0
    found = values.first_half(values.soft_returns(jnp.ones(200), jnp.zeros(200), jnp.float32(0.3), jnp.float32(0.99)))
    assert float(values.cut_off(jnp.float32(0.99), 200)) == pytest.approx(1.0 - float(found.mean()) / 100.0, rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), gamma=st.floats(0.0, 0.999), temperature=st.floats(0.0, 2.0))
def test_soft_returns_obey_the_soft_bellman_equation(seed, gamma, temperature):
    rng = np.random.default_rng(seed)
    reward, log_prob = rng.normal(size=(2, 50)).astype(np.float32)
    got = np.asarray(values.soft_returns(jnp.asarray(reward), jnp.asarray(log_prob), jnp.float32(temperature),
                                         jnp.float32(gamma)))
    ahead = np.append(got[1:] - temperature * log_prob[1:], 0.0)
    np.testing.assert_allclose(got, reward + gamma * ahead, rtol=1e-4, atol=1e-4)


def test_magnitude_and_norm():
    mean, largest = values.magnitude(jnp.asarray([[1.0, -5.0], [2.0, 4.0]]))
    assert (float(mean), float(largest)) == (0.5, 5.0)
    assert float(norms.global_norm({"a": jnp.asarray([3.0]), "b": [jnp.asarray([[0.0, 4.0]])]})) == 5.0


def test_bias_is_the_difference_of_the_means():
    q = jnp.asarray([[1.0, 5.0, 3.0], [3.0, 7.0, 5.0]])
    assert float(values.bias(q, jnp.asarray([1.0, 1.0, 4.0]))) == 2.0
    assert float(values.bias(q[:1], jnp.asarray([6.0, 6.0, 6.0]))) == -3.0


def test_nothing_after_a_termination_reaches_the_returns_before_it():
    reward = jnp.asarray([1.0, 1.0, jnp.nan, jnp.inf])
    returns = values.soft_returns(reward, jnp.asarray([0.0, 0.0, jnp.nan, 0.0]), jnp.float32(0.5), jnp.float32(0.5),
                                  jnp.asarray([1.0, 0.0, 1.0, 1.0]))
    np.testing.assert_allclose(returns[:2], [1.5, 1.0])
