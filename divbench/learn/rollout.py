"""Playing episodes without learning: evaluation with the policy's mode, and stochastic rollouts for measuring values.

Policies act in [-1, 1], tasks in dm_control's own bounds: what maps the one onto the other is here too.
Both are cut into blocks of env steps by the host, so that a signal is handled in time. Letters in shapes: L lanes,
E episodes side by side in a lane, T env steps of an episode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np

from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import Structure

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment
    from divbench.learn.agents.coefficients import Coefficients


class Evaluation(NamedTuple):
    """Episodes under way: env states `[L, E, ...]`, the sums of their rewards and whether they are over, `[L, E]`."""

    env: Any
    returns: jax.Array
    over: jax.Array


class Rollout(NamedTuple):
    """One stochastic episode a lane, step by step, `[L, T, ...]`: what was seen, done, earned, its log density, whether
    the task continued after it (0 where it terminated), and whether the step was made before the episode's end:
    None if all are, because the task cannot terminate."""

    obs: jax.Array
    action: jax.Array
    reward: jax.Array
    log_prob: jax.Array
    continues: jax.Array
    within: jax.Array | None


def blank_evaluation(env: TaskEnvironment, lanes: int, episodes: int) -> Evaluation:
    """Zeros of the right shapes, for the first block."""
    shapes = jax.eval_shape(env.reset, jax.eval_shape(lambda: jax.random.key(0)))
    state = jax.tree.map(lambda leaf: jnp.zeros((lanes, episodes, *leaf.shape), leaf.dtype), shapes)
    return Evaluation(state, jnp.zeros((lanes, episodes), jnp.float32), jnp.zeros((lanes, episodes), bool))


def make_evaluate(env: TaskEnvironment, structure: Structure) -> Callable:
    """`evaluate(actors, coefs, evaluation, starts, begins, steps) -> Evaluation`, `steps` env steps further.

    Where `begins` is True the episodes start from `starts` (`[L, E, ...]`, drawn on the host) with returns of 0.
    Returns are undiscounted sums until an episode's end; an episode whose physics or policy went non-finite has a
    return of NaN.
    """
    step = scaled_step(env)

    def act(actor, obs, coefs):
        return agent_of(structure).act(actor, obs, coefs, structure)

    def evaluate(actors: Any, coefs: Coefficients, evaluation: Evaluation, starts: Any, begins: jax.Array,
                 steps: jax.Array) -> Evaluation:
        lanes, episodes = evaluation.returns.shape
        chex.assert_tree_shape_prefix((actors, coefs), (lanes,))
        chex.assert_tree_shape_prefix((evaluation, starts), (lanes, episodes))
        evaluation = jax.lax.cond(
            begins,
            lambda: Evaluation(jax.vmap(jax.vmap(env.start))(starts), jnp.zeros_like(evaluation.returns),
                               jnp.zeros_like(evaluation.over)),
            lambda: evaluation)

        def body(_: jax.Array, carry: Evaluation) -> Evaluation:
            action = jax.vmap(act)(actors, carry.env.obs, coefs)
            state = jax.vmap(jax.vmap(step))(carry.env, action)
            broken = (state.info["nonfinite"] > 0.0) | ~jnp.all(jnp.isfinite(action), -1)
            gained = jnp.where(carry.over, 0.0, jnp.where(broken, jnp.nan, state.reward))
            return Evaluation(state, carry.returns + gained, carry.over | (state.done > 0.0))

        return jax.lax.fori_loop(0, steps, body, evaluation)

    return evaluate


def play(env: TaskEnvironment, structure: Structure, actors: Any, coefs: Coefficients, starts: Any,
         keys: jax.Array) -> Rollout:
    """One episode of the stochastic policy in every lane.

    Args:
      actors, coefs: of the lanes, `[L, ...]`.
      starts: one start state a lane, `[L, ...]`.
      keys: one key a lane, `[L]`; consumed.
    """
    step, agent = scaled_step(env), agent_of(structure)
    chex.assert_tree_shape_prefix((actors, coefs, starts), keys.shape)

    def act(actor, obs, coefs, key, count):
        action, log_prob = agent.sample(actor, obs[None], coefs, structure, jax.random.fold_in(key, count))
        return action[0], log_prob[0]

    def body(carry, count):
        state, over = carry
        action, log_prob = jax.vmap(act, in_axes=(0, 0, 0, 0, None))(actors, state.obs, coefs, keys, count)
        new = jax.vmap(step)(state, action)
        terminated = new.done * (1.0 - new.info["truncation"])
        reward = jnp.where(new.info["nonfinite"] > 0.0, jnp.nan, new.reward)  # what broken physics pay is no reward
        return ((new, jnp.maximum(over, new.done)),
                Rollout(state.obs, action, reward, log_prob, 1.0 - terminated, 1.0 - over if env.terminates else None))

    first = jax.vmap(env.start)(starts)
    _, steps = jax.lax.scan(body, (first, jnp.zeros_like(first.done)), jnp.arange(env.episode_length))
    return jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), steps)


def scaled_step(env: TaskEnvironment) -> Callable:
    """`step(state, action)` of one env for actions in [-1, 1]^A, mapped affinely onto the task's bounds.

    For bounds of -1 and 1 the action passes through exactly.
    """
    center, scale = (jnp.asarray(x) for x in action_center_and_scale(env))
    return lambda state, action: env.step(state, center + scale * action)


def action_center_and_scale(env: TaskEnvironment) -> tuple[np.ndarray, np.ndarray]:
    """`[A]` float32 each: what maps a policy's action onto the task's bounds, `center + scale * action`."""
    low, high = np.asarray(env.action_low), np.asarray(env.action_high)
    return ((low + high) / 2).astype(np.float32), ((high - low) / 2).astype(np.float32)
