"""Soft actor-critic of one lane, on one page: its policy, target, actor loss, temperature, update.

Source: Haarnoja et al., 1812.05905, in the form of the SR-SAC code (D'Oro et al., ICLR 2023): per update the critic,
its target, the actor (against the new critic) and the temperature, in that order. The critics' loss against the
target is `critic.loss`, the same for every algorithm. Everything here is written for one lane and vmapped by the
caller. Letters in shapes: B batch, O observation size, A action size.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from divbench.learn.agents import actor as actors
from divbench.learn.agents import critic as critics
from divbench.learn.agents import initial, rewards, stepping
from divbench.learn.agents.agent import Agent
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState, freeze_if_nonfinite
from divbench.learn.networks.mlp import GaussianActor
from divbench.learn.networks.policy import bound_log_std, sample_action
from divbench.learn.replay import Batch


def initialise(root: jax.Array, resets: jax.Array, coefs: Coefficients, structure: Structure) -> LearnerState:
    """Fresh weights; arguments as in `initial.draw_learner`."""
    def draw_actor(key):
        return actors.module_of(structure, GaussianActor).draw(key, structure.observation_size, coefs.init_gain,
                                                               coefs.log_std_gain)

    log_temperature = jnp.log(jnp.where(coefs.initial_temperature > 0.0, coefs.initial_temperature, 1.0))
    return initial.draw_learner(root, resets, draw_actor, log_temperature, coefs, structure)


def temperature(learner: LearnerState, coefs: Coefficients) -> jax.Array:
    """The weight of the entropy term; exactly 0 for a lane whose initial temperature is 0."""
    return jnp.where(coefs.initial_temperature > 0.0, jnp.exp(learner.log_temperature), 0.0)


def entropy_weight(learner: LearnerState, coefs: Coefficients) -> jax.Array:
    """What a nat of entropy is worth in Q: the temperature, or nothing where targets leave the entropy out."""
    return temperature(learner, coefs) * (1.0 - coefs.in_distribution_targets)


def policy(actor: Any, obs: jax.Array, coefs: Coefficients, structure: Structure) -> tuple[jax.Array, jax.Array]:
    """Mean and log standard deviation before the tanh, each `[B, A]`, for observations `[B, O]`."""
    mean, log_std = actors.module_of(structure, GaussianActor).apply(actor, obs, switches=coefs.switches)
    return mean, bound_log_std(log_std, structure.settings.log_std_rule, coefs.log_std_min, coefs.log_std_max)


def act(actor: Any, obs: jax.Array, coefs: Coefficients, structure: Structure,
        key: jax.Array | None = None) -> jax.Array:
    """Actions `[B, A]` for observations `[B, O]`: samples, or the mode without a key."""
    mean, log_std = policy(actor, obs, coefs, structure)
    return jnp.tanh(mean) if key is None else sample_action(key, mean, log_std)[0]


def sample(actor: Any, obs: jax.Array, coefs: Coefficients, structure: Structure,
           key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Sampled actions and their log densities, `[B, A]` and `[B]`."""
    return sample_action(key, *policy(actor, obs, coefs, structure))


def td_target(agent: Agent, learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure,
              key: jax.Array, training: bool = True) -> Any:
    """r + gamma (min Q_target(s', a') - temperature log pi(a'|s')), a' from the policy: `[B]`, and a' `[B, A]`.

    With in-distribution targets a' is the replayed action, and the entropy is left out. The key is consumed. Where
    nothing is learned from it, `training` False leaves dropout out and takes BatchNorm's running statistics.
    """
    stored = coefs.in_distribution_targets
    drawn, log_prob = agent.sample(learner.actor, batch.next_obs, coefs, structure, key)
    next_action = jnp.where(stored > 0.0, batch.next_action, drawn)
    q = critics.next_values(learner.target, batch, next_action, coefs, structure, key, training)
    soft = critics.pessimistic_q(q, coefs) - agent.entropy_weight(learner, coefs) * log_prob
    return batch.reward + coefs.gamma * batch.continues * soft, next_action


def actor_loss(params: Any, agent: Agent, critic: Any, batch: Batch, weight: jax.Array, coefs: Coefficients,
               structure: Structure, key: jax.Array) -> Any:
    """weight log pi(a|s) - min Q(s, a), a from an actor with these parameters: scalar; and its entropy in nats.

    Args:
      critic: variables of the critics, not learned from here.
      weight: the temperature.
      key: consumed.
    """
    action, log_prob = agent.sample({"params": params}, batch.obs, coefs, structure, key)
    q = critics.values(critic, batch.obs, action, coefs, structure, critics.random_key(key, structure))
    return jnp.mean(weight * log_prob - critics.pessimistic_q(q, coefs)), -jnp.mean(log_prob)


def temperature_step(learner: LearnerState, weight: jax.Array, entropy: jax.Array, coefs: Coefficients) -> Any:
    """Log temperature and the state of its optimizer after one step down weight * (entropy - target entropy), weight
    the temperature."""
    slope = weight * (entropy - coefs.target_entropy)  # with respect to the log temperature
    return stepping.apply_optimizer(stepping.temperature_optimizer(coefs), slope, learner.temperature_moments,
                                    learner.log_temperature)


def update(agent: Agent, learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure,
           key: jax.Array) -> Any:
    """One gradient step of everything. The key is consumed.

    Returns:
      The new state; unchanged but for how it was frozen if a loss or the optimizer's state was not finite, or if the
      lane was frozen before.
    """
    target_key, actor_key = jax.random.split(key)
    target, next_action = agent.td_target(agent, learner, batch, coefs, structure, target_key)
    q_loss, new = critics.update(learner, batch, target, next_action, agent.sample, coefs, structure,
                                 jax.random.fold_in(target_key, 3))
    weight = agent.temperature(learner, coefs)
    (policy_loss, entropy), gradient = jax.value_and_grad(actor_loss, has_aux=True)(
        learner.actor["params"], agent, new.critic, batch, weight, coefs, structure, actor_key)
    actor, actor_moments = actors.step(learner, gradient, coefs, structure)
    log_temperature, temperature_moments = temperature_step(learner, weight, entropy, coefs)
    least, most = rewards.batch_range(batch, coefs, structure)
    weights = agent.entropy_weight(learner, coefs), coefs.initial_temperature
    new = rewards.record_range(new, *rewards.with_entropy(least, most, *weights, entropy),
                               rewards.most_of_any_policy(most, *weights, structure.action_size))
    new = new._replace(actor=actor, actor_moments=actor_moments, log_temperature=log_temperature,
                       temperature_moments=temperature_moments)
    return freeze_if_nonfinite(jnp.isfinite(q_loss) & jnp.isfinite(policy_loss), learner, new, structure)


SAC = Agent("sac", initialise, act, sample, td_target, update, critics.parameter_change, temperature, entropy_weight)
