"""Env steps of a task under random actions, as points for critics that nobody lets act.

Lives here: stepping, and the uniform policy. Does not live here: the rails-random policy (`kernels`), and replay.
Letters in shapes: N env steps, O observation size, A action size.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from divbench import envs
from divbench.execute import device
from divbench.learn.rollout import scaled_step
from divbench.spec.errors import UsageError

_SEED = 0


def random_steps(task: str, steps: int, physics: str, draw: Callable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observations `[N, O]`, actions `[N, A]` and next observations `[N, O]` of N env steps in a row.

    Episodes that end are followed by others; what an episode ends with is a next observation too. The same arguments
    give the same points.

    Args:
      draw: `draw(key, shape, dtype)`, an action in [-1, 1]^A.

    Raises:
      UsageError: the physics went non-finite on the way.
    """
    device.prepare("highest")
    env = envs.make(task, device.resolve_physics(task, physics))
    step = scaled_step(env)

    def body(state, key):
        for_action, for_reset = jax.random.split(key)
        action = draw(for_action, (env.action_size,), jnp.float32)
        new = step(state, action)
        following = jax.lax.cond(new.done > 0.0, lambda: env.reset(for_reset), lambda: new)
        return following, (state.obs, action, new.obs)

    @jax.jit
    def collect(key):
        first, *rest = jax.random.split(key, steps + 1)
        return jax.lax.scan(body, env.reset(first), jnp.stack(rest))[1]

    obs, action, following = jax.tree.map(np.asarray, collect(jax.random.key(_SEED)))
    broken = np.flatnonzero(~np.isfinite(np.concatenate([obs, following[-1:]])).all(1))
    if len(broken):
        raise UsageError(f"{task}: the physics went non-finite at env step {broken[0]} of {steps}; ask for fewer "
                         "steps, or for another --physics")
    return obs, action, following


def uniform_random(task: str, steps: int, physics: str = "auto") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`random_steps` with every entry of an action uniform in [-1, 1]: corners of the box lie outside of the data."""
    def draw(key, shape, dtype):
        return jax.random.uniform(key, shape, dtype, -1.0, 1.0)

    return random_steps(task, steps, physics, draw)
