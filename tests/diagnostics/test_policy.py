"""Known answers of the diagnostics of the policy."""

import jax.numpy as jnp
import numpy as np
import pytest

from divbench.diagnostics import policy

pytestmark = pytest.mark.usefixtures("strict_jax")


def test_saturation_counts_entries_at_either_bound():
    mode = jnp.asarray([[0.99, -0.99], [1.0, 0.98], [-1.0, 0.0], [-0.98, 0.5]])
    assert float(policy.saturation(mode)) == 0.5
    assert float(policy.saturation(jnp.tanh(jnp.full((4, 2), -50.0)))) == 1.0
    assert float(policy.saturation(jnp.zeros((4, 2)))) == 0.0


def test_saturation_does_not_hide_a_nan():
    assert np.isnan(policy.saturation(jnp.asarray([[1.0, jnp.nan]])))


def test_entropy_of_uniform_actions():
    log_prob = jnp.full(7, -6.0 * np.log(2.0), jnp.float32)
    assert float(policy.entropy(log_prob)) == pytest.approx(6.0 * np.log(2.0))


def test_policies_at_rest():
    now = jnp.asarray([[1.0, 0.0], [0.0, -2.0], [3.0, 4.0]])
    before = jnp.asarray([[5.0, 0.0], [1.0, 0.0], [-3.0, -4.0]])
    assert float(policy.action_similarity(now, before)) == pytest.approx((1.0 + 0.0 - 1.0) / 3.0, abs=1e-7)
    assert float(policy.action_similarity(now, 0.1 * now)) == pytest.approx(1.0)
    assert float(policy.action_similarity(now, now.at[2].set(0.0))) == pytest.approx(2.0 / 3.0)
