"""The reward that a lane learns from, and its range in one step, which bounds what Q can be.

A lane learns from reward_scale r + reward_shift, where r is the task's reward; in a group of lanes that all learn from
r, nothing of it is compiled in. Rows of replay and dataset hold r, and
returns of evaluations are sums of r; batches, Q, its bounds and the Monte-Carlo returns beside it are in the lane's own
unit. The range is the task's own, or what was seen where it has none.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.replay import Batch
from divbench.spec.variants import SHAPING


def learned(reward, coefs: Coefficients, structure: Structure):
    """What the lane learns from in place of the task's `reward`, of any shape."""
    if SHAPING not in structure.mechanisms:
        return reward
    return coefs.reward_scale * reward + coefs.reward_shift


def at_first(coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """Least and greatest reward before anything was seen; 0 and 0 for a task that states none."""
    if structure.reward_range is not None:
        return _stated(coefs, structure)
    return jnp.zeros((), jnp.float32), jnp.zeros((), jnp.float32)


def of_batch(batch: Batch, coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """Least and greatest reward that a batch bears witness to: the range that is stated, or the batch's."""
    if structure.reward_range is not None:
        return _stated(coefs, structure)
    return jnp.min(batch.reward), jnp.max(batch.reward)


def with_entropy(low, high, weight, first_weight, entropy) -> tuple[jax.Array, jax.Array]:
    """Least and most that one step can earn: low + min(alpha, alpha_first) min(H, 0) and high + alpha max(H, 0).

    A temperature that climbs because Q diverges meets a collapsed policy, H < 0: the most leaves it out, the least caps
    it. Divided by 1 - gamma they are the bounds of Q, see `divbench.verdict.bound`.

    Args:
      low, high: the range of the reward.
      weight: alpha, what a nat of entropy is worth in reward.
      first_weight: what it was worth in the beginning.
      entropy: H of the policy, in nats.
    """
    return (low + jnp.minimum(weight, first_weight) * jnp.minimum(entropy, 0.0),
            high + weight * jnp.maximum(entropy, 0.0))


def excess(batch: Batch, coefs: Coefficients, structure: Structure) -> jax.Array:
    """How far the batch's rewards go beyond the task's range, in the task's unit: scalar; 0 if it states none."""
    if structure.reward_range is None:
        return jnp.zeros((), jnp.float32)
    low, high = _learned_range(coefs, structure)
    beyond = jnp.max(jnp.maximum(jnp.maximum(batch.reward - high, low - batch.reward), 0.0))
    return beyond / coefs.reward_scale if SHAPING in structure.mechanisms else beyond


def _stated(coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """The stated range as the lane sees it. Where an episode can end, nothing follows, so that 0 lies in it whatever
    the shift."""
    low, high = _learned_range(coefs, structure)
    if structure.terminates:
        low, high = jnp.minimum(low, 0.0), jnp.maximum(high, 0.0)
    return low, high


def _learned_range(coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    low, high = (learned(jnp.asarray(end, jnp.float32), coefs, structure) for end in structure.reward_range)
    return low, high
