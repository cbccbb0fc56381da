"""Soft actor-critic of one lane, on one page: what the policy does, its target, its update.

Source: Haarnoja et al., 1812.05905, in the form of the SR-SAC code (D'Oro et al., ICLR 2023): per update the critic,
its target, the actor (against the new critic) and the temperature, in that order. Everything here is written for one
lane and vmapped by the caller. Letters in shapes: B batch, O observation size, A action size.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from divbench.learn import optimizers
from divbench.learn.agents import critic as critics
from divbench.learn.agents import rewards
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState, kept_if
from divbench.learn.agents.stepping import adam, stepped
from divbench.learn.keys import Stream, stream_key
from divbench.learn.networks.mlp import GaussianActor
from divbench.learn.networks.policy import limited, sample_action
from divbench.learn.replay import Batch

critic_change = critics.change


def temperature(learner: LearnerState, coefs: Coefficients) -> jax.Array:
    """The weight of the entropy term; exactly 0 for a lane whose initial temperature is 0."""
    return jnp.where(coefs.initial_temperature > 0.0, jnp.exp(learner.log_temperature), 0.0)


def entropy_weight(learner: LearnerState, coefs: Coefficients) -> jax.Array:
    """What a nat of entropy is worth in Q: the temperature, or nothing where targets leave the entropy out."""
    return temperature(learner, coefs) * (1.0 - coefs.in_distribution_targets)


def module_of(structure: Structure) -> GaussianActor:
    """The module of the actor."""
    settings = structure.settings
    return GaussianActor(structure.action_size, settings.actor_hidden, settings.activation, settings.initialisation,
                         "actor_layernorm" in structure.mechanisms)


def initialise(root, resets, coefs: Coefficients, structure: Structure) -> LearnerState:
    """Fresh weights: draw number `resets` of the lane's initialisation stream.

    Args:
      root: the lane's root key (not consumed).
      resets: how often the lane was drawn afresh before; each count gives other weights.
    """
    actor_key, critic_key = jax.random.split(stream_key(root, Stream.INITIALISE, resets))
    actor = module_of(structure).draw(actor_key, structure.observation_size, coefs.init_gain, coefs.log_std_gain)
    critic = critics.initialise(critic_key, coefs, structure)
    positive = jnp.where(coefs.initial_temperature > 0.0, coefs.initial_temperature, 1.0)
    log_temperature = jnp.log(positive)
    low, high = rewards.at_first(coefs, structure)
    return LearnerState(
        actor, {}, critic, jax.tree.map(jnp.copy, critic), log_temperature,
        adam(coefs, coefs.actor_lr).init(actor["params"]), optimizers.init(critic["params"]),
        adam(coefs, coefs.temperature_lr).init(log_temperature),
        soft_reward_max=high, soft_reward_any=high, soft_reward_min=low, notes={}, alive=jnp.asarray(True),
        optimizer_finite=jnp.asarray(True),
    )


def policy(actor, obs, coefs: Coefficients, structure: Structure):
    """Mean and log standard deviation before the tanh, each `[B, A]`, for observations `[B, O]`."""
    mean, log_std = module_of(structure).apply(actor, obs, switches=coefs.switches)
    return mean, limited(log_std, structure.settings.log_std_rule, coefs.log_std_min, coefs.log_std_max)


def act(actor, obs, coefs: Coefficients, structure: Structure, key=None) -> jax.Array:
    """Actions `[B, A]` for observations `[B, O]`: sampled with `key`, or the mode through tanh without one."""
    mean, log_std = policy(actor, obs, coefs, structure)
    return jnp.tanh(mean) if key is None else sample_action(key, mean, log_std)[0]


def sample(actor, obs, coefs: Coefficients, structure: Structure, key):
    """Sampled actions and their log densities, `[B, A]` and `[B]`."""
    return sample_action(key, *policy(actor, obs, coefs, structure))


def td_target(learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure, key,
              training: bool = True):
    """r + gamma (min Q_target(s', a') - temperature log pi(a'|s')), a' from the policy: `[B]`, and a' `[B, A]`.

    With in-distribution targets a' is the replayed action, and the entropy is left out. The key is consumed. Where
    nothing is learned from it, `training` False leaves dropout out and takes BatchNorm's running statistics.
    """
    stored = coefs.in_distribution_targets
    drawn, log_prob = sample(learner.actor, batch.next_obs, coefs, structure, key)
    next_action = jnp.where(stored > 0.0, batch.next_action, drawn)
    q = critics.next_values(learner.target, batch, next_action, coefs, structure, key, training)
    soft = critics.reduced(q, coefs) - entropy_weight(learner, coefs) * log_prob
    return batch.reward + coefs.gamma * batch.continues * soft, next_action


def update(learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure, key):
    """One gradient step of everything. The key is consumed.

    Returns:
      The new state; unchanged but for how it was frozen if a loss or the optimizer's state was not finite, or if the
      lane was frozen before.
    """
    target_key, actor_key = jax.random.split(key)
    target, next_action = td_target(learner, batch, coefs, structure, target_key)
    q_loss, critic, target_critic, critic_moments = critics.learned(
        learner, batch, target, next_action, sample, coefs, structure, jax.random.fold_in(target_key, 3))
    alpha = temperature(learner, coefs)

    def actor_loss(params):
        action, log_prob = sample({"params": params}, batch.obs, coefs, structure, actor_key)
        q = critics.values(critic, batch.obs, action, coefs, structure, critics.random_key(actor_key, structure))
        return jnp.mean(alpha * log_prob - critics.reduced(q, coefs)), -jnp.mean(log_prob)

    (policy_loss, entropy), gradient = jax.value_and_grad(actor_loss, has_aux=True)(learner.actor["params"])
    params, actor_moments = stepped(gradient, learner.actor_moments, learner.actor["params"], coefs, coefs.actor_lr)
    # d/d(log temperature) of temperature * (entropy - target entropy)
    log_temperature, temperature_moments = stepped(
        alpha * (entropy - coefs.target_entropy), learner.temperature_moments, learner.log_temperature, coefs,
        coefs.temperature_lr)

    least, most = rewards.of_batch(batch, coefs, structure)
    weights = entropy_weight(learner, coefs), coefs.initial_temperature
    low, high = rewards.with_entropy(least, most, *weights, entropy)
    new = LearnerState(
        {"params": params}, learner.target_actor, critic, target_critic, log_temperature, actor_moments, critic_moments,
        temperature_moments,
        soft_reward_max=jnp.maximum(learner.soft_reward_max, high),
        soft_reward_any=jnp.maximum(learner.soft_reward_any,
                                    rewards.of_any_policy(most, *weights, structure.action_size)),
        soft_reward_min=jnp.minimum(learner.soft_reward_min, low),
        notes=learner.notes, alive=learner.alive, optimizer_finite=learner.optimizer_finite,
    )
    return kept_if(jnp.isfinite(q_loss) & jnp.isfinite(policy_loss), learner, new)
