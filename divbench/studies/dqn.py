"""Discrete DQN on a fixed set of transitions: one lane as a pure function, to be mapped over lanes.

Q(s, a) <- r + gamma max_a' Q'(s', a'), Q' a copy of Q that follows it (Mnih et al., Nature 2015, Algorithm 1). Two
differences: nobody acts, since what is asked is whether Q converges on given data; and Q is a function of state and
action, as in the toy example of Yue et al. (2310.04411), not a network with an output for each action. The latter is a
special case, Q(s, a) = f(s) . onehot(a), while a function of the action's encoding can generalise over actions as the
critics of continuous actions do, and the kernel diagnostics take it as it is.
Lives here: the network with LayerNorm as data, the update, and the record of the training. Does not live here: the
transitions, and what is made of the record (`execute`).
Letters in shapes: N transitions, B batch, A actions, O and G features of a state and of an action, M marks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp

from divbench.learn import optimizers
from divbench.learn.networks.layer import NONLINEARITIES
from divbench.learn.normalisations import layer_norm
from divbench.studies import plain_critics


class Transitions(NamedTuple):
    """What is learned from: obs and next_obs `[N, O]`, action `[N, G]`, reward and continues `[N]`; continues is 0
    where the episode ends, else 1."""

    obs: jax.Array
    action: jax.Array
    reward: jax.Array
    next_obs: jax.Array
    continues: jax.Array


class DQNSettings(NamedTuple):
    """What tells lanes apart, as data; scalars.

    Attributes:
      gamma: discount.
      period: updates between two moves of the target copy; 1: at each.
      tau: share of the way that it then moves towards Q: 1 is a hard copy, less an average. 1 and 1: no target copy.
      rule: the optimizer.
    """

    gamma: jax.Array
    period: jax.Array
    tau: jax.Array
    rule: optimizers.Rule


class Record(NamedTuple):
    """The history of a lane, at marks.

    Attributes:
      mean: of Q on all transitions, `[M]`.
      largest: |Q| on all transitions and on all actions after them, `[M]`; of a crashed lane from then on that of the
        parameters that it was frozen with.
      params: a tree of `[M, ...]`, always finite.
      crash: updates before |Q| was first seen beyond the limit, or parameters would not have been finite; -1: never.
    """

    mean: jax.Array
    largest: jax.Array
    params: object
    crash: jax.Array


def initialise(key: jax.Array, inputs: int, hidden: tuple[int, ...], weights: str) -> list[dict[str, jax.Array]]:
    """Parameters of the network: those of `plain_critics.initialise`, and scale and shift of each hidden LayerNorm."""
    *layers, head = plain_critics.initialise(key, inputs, hidden, weights)
    return [*(layer | {"norm_scale": jnp.ones_like(layer["bias"]), "norm_shift": jnp.zeros_like(layer["bias"])}
              for layer in layers), head]


def make_q_fn(activation: str, layernorm: jax.Array) -> Callable:
    """`q_fn(params, obs, action) -> []`, Q of one pair: LayerNorm before each activation where `layernorm` (a scalar)
    is 1, none where it is 0. Then scale and shift are without effect, and their gradient is 0."""
    act = NONLINEARITIES[activation]

    def q_fn(params, obs, action):
        x = jnp.concatenate([obs, action])[None]
        *layers, head = params
        for layer in layers:
            x = jnp.matmul(x, layer["kernel"], precision=jax.lax.Precision.HIGHEST) + layer["bias"][None]
            x = act(layer_norm(x, layer["norm_scale"], layer["norm_shift"], layernorm))
        return (jnp.matmul(x, head["kernel"], precision=jax.lax.Precision.HIGHEST) + head["bias"][None])[0, 0]

    return q_fn


def action_values(q_fn: Callable, params: Any, obs: jax.Array, actions: jax.Array) -> jax.Array:
    """Q of all actions `[A, G]` in the states `[N, O]`: `[N, A]`."""
    return jax.vmap(jax.vmap(q_fn, (None, None, 0)), (None, 0, None))(params, obs, actions)


def train(q_fn: Callable, key: jax.Array, params: Any, data: Transitions, actions: jax.Array, numbers: DQNSettings, *,
          at: jax.Array, limit: float, batch: int | None = None) -> Record:
    """Train one lane by steps down the gradient of the mean of (Q(s, a) - target)^2; for `jax.vmap` and `jax.jit`.

    A lane that crashes keeps the parameters it has then; neighbours continue.

    Args:
      q_fn: `q_fn(params, obs, action) -> []`.
      key: for the batches, consumed.
      params: of Q; the target copy begins as it.
      actions: all of them, `[A, G]`.
      at: updates before each mark, rising, `[M]`; the training ends with the last. Of all lanes, not mapped over.
      limit: of |Q|, beyond which a lane has crashed.
      batch: transitions drawn with replacement for each update; None takes all (static).
    """
    chex.assert_rank((data.reward, data.continues, at), 1)
    chex.assert_tree_shape_prefix(data, data.reward.shape)
    values = jax.vmap(q_fn, (None, 0, 0))

    def update(count, carry):
        params, target, moments, crash = carry
        rows = data
        if batch is not None:
            chosen = jax.random.randint(jax.random.fold_in(key, count), (batch,), 0, data.reward.shape[0])
            rows = jax.tree.map(lambda leaf: leaf[chosen], data)
        best = jnp.max(action_values(q_fn, target, rows.next_obs, actions), 1)
        goal = rows.reward + numbers.gamma * rows.continues * best

        def loss(params):
            now = values(params, rows.obs, rows.action)
            return jnp.mean(jnp.square(now - goal)), jnp.max(jnp.abs(now))

        gradient, largest = jax.grad(loss, has_aux=True)(params)
        change, moved = optimizers.adam_step(gradient, moments, params, numbers.rule, ())
        new = jax.tree.map(jnp.add, params, change)
        sound = (jnp.maximum(largest, jnp.max(jnp.abs(best))) <= limit) & all_finite((new, moved))
        crash = jnp.where((crash < 0) & ~sound, count, crash)
        due = (count + 1) % numbers.period == 0
        followed = jax.tree.map(lambda old, now: jnp.where(due, old + numbers.tau * (now - old), old), target, new)
        kept = jax.tree.map(lambda old, now: jnp.where(crash < 0, now, old), (params, target, moments),
                            (new, followed, moved))
        return *kept, crash

    def measure(params):
        now = values(params, data.obs, data.action)
        ahead = action_values(q_fn, params, data.next_obs, actions)
        return jnp.mean(now), jnp.maximum(jnp.max(jnp.abs(now)), jnp.max(jnp.abs(ahead)))

    def stretch(carry, ends):
        begin, end = ends
        carry = jax.lax.fori_loop(begin, end, update, carry)
        return carry, (*measure(carry[0]), carry[0])

    at = at.astype(jnp.int32)
    begin = (params, params, optimizers.init(params), jnp.int32(-1))
    (_, _, _, crash), (mean, largest, kept) = jax.lax.scan(stretch, begin, (jnp.roll(at, 1).at[0].set(0), at))
    return Record(mean, largest, kept, crash)


def all_finite(tree: Any) -> jax.Array:
    """Whether every entry of every array is; bool scalar."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))
