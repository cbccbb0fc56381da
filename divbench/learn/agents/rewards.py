"""The range of the reward of a step, which bounds what Q can be: the task's own, or what was seen where it has none."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from divbench.learn.agents.coefficients import Structure
from divbench.learn.replay import Batch


def at_first(structure: Structure) -> tuple[jax.Array, jax.Array]:
    """Least and greatest reward before anything was seen; 0 and 0 for a task that states none."""
    low, high = structure.reward_range or (0.0, 0.0)
    return jnp.asarray(low, jnp.float32), jnp.asarray(high, jnp.float32)


def of_batch(batch: Batch, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """Least and greatest reward that a batch bears witness to: the task's own range, or the batch's."""
    if structure.reward_range is not None:
        return structure.reward_range
    return jnp.min(batch.reward), jnp.max(batch.reward)
