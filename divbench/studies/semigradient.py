"""Semi-gradient TD on a fixed set of transitions without reward, under a policy at rest: how a critic excites itself.

Lives here: the training of many lanes as one program, and what is kept of it. Does not live here: the critics
(`critics`), the points, and what is made of the record (`studies.growth`).
Growth spans many decades in few steps, so the record is not by step: a lane's parameters are kept whenever its |Q| has
grown by a fixed ratio beyond the largest so far. Letters in shapes: S lanes, M marks, N transitions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

OPTIMIZERS: dict[str, Callable] = {"sgd": optax.sgd, "adam": optax.adam,
                                   "adam b2=0.99": functools.partial(optax.adam, b2=0.99)}


class Growth(NamedTuple):
    """The histories of the lanes.

    Attributes:
      marks: how many each lane has, `[S]`; beyond them the record is 0.
      step: updates before each mark, `[S, M]`; the first is 0.
      q: mean Q on the data there, `[S, M]`.
      params: the critics there, a tree of `[S, M, ...]`.
      crash: updates before |Q| was first seen beyond the limit or not finite, `[S]`; -1 if it never was.
      last: mean Q before the last update, `[S]`; of a lane that crashed, whatever it was.
      updates: of each lane, a scalar: the training ends when all lanes have crashed.
    """

    marks: jax.Array
    step: jax.Array
    q: jax.Array
    params: object
    crash: jax.Array
    last: jax.Array
    updates: jax.Array


def grow(q_fn: Callable, params: Any, data: Any, policy: Any, gamma: jax.Array, *, optimizer: str, learning_rate: float,
         updates: int, marks: int, ratio: float, limit: float) -> Growth:
    """Train all lanes by theta <- theta - step(mean of (Q(X) - gamma Q(X*)) grad Q(X)); for `jax.jit`.

    Args:
      q_fn: `q_fn(params, obs, action) -> []`, Q of one pair (static).
      params: of the critics, a tree of `[S, ...]`.
      data: X, observations `[S, N, O]` and actions `[S, N, A]`.
      policy: X*, the next observations with the policy's actions there, the same shapes. The reward is 0.
      gamma: discount, `[S]`.
      optimizer: of `OPTIMIZERS`, the rest at optax's defaults (static, as all that follow).
      learning_rate: of all lanes.
      updates: at most.
      marks: how many of each lane are kept at most, M; growth beyond them is not recorded.
      ratio: of |Q| from one mark to the next, above 1.
      limit: of |Q|, beyond which a lane has crashed.
    """
    rule = OPTIMIZERS[optimizer](learning_rate)
    values = jax.vmap(q_fn, (None, 0, 0))

    def update(params, state, data, policy, gamma):
        """One lane's next parameters and optimizer state, and mean Q before."""
        now, pull = jax.vjp(lambda params: values(params, *data), params)
        errors = now - gamma * values(params, *policy)
        (gradient,) = pull(errors / errors.size)
        change, state = rule.update(gradient, state, params)
        return optax.apply_updates(params, change), state, jnp.mean(now)

    def keep(store, count, step, q, params, crashed):
        """The record with another mark if |Q| has grown enough; a crashed lane has no more."""
        peak = jnp.abs(store.q[jnp.maximum(count - 1, 0)])
        reached = ((count == 0) | (jnp.abs(q) >= ratio * peak)) & ~crashed
        place = jnp.where(reached, count, marks)  # beyond the last: dropped
        kept = jax.tree.map(lambda all_, one: all_.at[place].set(one, mode="drop"), store, _Marks(step, q, params))
        return kept, jnp.minimum(count + reached, marks)

    def body(carry):
        step, params, state, store, count, crash, _ = carry
        new, state, q = jax.vmap(update)(params, state, data, policy, gamma)
        crash = jnp.where((crash < 0) & ~(jnp.abs(q) <= limit), step, crash)
        store, count = jax.vmap(keep, (0, 0, None, 0, 0, 0))(store, count, step, q, params, crash >= 0)
        return step + 1, new, state, store, count, crash, q

    lanes = gamma.shape[0]
    store = _Marks(jnp.zeros((lanes, marks), jnp.int32), jnp.zeros((lanes, marks)),
                   jax.tree.map(lambda leaf: jnp.zeros((lanes, marks, *leaf.shape[1:]), leaf.dtype), params))
    start = (jnp.int32(0), params, jax.vmap(rule.init)(params), store, jnp.zeros(lanes, jnp.int32),
             jnp.full(lanes, -1, jnp.int32), jnp.zeros(lanes))
    step, _, _, store, count, crash, last = jax.lax.while_loop(
        lambda carry: (carry[0] < updates) & jnp.any(carry[5] < 0), body, start)
    return Growth(count, store.step, store.q, store.params, crash, last, step)


class _Marks(NamedTuple):
    """A lane's record: as in `Growth`, without the axis of lanes."""

    step: jax.Array
    q: jax.Array
    params: object
