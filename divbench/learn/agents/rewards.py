"""The reward that a lane learns from, and its range in one step, which bounds what Q can be.

A lane learns from reward_scale r + reward_shift, where r is the task's reward; in a group of lanes that all learn from
r, nothing of it is compiled in. Rows of replay and dataset hold r, and
returns of evaluations are sums of r; batches, Q, its bounds and the Monte-Carlo returns beside it are in the lane's own
unit. The range is the task's own, or what was seen where it has none.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.replay import Batch
from divbench.spec.mechanisms import SHAPING

MOST_TEMPERATURE = 10.0  # times its initial value, up to which the temperature counts in upper bounds


def transform(reward: jax.Array, coefs: Coefficients, structure: Structure) -> jax.Array:
    """The task's `reward`, of any shape, scaled and shifted as the lane learns from it."""
    if SHAPING not in structure.mechanisms:
        return reward
    return coefs.reward_scale * reward + coefs.reward_shift


def initial_range(coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """Least and greatest reward before anything was seen; 0 and 0 for a task that states none."""
    if structure.reward_range is not None:
        return _stated(coefs, structure)
    return jnp.zeros((), jnp.float32), jnp.zeros((), jnp.float32)


def batch_range(batch: Batch, coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """Least and greatest reward that a batch bears witness to: the range that is stated, or the batch's."""
    if structure.reward_range is not None:
        return _stated(coefs, structure)
    return jnp.min(batch.reward), jnp.max(batch.reward)


def with_entropy(low: jax.Array, high: jax.Array, weight: jax.Array, first_weight: jax.Array,
                 entropy: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Least and most that one step of a policy with entropy H can earn: low + min(alpha, alpha_first) min(H, 0) and
    high + min(alpha, 10 alpha_first) max(H, 0).

    The caps keep a temperature that climbs because Q diverges from widening the bounds. Divided by 1 - gamma the two
    are the bounds of Q, see `divbench.verdict.bound`.

    Args:
      low, high: the range of the reward.
      weight: alpha, what a nat of entropy is worth in reward.
      first_weight: what it was worth in the beginning.
      entropy: H of the policy, in nats.
    """
    return (low + jnp.minimum(weight, first_weight) * jnp.minimum(entropy, 0.0),
            high + _capped(weight, first_weight) * jnp.maximum(entropy, 0.0))


def most_of_any_policy(high: jax.Array, weight: jax.Array, first_weight: jax.Array, action_size: int) -> jax.Array:
    """Most that one step of any policy can earn: high + min(alpha, 10 alpha_first) A ln 2, scalar.

    A ln 2 nats is the entropy of A actions that are uniform on [-1, 1], and no policy has more. Arguments as in
    `with_entropy`.
    """
    return high + _capped(weight, first_weight) * (action_size * math.log(2.0))


def _capped(weight: jax.Array, first_weight: jax.Array) -> jax.Array:
    return jnp.minimum(weight, MOST_TEMPERATURE * first_weight)


def record_range(learner: LearnerState, low: jax.Array, high: jax.Array, of_any: jax.Array) -> LearnerState:
    """The learner with its record of the soft rewards of one step widened to these: the least, the most, and the most
    of any policy."""
    return learner._replace(soft_reward_max=jnp.maximum(learner.soft_reward_max, high),
                            soft_reward_any=jnp.maximum(learner.soft_reward_any, of_any),
                            soft_reward_min=jnp.minimum(learner.soft_reward_min, low))


def excess(batch: Batch, coefs: Coefficients, structure: Structure) -> jax.Array:
    """How far the batch's rewards go beyond the task's range, in the task's unit: scalar; 0 if it states none."""
    if structure.reward_range is None:
        return jnp.zeros((), jnp.float32)
    low, high = _learned_range(coefs, structure)
    beyond = jnp.max(jnp.maximum(jnp.maximum(batch.reward - high, low - batch.reward), 0.0))
    return beyond / coefs.reward_scale if SHAPING in structure.mechanisms else beyond


def _stated(coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """The stated range as the lane sees it. Where an episode can end, nothing follows, so that 0 lies in it for any
    shift."""
    low, high = _learned_range(coefs, structure)
    if structure.terminates:
        low, high = jnp.minimum(low, 0.0), jnp.maximum(high, 0.0)
    return low, high


def _learned_range(coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    assert structure.reward_range is not None, "a task whose range is unknown has bounds by what was seen"
    low, high = (transform(jnp.asarray(end, jnp.float32), coefs, structure) for end in structure.reward_range)
    return low, high
