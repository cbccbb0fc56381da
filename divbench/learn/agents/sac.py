"""Soft actor-critic of one lane, on one page: state, losses, update.

Source: Haarnoja et al., 1812.05905, in the form of the SR-SAC code (D'Oro et al., ICLR 2023): per update the critic,
its target, the actor (against the new critic) and the temperature, in that order. Everything here is written for one
lane and vmapped by the caller. Letters in shapes: B batch, O observation size, A action size.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from divbench.learn import batchnorm, losses, networks, optimizers
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.hooks import CriticTerms, of_kind
from divbench.learn.keys import Stream, stream_key
from divbench.learn.networks import Activations
from divbench.learn.projections import PROJECTIONS
from divbench.learn.replay import Batch


class LearnerState(NamedTuple):
    """Everything a lane learns or must remember to learn on, and the record of how it went."""

    actor: dict
    critic: dict
    target: dict
    log_temperature: jax.Array
    actor_moments: optax.OptState
    critic_moments: optimizers.Moments
    temperature_moments: optax.OptState
    soft_reward_max: jax.Array  # running maximum of r_max + temperature * max(entropy, 0)
    soft_reward_min: jax.Array  # running minimum of r_min + min(temperature, initial) * min(entropy, 0)
    alive: jax.Array  # False once something went non-finite; the lane is frozen from then on


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
    actor = networks.init_actor(actor_key, *sizes, structure.settings, structure.mechanisms, coefs.init_gain,
                                coefs.log_std_gain)
    critic = networks.init_critic(critic_key, *sizes, structure.settings, structure.mechanisms, coefs.init_gain)
    critic = _projected(critic, structure)
    positive = jnp.where(coefs.initial_temperature > 0.0, coefs.initial_temperature, 1.0)
    log_temperature = jnp.log(positive)
    low, high = structure.reward_range
    return LearnerState(
        actor, critic, jax.tree.map(jnp.copy, critic), log_temperature,
        _adam(coefs, coefs.actor_lr).init(actor), optimizers.init(critic),
        _adam(coefs, coefs.temperature_lr).init(log_temperature),
        soft_reward_max=jnp.asarray(high, jnp.float32), soft_reward_min=jnp.asarray(low, jnp.float32),
        alive=jnp.asarray(True),
    )


def policy(actor, obs, coefs: Coefficients, structure: Structure):
    """Mean and log standard deviation before the tanh, each `[B, A]`, for observations `[B, O]`."""
    return networks.actor_distribution(actor, obs, structure.settings, coefs.mechanisms, structure.mechanisms,
                                       coefs.log_std_min, coefs.log_std_max)


def _projected(critic, structure: Structure):
    """The critics after the group's projections, divbench's own and those from outside."""
    own = [PROJECTIONS[name] for name in sorted(structure.mechanisms & PROJECTIONS.keys())]
    for project in (*own, *of_kind(structure.hooks, "projections")):
        critic = project(critic)
    return critic


def act(actor, obs, coefs: Coefficients, structure: Structure, key=None) -> jax.Array:
    """Actions `[B, A]` for observations `[B, O]`: sampled with `key`, or the mode through tanh without one."""
    mean, log_std = policy(actor, obs, coefs, structure)
    return jnp.tanh(mean) if key is None else networks.sample_action(key, mean, log_std)[0]


def sample(actor, obs, coefs: Coefficients, structure: Structure, key):
    """Sampled actions and their log densities, `[B, A]` and `[B]`."""
    return networks.sample_action(key, *policy(actor, obs, coefs, structure))


def activations(critic, obs, action, coefs: Coefficients, structure: Structure, key=None,
                training: bool = False) -> Activations:
    """One pass through the critics; `key` and `training` as in `networks.critic_activations`."""
    return networks.critic_activations(critic, obs, action, coefs.mechanisms, structure.mechanisms, structure.hooks,
                                       key=key, training=training)


def values(critic, obs, action, coefs: Coefficients, structure: Structure, key=None) -> jax.Array:
    """Q of all critics, `[N, B]`."""
    return networks.head_values(critic, activations(critic, obs, action, coefs, structure, key).features)


def joint_values(critic, batch: Batch, next_action, coefs: Coefficients, structure: Structure, key):
    """Q `[N, B]` of the batch's pairs and of (next_obs, next_action) by one training pass over both, and the
    statistics of its BatchNorm."""
    obs = jnp.concatenate([batch.obs, batch.next_obs])
    action = jnp.concatenate([batch.action, next_action])
    passed = activations(critic, obs, action, coefs, structure, key, training=True)
    q, next_q = jnp.split(networks.head_values(critic, passed.features), 2, -1)
    return q, next_q, passed.statistics


def reduced(q, coefs: Coefficients) -> jax.Array:
    """What counts of all critics' Q: the least, or with `mean_weight` their mean; `[N, B]` to `[B]`."""
    least = jnp.min(q, 0)
    return least + coefs.mean_weight * (jnp.mean(q, 0) - least)


def td_target(learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure, key,
              training: bool = True):
    """r + gamma (min Q_target(s', a') - temperature log pi(a'|s')), a' from the policy: `[B]`, and a' `[B, A]`.

    With in-distribution targets a' is the replayed action, and the entropy is left out. The key is consumed. Where
    nothing is learned from it, `training` False leaves dropout out and takes BatchNorm's running statistics.
    """
    stored = coefs.in_distribution_targets
    drawn, log_prob = sample(learner.actor, batch.next_obs, coefs, structure, key)
    next_action = jnp.where(stored > 0.0, batch.next_action, drawn)
    dropout_key = _dropout_key(key, structure) if training else None
    if "batchnorm" in structure.mechanisms and training:
        _, q, _ = joint_values(learner.target, batch, next_action, coefs, structure, dropout_key)
    else:
        q = values(learner.target, batch.next_obs, next_action, coefs, structure, dropout_key)
    soft = reduced(q, coefs) - temperature(learner, coefs) * (1.0 - stored) * log_prob
    return batch.reward + coefs.gamma * batch.continues * soft, next_action


def _dropout_key(key, structure: Structure):
    """A key of its own for what is random inside the critics; None where nothing is."""
    random = "dropout" in structure.mechanisms or any(kind == "features" for kind, _ in structure.hooks)
    return jax.random.fold_in(key, 1) if random else None


def critic_loss(critic, actor, batch: Batch, target, next_action, coefs: Coefficients, structure: Structure, key):
    """Sum over the critics of the mean squared TD error, and of what the lane's variant adds: scalar.

    Args:
      critic, actor: parameters; the actor is not learned from here.
      target, next_action: of `td_target`.
      key: consumed.

    Returns:
      The loss, and the statistics of BatchNorm (empty without it).
    """
    dropout_key, statistics = _dropout_key(key, structure), []
    if "batchnorm" in structure.mechanisms:
        q, _, statistics = joint_values(critic, batch, next_action, coefs, structure, dropout_key)
    else:
        q = values(critic, batch.obs, batch.action, coefs, structure, dropout_key)
    error = losses.squared_or_linear(q - target[None, :], coefs.huber_delta)
    # A target on a replayed action needs one: where none was taken the error does not count.
    counts = 1.0 - coefs.in_distribution_targets * (1.0 - batch.next_taken)
    loss = jnp.sum(jnp.mean(error * counts, -1))
    terms = CriticTerms(
        q, target, batch, next_action,
        values=lambda obs, action: values(critic, obs, action, coefs, structure, dropout_key),
        features=lambda obs, action: activations(critic, obs, action, coefs, structure, dropout_key).features,
        policy=lambda obs, key: sample(actor, obs, coefs, structure, key),
        key=jax.random.fold_in(key, 2), weights=coefs)
    for name, (term, weight) in losses.WEIGHTED.items():
        if name in structure.mechanisms:
            loss = loss + getattr(coefs, weight) * term(terms)
    for number, hook in enumerate(of_kind(structure.hooks, "losses")):
        loss = loss + hook(terms._replace(key=jax.random.fold_in(terms.key, number)))
    return loss, statistics


def critic_rule(coefs: Coefficients) -> optimizers.Rule:
    """The critics' optimizer."""
    return optimizers.Rule(coefs.critic_lr, coefs.critic_b1, coefs.critic_b2, coefs.critic_eps, coefs.critic_averaged,
                           coefs.critic_corrected, coefs.critic_scaled, coefs.weight_decay, coefs.clip_norm)


def _critic_step(learner: LearnerState, gradient, statistics, coefs: Coefficients, structure: Structure):
    """Critics, targets and moments after one step."""
    updates, moments = optimizers.step(gradient, learner.critic_moments, learner.critic, critic_rule(coefs),
                                       structure.mechanisms)
    critic = optax.apply_updates(learner.critic, updates)
    if statistics:
        critic = batchnorm.with_statistics(critic, statistics)
    critic = _projected(critic, structure)
    due = moments.count % coefs.target_period.astype(jnp.int32) == 0
    tau = jnp.where(due, coefs.tau, 0.0)
    target = jax.tree.map(lambda old, new: jnp.where(tau == 1.0, new, old + tau * (new - old)), learner.target, critic)
    return critic, target, moments


def _apply(gradient, moments, parameters, coefs: Coefficients, learning_rate):
    updates, moments = _adam(coefs, learning_rate).update(gradient, moments)
    return optax.apply_updates(parameters, updates), moments


def update(learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure, key):
    """One gradient step of everything. The key is consumed.

    Returns:
      The new state; unchanged but for `alive` if a loss was not finite, or if the lane was frozen before.
    """
    target_key, actor_key = jax.random.split(key)
    target, next_action = td_target(learner, batch, coefs, structure, target_key)
    (q_loss, statistics), gradient = jax.value_and_grad(critic_loss, has_aux=True)(
        learner.critic, learner.actor, batch, target, next_action, coefs, structure, jax.random.fold_in(target_key, 3))
    critic, target_critic, critic_moments = _critic_step(learner, gradient, statistics, coefs, structure)
    alpha = temperature(learner, coefs)

    def actor_loss(actor):
        action, log_prob = sample(actor, batch.obs, coefs, structure, actor_key)
        q = reduced(values(critic, batch.obs, action, coefs, structure, _dropout_key(actor_key, structure)), coefs)
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
