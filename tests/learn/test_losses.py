"""Known answers of the terms that variants add to the critics' loss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.learn import losses
from divbench.learn.hooks import CriticTerms
from divbench.learn.replay import Batch

pytestmark = pytest.mark.usefixtures("strict_jax")
SIZE, BATCH = 3, 512


def terms(values, features=None, log_density=0.0):
    """Terms of two critics with these functions of (obs, action); the policy plays 0.5 with a given log density."""
    obs = jax.random.normal(jax.random.key(0), (BATCH, 2))
    action = jax.random.uniform(jax.random.key(1), (BATCH, SIZE), jnp.float32, -1.0, 1.0)
    zeros = jnp.zeros(BATCH)
    batch = Batch(obs, action, zeros, zeros, 2.0 * obs, -action, zeros)

    def policy(obs, key):
        return jnp.full((len(obs), SIZE), 0.5), jnp.full(len(obs), log_density)

    return CriticTerms(values(obs, action), zeros, batch, -action, values, features, policy, jax.random.key(2),
                       number=jnp.nan, weights=None)


@pytest.mark.parametrize("error", [0.0, 0.3, -0.3, 1.0, 2.5, -40.0])
def test_squared_or_linear(error):
    found, slope = jax.value_and_grad(losses.squared_or_linear)(jnp.float32(error), jnp.float32(1.0))
    small = abs(error) <= 1.0
    assert float(found) == pytest.approx(error**2 if small else 2.0 * abs(error) - 1.0, rel=1e-6)
    assert float(slope) == pytest.approx(2.0 * error if small else 2.0 * np.sign(error), rel=1e-6)
    plain, slope = jax.value_and_grad(losses.squared_or_linear)(jnp.float32(error), jnp.float32(0.0))
    assert (float(plain), float(slope)) == pytest.approx((error**2, 2.0 * error), rel=1e-6)


def test_conservative_of_a_constant_is_the_logarithm_of_the_actions_volume():
    """Where the policy is uniform too, log of the integral of exp(c) over [-1, 1]^A, minus c: A log 2."""
    uniform = -SIZE * np.log(2.0)
    found = losses.conservative(terms(lambda obs, action: jnp.full((2, len(obs)), 7.0), log_density=uniform))
    assert float(found) == pytest.approx(2 * SIZE * np.log(2.0), rel=1e-5)


def test_conservative_weighs_the_policy_s_actions_by_their_density():
    """A policy of density e^5 at one action adds next to nothing to the integral: half of the draws are left."""
    found = losses.conservative(terms(lambda obs, action: jnp.zeros((2, len(obs))), log_density=50.0))
    assert float(found) == pytest.approx(2 * (SIZE * np.log(2.0) + np.log(0.5)), rel=1e-5)


def test_conservative_estimates_the_soft_maximum_over_actions():
    """Q = sum of actions: log of the integral of exp is A log(e - 1/e), in the mean over many states."""
    def values(obs, action):
        return jnp.tile(jnp.sum(action, -1)[None], (2, 1))

    found = losses.conservative(terms(values, log_density=50.0))
    own = float(jnp.mean(jnp.sum(terms(lambda obs, a: jnp.zeros((2, len(obs)))).batch.action, -1)))
    exact = SIZE * np.log(np.e - 1.0 / np.e) + np.log(0.5)
    assert float(found) / 2.0 == pytest.approx(exact - own, abs=0.25)  # four draws are biased low, by Jensen
    assert float(found) / 2.0 < exact - own + 0.05


def test_dr3_is_the_dot_product_of_consecutive_features():
    def features(obs, action):
        return jnp.stack([jnp.concatenate([obs, action], -1)] * 2)

    found = losses.dr3(terms(lambda obs, action: jnp.zeros((2, len(obs))), features))
    given = terms(lambda obs, action: jnp.zeros((2, len(obs)))).batch
    expected = 2.0 * np.mean(np.sum(2.0 * np.asarray(given.obs) ** 2, -1) - np.sum(np.asarray(given.action) ** 2, -1))
    assert float(found) == pytest.approx(expected, rel=1e-5)
