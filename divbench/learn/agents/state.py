"""What a lane learns: one record for all algorithms.

Lives here: the state, how its parts are called, and how a lane is frozen. Does not live here: how any of it is made or
moved (the algorithms' own modules).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from divbench.learn.agents.coefficients import Structure
from divbench.spec.objects import ACTOR_OPTIMIZER, OPTIMIZER


class LearnerState(NamedTuple):
    """Everything a lane learns or must remember to learn on, and the record of how it went. What an algorithm has no
    use for is an empty tree or stays as it was drawn.

    A network is the variables of its module: `params`, which its optimizer moves and its moments are of, and any other
    collections, such as `batch_stats`. Those of the critics and their targets have a leading axis of N; of 1, if
    one module holds all critics."""

    actor: dict
    target_actor: dict  # empty where the targets take the actor itself
    critic: dict
    target: dict
    log_temperature: jax.Array
    actor_moments: optax.OptState
    critic_moments: optax.OptState
    temperature_moments: optax.OptState
    updates: jax.Array  # int32, since the critics were drawn; what `target_period` and `policy_delay` count
    soft_reward_max: jax.Array  # running maximum of r_max + min(temperature, ten times the initial) * max(entropy, 0)
    soft_reward_any: jax.Array  # the same with the largest entropy of any policy in place of this one's
    soft_reward_min: jax.Array  # running minimum of r_min + min(temperature, initial) * min(entropy, 0)
    notes: dict  # scalars that an algorithm keeps on its own account, by the metric they are shown as
    alive: jax.Array  # False once something went non-finite; the lane is frozen from then on
    optimizer_finite: jax.Array  # False if the lane was frozen because of its optimizer's state


def freeze_if_nonfinite(finite: jax.Array, old: LearnerState, new: LearnerState, structure: Structure) -> LearnerState:
    """`new`, or `old` frozen for good.

    A lane is frozen where `finite` (bool, scalar) is False, where a number of the critics' or the actor's optimizer
    state is not finite, and where it was frozen before. Weights whose second moment overflowed never move again, so
    such a lane has stopped learning while its loss is still finite. Where `finite` is False too, that is the cause.
    """
    # A gradient that breaks a first moment breaks the second too: its square overflows long before. Half the work.
    # All floats count of an optimizer from outside.
    sound = _all_finite((
        new.critic_moments if structure.own(OPTIMIZER) else new.critic_moments.nu,
        new.actor_moments if structure.own(ACTOR_OPTIMIZER) else new.actor_moments[0].nu))
    alive = old.alive & finite & sound
    kept = jax.tree.map(lambda before, fresh: jnp.where(alive, fresh, before), old, new)
    return kept._replace(alive=alive, optimizer_finite=old.optimizer_finite & (sound | ~(old.alive & finite)))


def _all_finite(tree: Any) -> jax.Array:
    """Whether every float of a tree is finite: bool, scalar.

    Scaled down, finite numbers cannot overflow in a sum, so the sum is finite if and only if all its terms are. This is
    cheaper than `isfinite` on each. `jnp.max` would miss NaN on a CPU (jaxlib 0.10.2, arrays of two or more axes).
    """
    floats = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    return jnp.isfinite(sum(jnp.sum(leaf * 2.0**-40) for leaf in floats))


ACTOR_PARTS = ("actor", "target_actor", "actor_moments", "log_temperature", "temperature_moments")
CRITIC_PARTS = ("critic", "critic_moments", "target", "updates")
