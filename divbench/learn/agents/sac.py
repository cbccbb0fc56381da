"""Soft actor-critic of one lane, on one page: state, coefficients, losses, update.

Source: Haarnoja et al., 1812.05905, in the form of the SR-SAC code (D'Oro et al., ICLR 2023): per update the critic,
its target, the actor (against the new critic) and the temperature, in that order. Everything here is written for one
lane and vmapped by the caller. Letters in shapes: B batch, O observation size, A action size.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from divbench.learn import networks
from divbench.learn.keys import Stream, stream_key
from divbench.learn.networks import MechanismCoefficients
from divbench.learn.replay import Batch
from divbench.spec.plan import Lane
from divbench.spec.settings import SACSettings


class Coefficients(NamedTuple):
    """The numbers of a lane that are data: float32 scalars (`[L]` once stacked). Names as in `SACSettings`."""

    mechanisms: MechanismCoefficients
    init_gain: jax.Array
    log_std_gain: jax.Array
    log_std_min: jax.Array
    log_std_max: jax.Array
    actor_lr: jax.Array
    critic_lr: jax.Array
    temperature_lr: jax.Array
    adam_b1: jax.Array
    adam_b2: jax.Array
    adam_eps: jax.Array
    gamma: jax.Array
    tau: jax.Array
    initial_temperature: jax.Array
    target_entropy: jax.Array  # nats
    bootstrap_at_limit: jax.Array  # 1: a time limit does not end the future; 0: it does


class Structure(NamedTuple):
    """What is compiled in: hashable, the same for all lanes of a group."""

    observation_size: int
    action_size: int
    mechanisms: frozenset[str]
    settings: SACSettings  # only its structure fields are read from here
    reward_range: tuple[float, float]  # of one env step; enters the bound on Q


class LearnerState(NamedTuple):
    """Everything a lane learns or must remember to learn on, and the record of how it went."""

    actor: dict
    critic: dict
    target: dict
    log_temperature: jax.Array
    actor_moments: optax.OptState
    critic_moments: optax.OptState
    temperature_moments: optax.OptState
    soft_reward_max: jax.Array  # running maximum of r_max + temperature * max(entropy, 0)
    soft_reward_min: jax.Array  # running minimum of r_min + min(temperature, initial) * min(entropy, 0)
    alive: jax.Array  # False once something went non-finite; the lane is frozen from then on


def coefficients(lanes: tuple[Lane, ...], action_size: int) -> Coefficients:
    """The lanes' coefficients, stacked: every leaf is float32 `[L]`."""
    def stack(value):
        return jnp.asarray(np.asarray([value(lane) for lane in lanes], np.float32))

    fields = {name: stack(lambda lane, name=name: getattr(lane.sac, name))
              for name in Coefficients._fields if hasattr(SACSettings, name)}
    return Coefficients(
        mechanisms=MechanismCoefficients(*(stack(lambda lane, m=m: m in lane.variant.mechanisms)
                                           for m in MechanismCoefficients._fields)),
        target_entropy=stack(lambda lane: -lane.sac.target_entropy_scale * action_size),
        bootstrap_at_limit=stack(lambda lane: lane.sac.time_limit_bootstraps),
        **fields,
    )


def temperature(learner: LearnerState, coefs: Coefficients) -> jax.Array:
    """The weight of the entropy term; exactly 0 for a lane whose initial temperature is 0."""
    return jnp.where(coefs.initial_temperature > 0.0, jnp.exp(learner.log_temperature), 0.0)


def _adam(coefs: Coefficients, learning_rate) -> optax.GradientTransformation:
    return optax.adam(learning_rate, coefs.adam_b1, coefs.adam_b2, coefs.adam_eps)


def initialise(root, resets, coefs: Coefficients, structure: Structure) -> LearnerState:
    """Fresh weights: draw number `resets` of the lane's initialisation stream.

    Args:
      root: the lane's root key (not consumed).
      resets: how often the lane was drawn afresh before; each count gives other weights.
    """
    actor_key, critic_key = jax.random.split(stream_key(root, Stream.INITIALISE, resets))
    sizes = structure.observation_size, structure.action_size
    actor = networks.init_actor(actor_key, *sizes, structure.settings, coefs.init_gain, coefs.log_std_gain)
    critic = networks.init_critic(critic_key, *sizes, structure.settings, structure.mechanisms, coefs.init_gain)
    positive = jnp.where(coefs.initial_temperature > 0.0, coefs.initial_temperature, 1.0)
    log_temperature = jnp.log(positive)
    low, high = structure.reward_range
    return LearnerState(
        actor, critic, jax.tree.map(jnp.copy, critic), log_temperature,
        _adam(coefs, coefs.actor_lr).init(actor), _adam(coefs, coefs.critic_lr).init(critic),
        _adam(coefs, coefs.temperature_lr).init(log_temperature),
        soft_reward_max=jnp.asarray(high, jnp.float32), soft_reward_min=jnp.asarray(low, jnp.float32),
        alive=jnp.asarray(True),
    )


def act(actor, obs, coefs: Coefficients, structure: Structure, key=None) -> jax.Array:
    """Actions `[B, A]` for observations `[B, O]`: sampled with `key`, or the mode through tanh without one."""
    mean, log_std = networks.actor_distribution(actor, obs, structure.settings, coefs.log_std_min, coefs.log_std_max)
    return jnp.tanh(mean) if key is None else networks.sample_action(key, mean, log_std)[0]


def sample(actor, obs, coefs: Coefficients, structure: Structure, key):
    """Sampled actions and their log densities, `[B, A]` and `[B]`."""
    mean, log_std = networks.actor_distribution(actor, obs, structure.settings, coefs.log_std_min, coefs.log_std_max)
    return networks.sample_action(key, mean, log_std)


def values(critic, obs, action, coefs: Coefficients, structure: Structure) -> jax.Array:
    """Q of both critics, `[2, B]`."""
    return networks.critic_values(critic, obs, action, coefs.mechanisms, structure.mechanisms)


def td_target(learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure, key) -> jax.Array:
    """r + gamma (min Q_target(s', a') - temperature log pi(a'|s')), a' from the policy; `[B]`."""
    next_action, next_log_prob = sample(learner.actor, batch.next_obs, coefs, structure, key)
    next_q = jnp.min(values(learner.target, batch.next_obs, next_action, coefs, structure), 0)
    soft = next_q - temperature(learner, coefs) * next_log_prob
    return batch.reward + coefs.gamma * batch.continues * soft


def critic_loss(critic, batch: Batch, target, coefs: Coefficients, structure: Structure) -> jax.Array:
    """Sum over the twin critics of the mean squared TD error; scalar."""
    error = values(critic, batch.obs, batch.action, coefs, structure) - target[None, :]
    return jnp.sum(jnp.mean(jnp.square(error), -1))


def _apply(gradient, moments, parameters, coefs: Coefficients, learning_rate):
    updates, moments = _adam(coefs, learning_rate).update(gradient, moments)
    return optax.apply_updates(parameters, updates), moments


def update(learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure, key):
    """One gradient step of everything. The key is consumed.

    Returns:
      The new state; unchanged but for `alive` if a loss was not finite, or if the lane was frozen before.
    """
    target_key, actor_key = jax.random.split(key)
    target = td_target(learner, batch, coefs, structure, target_key)
    q_loss, gradient = jax.value_and_grad(critic_loss)(learner.critic, batch, target, coefs, structure)
    critic, critic_moments = _apply(gradient, learner.critic_moments, learner.critic, coefs, coefs.critic_lr)
    target_critic = jax.tree.map(lambda old, new: old + coefs.tau * (new - old), learner.target, critic)
    alpha = temperature(learner, coefs)

    def actor_loss(actor):
        action, log_prob = sample(actor, batch.obs, coefs, structure, actor_key)
        q = jnp.min(values(critic, batch.obs, action, coefs, structure), 0)
        return jnp.mean(alpha * log_prob - q), -jnp.mean(log_prob)

    (policy_loss, entropy), gradient = jax.value_and_grad(actor_loss, has_aux=True)(learner.actor)
    actor, actor_moments = _apply(gradient, learner.actor_moments, learner.actor, coefs, coefs.actor_lr)
    # d/d(log temperature) of temperature * (entropy - target entropy)
    log_temperature, temperature_moments = _apply(
        alpha * (entropy - coefs.target_entropy), learner.temperature_moments, learner.log_temperature, coefs,
        coefs.temperature_lr)

    low, high = structure.reward_range
    cautious = jnp.minimum(alpha, coefs.initial_temperature)
    new = LearnerState(
        actor, critic, target_critic, log_temperature, actor_moments, critic_moments, temperature_moments,
        soft_reward_max=jnp.maximum(learner.soft_reward_max, high + alpha * jnp.maximum(entropy, 0.0)),
        soft_reward_min=jnp.minimum(learner.soft_reward_min, low + cautious * jnp.minimum(entropy, 0.0)),
        alive=learner.alive,
    )
    alive = learner.alive & jnp.isfinite(q_loss) & jnp.isfinite(policy_loss)
    kept = jax.tree.map(lambda old, fresh: jnp.where(alive, fresh, old), learner, new)
    return kept._replace(alive=alive)
