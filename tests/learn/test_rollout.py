"""Actions in [-1, 1] are mapped onto the task's bounds, exactly where those are -1 and 1."""

import types

import jax.numpy as jnp
import numpy as np

from divbench.learn.rollout import scaled_step


def test_bounds_are_reached_and_plain_bounds_pass_through():
    def env(low, high):
        return types.SimpleNamespace(action_low=np.asarray(low), action_high=np.asarray(high),
                                     step=lambda state, action: action)

    step = scaled_step(env([-1.0, 0.0], [1.1, 0.5]))
    np.testing.assert_allclose(step(None, jnp.asarray([-1.0, -1.0])), [-1.0, 0.0], atol=1e-7)
    np.testing.assert_allclose(step(None, jnp.asarray([1.0, 1.0])), [1.1, 0.5], atol=1e-6)
    action = jnp.asarray([0.123456, -0.987654], jnp.float32)
    np.testing.assert_array_equal(scaled_step(env([-1.0, -1.0], [1.0, 1.0]))(None, action), action)
