"""How a lane begins, and begins anew after a reset: networks drawn, optimizer states and the record of the bound."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from divbench.learn.agents import critic as critics
from divbench.learn.agents import rewards, stepping
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.keys import Stream, stream_key


def draw_learner(root: jax.Array, resets: jax.Array, draw_actor: Callable, log_temperature: jax.Array,
                 coefs: Coefficients, structure: Structure) -> LearnerState:
    """Fresh weights: draw number `resets` of the lane's initialisation stream. The critics' targets begin as copies,
    and the actor has none.

    Args:
      root: the lane's root key (not consumed).
      resets: how often the lane was drawn afresh before; each count gives other weights.
      draw_actor: `key -> variables`.
      log_temperature: scalar.
    """
    actor_key, critic_key = jax.random.split(stream_key(root, Stream.INITIALISE, resets))
    actor, critic = draw_actor(actor_key), critics.initialise(critic_key, coefs, structure)
    low, high = rewards.initial_range(coefs, structure)
    return LearnerState(
        actor=actor, target_actor={}, critic=critic, target=jax.tree.map(jnp.copy, critic),
        log_temperature=log_temperature,
        actor_moments=stepping.actor_optimizer(coefs, structure).init(actor["params"]),
        critic_moments=stepping.critic_optimizer(coefs, structure).init(critic["params"]),
        temperature_moments=stepping.temperature_optimizer(coefs).init(log_temperature),
        updates=jnp.zeros((), jnp.int32), soft_reward_max=high, soft_reward_any=high, soft_reward_min=low, notes={},
        alive=jnp.asarray(True), optimizer_finite=jnp.asarray(True),
    )
