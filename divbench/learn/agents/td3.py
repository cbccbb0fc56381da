"""Twin delayed deep deterministic policy gradients of one lane, on one page; with other numbers DDPG, or TD3+BC.

Source: Fujimoto et al., 1802.09477, Algorithm 1; Fujimoto and Gu, 2106.06860, equations 3 to 5, for the term that
clones behaviour and the scale of Q beside it; Lillicrap et al., 1509.02971, for DDPG. Per update the critic, then, once
every `policy_delay` updates, the actor against the new critic; targets of both move once every `target_period`.
Everything here is written for one lane and vmapped by the caller. Letters in shapes: N critics, B batch, O observation
size, A action size.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from divbench.learn.agents import actor as actors
from divbench.learn.agents import critic as critics
from divbench.learn.agents import initial, rewards
from divbench.learn.agents.agent import Agent
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState, freeze_if_nonfinite
from divbench.learn.networks.mlp import DeterministicActor
from divbench.learn.replay import Batch


def initialise(root: jax.Array, resets: jax.Array, coefs: Coefficients, structure: Structure) -> LearnerState:
    """Fresh weights, the actor's target a copy; arguments as in `initial.draw_learner`."""
    def draw_actor(key):
        return actors.module_of(structure, DeterministicActor).draw(key, structure.observation_size, coefs.init_gain)

    drawn = initial.draw_learner(root, resets, draw_actor, jnp.zeros((), jnp.float32), coefs, structure)
    return drawn._replace(target_actor=jax.tree.map(jnp.copy, drawn.actor))


def temperature(learner: LearnerState, coefs: Coefficients) -> jax.Array:
    """0: there is no entropy term."""
    return jnp.zeros((), jnp.float32)


def act(actor: Any, obs: jax.Array, coefs: Coefficients, structure: Structure,
        key: jax.Array | None = None) -> jax.Array:
    """Actions `[B, A]` for observations `[B, O]`; with a key, with Gaussian noise of deviation `exploration_noise`."""
    action = actors.module_of(structure, DeterministicActor).apply(actor, obs, switches=coefs.switches)
    if key is None:
        return action
    noise = coefs.exploration_noise * jax.random.normal(key, action.shape, action.dtype)
    return jnp.clip(action + noise, -1.0, 1.0)


def sample(actor: Any, obs: jax.Array, coefs: Coefficients, structure: Structure,
           key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Actions `[B, A]` of the policy that Q is about, which is deterministic, and 0 `[B]` for their log densities, of
    which there are none. The key is not used."""
    action = act(actor, obs, coefs, structure)
    return action, jnp.zeros(action.shape[0], action.dtype)


def td_target(agent: Agent, learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure,
              key: jax.Array, training: bool = True) -> Any:
    """r + gamma min Q_target(s', a'), a' the target actor's with clipped noise: `[B]`, and a' `[B, A]`.

    With in-distribution targets a' is the replayed action. Key and `training` as in `sac.td_target`.
    """
    smooth = agent.act(learner.target_actor, batch.next_obs, coefs, structure)
    noise = coefs.target_noise * jax.random.normal(key, smooth.shape, smooth.dtype)
    noise = jnp.clip(noise, -coefs.target_noise_clip, coefs.target_noise_clip)
    stored = coefs.in_distribution_targets > 0.0
    next_action = jnp.where(stored, batch.next_action, jnp.clip(smooth + noise, -1.0, 1.0))
    q = critics.next_values(learner.target, batch, next_action, coefs, structure, key, training)
    return batch.reward + coefs.gamma * batch.continues * critics.pessimistic_q(q, coefs), next_action


def actor_loss(params: Any, agent: Agent, critic: Any, batch: Batch, coefs: Coefficients, structure: Structure,
               key: jax.Array) -> Any:
    """-scale mean Q_1(s, mu(s)) + cloning mean |mu(s) - a|^2, of an actor with these parameters: scalar.

    `scale` is q_weight / mean |Q_1| where `q_weight` is not 0 (alpha of TD3+BC), no gradient through it, else 1.
    """
    action = agent.act({"params": params}, batch.obs, coefs, structure)
    q = critics.values(critic, batch.obs, action, coefs, structure, critics.random_key(key, structure))[0]
    size = jnp.mean(jnp.abs(jax.lax.stop_gradient(q)))
    relative = coefs.q_weight > 0.0
    scale = jnp.where(relative, coefs.q_weight / jnp.where(relative & (size > 0.0), size, 1.0), 1.0)
    return -scale * jnp.mean(q) + coefs.cloning_weight * jnp.mean(jnp.square(action - batch.action))


def update(agent: Agent, learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure,
           key: jax.Array) -> Any:
    """One gradient step of everything that is due. The key is consumed.

    Returns:
      The new state; unchanged but for how it was frozen if a loss or the optimizer's state was not finite, or if the
      lane was frozen before.
    """
    target_key, actor_key = jax.random.split(key)
    target, next_action = agent.td_target(agent, learner, batch, coefs, structure, target_key)
    q_loss, new = critics.update(learner, batch, target, next_action, agent.sample, coefs, structure,
                                 jax.random.fold_in(target_key, 3))
    policy_loss, gradient = jax.value_and_grad(actor_loss)(
        learner.actor["params"], agent, new.critic, batch, coefs, structure, actor_key)
    due = new.updates % coefs.policy_delay.astype(jnp.int32) == 0
    actor, actor_moments = jax.tree.map(lambda fresh, old: jnp.where(due, fresh, old),
                                        actors.step(learner, gradient, coefs, structure),
                                        (learner.actor, learner.actor_moments))
    low, high = rewards.batch_range(batch, coefs, structure)
    new = rewards.record_range(new, low, high, of_any=high)
    new = new._replace(actor=actor, actor_moments=actor_moments,
                       target_actor=critics.polyak_update(learner.target_actor, actor, new.updates, coefs))
    return freeze_if_nonfinite(jnp.isfinite(q_loss) & jnp.isfinite(policy_loss), learner, new, structure)


TD3 = Agent("td3", initialise, act, sample, td_target, update, critics.parameter_change, temperature,
            entropy_weight=temperature)
