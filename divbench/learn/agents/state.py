"""What a lane learns: one record for all algorithms.

Lives here: the state, how its parts are called, and how a lane is frozen. Does not live here: how any of it is made or
moved (the algorithms' own modules).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from divbench.learn import optimizers


class LearnerState(NamedTuple):
    """Everything a lane learns or must remember to learn on, and the record of how it went. What an algorithm has no
    use for is an empty tree or stays as it was drawn."""

    actor: dict
    target_actor: dict  # empty where the targets take the actor itself
    critic: dict
    target: dict
    log_temperature: jax.Array
    actor_moments: optax.OptState
    critic_moments: optimizers.Moments
    temperature_moments: optax.OptState
    soft_reward_max: jax.Array  # running maximum of r_max + temperature * max(entropy, 0)
    soft_reward_min: jax.Array  # running minimum of r_min + min(temperature, initial) * min(entropy, 0)
    notes: dict  # scalars that an algorithm keeps on its own account, by the metric they are shown as
    alive: jax.Array  # False once something went non-finite; the lane is frozen from then on


def kept_if(finite: jax.Array, old: LearnerState, new: LearnerState) -> LearnerState:
    """`new`, or `old` frozen for good where `finite` (bool, scalar) is not so, or where it was frozen before."""
    alive = old.alive & finite
    kept = jax.tree.map(lambda before, fresh: jnp.where(alive, fresh, before), old, new)
    return kept._replace(alive=alive)


ACTOR_PARTS = ("actor", "target_actor", "actor_moments", "log_temperature", "temperature_moments")
CRITIC_PARTS = ("critic", "critic_moments", "target")
