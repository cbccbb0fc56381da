"""Preconditioned Q-networks of one lane, on one page: no target network, and a step that makes Q change as it should.

Source: Achiam et al., 1903.08894, Algorithm 1. Per update, for a minibatch: the TD errors Delta with the networks as
they are; Z, the least-squares solution of K Z = Delta with the minibatch's kernel K; the step critic_lr sum_i Z_i grad
Q_i; that step, shrunk until the change of Q on the minibatch and Delta have a cosine of at least `search_cosine`; then
the actor against the new critic. To first order the step changes Q on the minibatch by critic_lr Delta. A step that is
still below the cosine after `search_steps` shrinkings is not taken. What the paper does not say, how the least squares
are solved and for how long the search takes, is this module's and `kernels.preconditioning`'s own.
Everything here is written for one lane and vmapped by the caller. Letters in shapes: B batch, O observation size,
A action size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from divbench.diagnostics.kernels.directions import cosine
from divbench.diagnostics.kernels.preconditioning import Solution, least_squares
from divbench.learn.agents import actor as actors
from divbench.learn.agents import critic as critics
from divbench.learn.agents import rewards, td3
from divbench.learn.agents.agent import Agent
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.kernel import kernel
from divbench.learn.agents.state import LearnerState, freeze_if_nonfinite
from divbench.learn.agents.td3 import TD3
from divbench.learn.replay import Batch


class Step(NamedTuple):
    """A step that the line search found.

    Attributes:
      change: what it adds to the critic's parameters; all 0 if no step was taken.
      cosine: between the change of Q on the minibatch and the TD errors.
      shrinks: how often it was shrunk.
      taken: whether it was taken, bool.
      solution: of K Z = Delta.
    """

    change: dict
    cosine: jax.Array
    shrinks: jax.Array
    taken: jax.Array
    solution: Solution


def initialise(root: jax.Array, resets: jax.Array, coefs: Coefficients, structure: Structure) -> LearnerState:
    """Fresh weights, as TD3's; the targets are the networks themselves."""
    drawn = td3.initialise(root, resets, coefs, structure)
    zero = jnp.zeros((), jnp.float32)
    notes = {"search_cosine_least": jnp.ones((), jnp.float32), "search_shrinks": zero, "search_rejected": zero,
             "kernel_condition": zero, "kernel_rank": zero}
    return drawn._replace(target_actor={}, target={}, notes=notes)


def td_target(agent: Agent, learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure,
              key: jax.Array, training: bool = True) -> Any:
    """r + gamma Q(s', mu(s')) with the networks as they are: `[B]`, and mu(s') `[B, A]`.

    Key and `training` are not used.
    """
    next_action = agent.act(learner.actor, batch.next_obs, coefs, structure)
    q = critics.values(learner.critic, batch.next_obs, next_action, coefs, structure)[0]
    return batch.reward + coefs.gamma * batch.continues * q, next_action


def line_search(critic: Any, batch: Batch, target: jax.Array, coefs: Coefficients, structure: Structure) -> Step:
    """The critic's step towards `target` `[B]`, shrunk until Q changes on the batch as the TD errors ask."""
    def q_of_batch(params):
        return critics.values({**critic, "params": params}, batch.obs, batch.action, coefs, structure)[0]

    before, pull = jax.vjp(q_of_batch, critic["params"])
    error = target - before
    solution = least_squares(kernel(critic, batch.obs, batch.action, coefs, structure), error)
    whole = jax.tree.map(lambda leaf: coefs.critic_lr * leaf, pull(solution.weights)[0])

    def trial(scale):
        moved = jax.tree.map(lambda parameter, step: parameter + scale * step, critic["params"], whole)
        return cosine(q_of_batch(moved) - before, error)

    def fails(carry):
        _, found, shrinks = carry
        return ~(found >= coefs.search_cosine) & (shrinks < structure.settings.search_steps)

    def shrink(carry):
        scale = carry[0] * coefs.search_shrink
        return scale, trial(scale), carry[2] + 1

    scale, found, shrinks = jax.lax.while_loop(fails, shrink, (jnp.float32(1.0), trial(1.0), jnp.int32(0)))
    taken = found >= coefs.search_cosine
    change = jax.tree.map(lambda leaf: jnp.where(taken, scale * leaf, 0.0), whole)
    return Step(change, found, shrinks, taken, solution)


def critic_change(learner: LearnerState, batch: Batch, target: jax.Array, gradient: Any, coefs: Coefficients,
                  structure: Structure) -> Any:
    """What a step adds to the critic's parameters. The gradient of the loss is not used."""
    return line_search(learner.critic, batch, target, coefs, structure).change


def update(agent: Agent, learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure,
           key: jax.Array) -> Any:
    """One step of critic and actor. The key is consumed.

    Returns:
      The new state; unchanged but for how it was frozen if TD errors, parameters, the actor's loss or its optimizer's
      state were not finite, or if the lane was frozen before.
    """
    target, _ = agent.td_target(agent, learner, batch, coefs, structure, key)
    step = line_search(learner.critic, batch, target, coefs, structure)
    critic = {**learner.critic, "params": jax.tree.map(jnp.add, learner.critic["params"], step.change)}
    policy_loss, gradient = jax.value_and_grad(td3.actor_loss)(
        learner.actor["params"], agent, critic, batch, coefs, structure, key)
    actor, actor_moments = actors.step(learner, gradient, coefs, structure)
    low, high = rewards.batch_range(batch, coefs, structure)
    least = learner.notes["search_cosine_least"]
    notes = {"search_cosine_least": jnp.where(step.taken, jnp.minimum(least, step.cosine), least),
             "search_shrinks": step.shrinks.astype(jnp.float32),
             "search_rejected": learner.notes["search_rejected"] + (1.0 - step.taken.astype(jnp.float32)),
             "kernel_condition": step.solution.condition_number, "kernel_rank": step.solution.rank}
    new = rewards.record_range(learner, low, high, of_any=high)
    new = new._replace(actor=actor, actor_moments=actor_moments, critic=critic, notes=notes,
                       updates=learner.updates + 1)
    finite = jnp.all(jnp.isfinite(target)) & jnp.isfinite(step.solution.residual) & jnp.isfinite(policy_loss)
    return freeze_if_nonfinite(finite, learner, new, structure)


PREQN = TD3._replace(algorithm="preqn", initialise=initialise, td_target=td_target, update=update,
                     critic_change=critic_change)
