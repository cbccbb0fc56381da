"""Between policy and task: policies act in [-1, 1], tasks in dm_control's own bounds."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np


def scaled_step(env) -> Callable:
    """`step(state, action)` of one env for actions in [-1, 1]^A, mapped affinely onto the task's bounds.

    For bounds of -1 and 1 the action passes through exactly.
    """
    middle, half = (jnp.asarray(x) for x in middle_and_half(env))
    return lambda state, action: env.step(state, middle + half * action)


def middle_and_half(env) -> tuple[np.ndarray, np.ndarray]:
    """`[A]` float32 each: what maps a policy's action onto the task's bounds, `middle + half * action`."""
    low, high = np.asarray(env.action_low), np.asarray(env.action_high)
    return ((low + high) / 2).astype(np.float32), ((high - low) / 2).astype(np.float32)
