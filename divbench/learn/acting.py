"""Between policy and task: policies act in [-1, 1], tasks in dm_control's own bounds."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np


def scaled_step(env) -> Callable:
    """`step(state, action)` of one env for actions in [-1, 1]^A, mapped affinely onto the task's bounds.

    For bounds of -1 and 1 the action passes through exactly.
    """
    low, high = np.asarray(env.action_low), np.asarray(env.action_high)
    middle, half = (jnp.asarray(x, jnp.float32) for x in ((low + high) / 2, (high - low) / 2))
    return lambda state, action: env.step(state, middle + half * action)
