"""Playing whole episodes to be kept: every env step with all that a dataset has of it.

Lives here: the compiled part, E episodes side by side for a number of env steps. Which episodes are played and where
they go is for `divbench.execute.making.collecting`; evaluations and Monte-Carlo returns are in `rollout`.
Letters in shapes: E episodes, T env steps, O observation size, A action size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment


class Steps(NamedTuple):
    """Env steps of episodes side by side, `[T, E, ...]`; `within` says which were made before an episode's end."""

    obs: jax.Array
    action: jax.Array  # within the task's own bounds
    reward: jax.Array
    next_obs: jax.Array  # what the step led to; nothing begins anew
    terminal: jax.Array  # bool, the task ended
    truncated: jax.Array  # bool, the time limit ended the episode
    within: jax.Array  # bool
    broken: jax.Array  # bool, physics or action not finite


def make_collect(env: TaskEnvironment, act: Callable, steps: int) -> Callable:
    """`collect(state, over, keys, first) -> (state, over, Steps)`: `steps` env steps further.

    Args of the result:
      state: env states, `[E, ...]`.
      over: bool `[E]`, which episodes have ended; those are stepped on, and `within` is False.
      keys: one key an episode, `[E]`; the step's number is folded in.
      first: int32, number of the first step; an episode's first is 0.

    Args:
      env: a task of `divbench.envs`.
      act: `(obs [O], key) -> action [A]` within the task's bounds; jittable.
      steps: env steps of a call, T.
    """
    def collect(state, over, keys, first):
        def body(carry, count):
            state, over = carry
            own = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys, count)
            action = jax.vmap(act)(state.obs, own)
            new = jax.vmap(env.step)(state, action)
            ended, limit = new.done > 0.0, new.info["truncation"] > 0.0
            broken = (new.info["nonfinite"] > 0.0) | ~jnp.all(jnp.isfinite(action), -1)
            made = Steps(state.obs, action, new.reward, new.obs, ended & ~limit, ended & limit, ~over, broken & ~over)
            return (new, over | ended), made

        (state, over), made = jax.lax.scan(body, (state, over), first + jnp.arange(steps))
        return state, over, made

    return collect
