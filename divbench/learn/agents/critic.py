"""The critics' side of a lane, the same for every algorithm: their Q, their loss against a target, their step.

What the target is, and what the policy does with Q, are the algorithms' own. Letters in shapes: N critics, B batch,
O observation size, A action size.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from divbench.learn import losses
from divbench.learn.agents import stepping
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.hooks import CRITICS, CriticTerms, of_kind
from divbench.learn.networks import ensemble
from divbench.learn.networks.ensemble import ForwardPass
from divbench.learn.networks.foreign import ForeignCritic, foreign_critic
from divbench.learn.networks.mlp import MLPCritic
from divbench.learn.projections import PROJECTIONS
from divbench.learn.replay import Batch
from divbench.spec.objects import CRITIC


def module_of(structure: Structure) -> MLPCritic | ForeignCritic:
    """The module of one critic."""
    own, settings = structure.own(CRITIC), structure.settings
    features = tuple(hook for kind, hook in structure.hooks if kind == "features")
    if own:
        return foreign_critic(own, structure.observation_size, structure.action_size, structure.mechanisms, features,
                              len(settings.critic_hidden))
    return MLPCritic(settings.critic_hidden, settings.activation, structure.mechanisms, settings.groupnorm_groups,
                     settings.initialisation, features)


def initialise(key: jax.Array, coefs: Coefficients, structure: Structure) -> dict:
    """Fresh critics; the key is consumed."""
    fresh = ensemble.draw(module_of(structure), key, structure.settings.critics, structure.observation_size,
                          structure.action_size, coefs.init_gain)
    return {**fresh, "params": project(fresh["params"], structure)}


def project(params: Any, structure: Structure) -> Any:
    """The critics' parameters after the group's projections, divbench's own and those from outside."""
    for projection in _projections(structure):
        params = jax.vmap(projection, axis_name=CRITICS)(params)
    return params


def _projections(structure: Structure) -> list[Callable]:
    own = [PROJECTIONS[name] for name in sorted(structure.mechanisms & PROJECTIONS.keys())]
    return [*own, *of_kind(structure.hooks, "projections")]


def learnable(params: Any, coefs: Coefficients, structure: Structure) -> dict:
    """The critics' parameters that count into norms: what the lane learns, whatever its neighbours have."""
    return module_of(structure).learnable(params, coefs.switches)


def heads_of(params: Any, structure: Structure) -> list:
    """The parts of the critics' parameters, or of a tree like them, that are the heads'; NaN where none is known."""
    known = [functools.reduce(operator.getitem, path, params) for path in module_of(structure).heads]
    return known or [jnp.full((), jnp.nan)]


def forward(critic: Any, obs: jax.Array, action: jax.Array, coefs: Coefficients, structure: Structure,
            key: jax.Array | None = None, training: bool = False) -> ForwardPass:
    """One pass through the critics.

    Args:
      critic: their variables.
      obs, action: `[B, O]` and `[B, A]`.
      key: for dropout and feature hooks while training; without one nothing is dropped.
      training: whether BatchNorm uses the statistics of this batch (static).
    """
    return ensemble.forward(module_of(structure), critic, obs, action, switches=coefs.switches, train=training, key=key)


def values(critic: Any, obs: jax.Array, action: jax.Array, coefs: Coefficients, structure: Structure,
           key: jax.Array | None = None) -> jax.Array:
    """Q of all critics, `[N, B]`; arguments as in `forward`."""
    return forward(critic, obs, action, coefs, structure, key).q


def joint_values(critic: Any, batch: Batch, next_action: jax.Array, coefs: Coefficients, structure: Structure,
                 key: jax.Array | None) -> tuple[jax.Array, jax.Array, Any]:
    """Q `[N, B]` of the batch's pairs and of (next_obs, next_action) by one training pass over both, and the
    collections that it changed: the running statistics of BatchNorm."""
    obs = jnp.concatenate([batch.obs, batch.next_obs])
    action = jnp.concatenate([batch.action, next_action])
    both = forward(critic, obs, action, coefs, structure, key, training=True)
    now, after = jnp.split(both.q, 2, -1)
    return now, after, both.changed


def next_values(target: Any, batch: Batch, next_action: jax.Array, coefs: Coefficients, structure: Structure,
                key: jax.Array, training: bool) -> jax.Array:
    """Q `[N, B]` of the target critics at (next_obs, next_action). Where nothing is learned from it, `training` False
    leaves dropout out and takes BatchNorm's running statistics."""
    dropout_key = random_key(key, structure) if training else None
    if module_of(structure).joint and training:
        return joint_values(target, batch, next_action, coefs, structure, dropout_key)[1]
    return forward(target, batch.next_obs, next_action, coefs, structure, dropout_key, training).q


def pessimistic_q(q: jax.Array, coefs: Coefficients) -> jax.Array:
    """The Q of targets and actor: the least of all critics', or with `mean_weight` their mean; `[N, B]` to `[B]`."""
    least = jnp.min(q, 0)
    return least + coefs.mean_weight * (jnp.mean(q, 0) - least)


def random_key(key: jax.Array, structure: Structure) -> jax.Array | None:
    """A key of its own for what is random inside the critics; None where nothing is."""
    random = "dropout" in structure.mechanisms or any(kind in ("features", CRITIC) for kind, _ in structure.hooks)
    return jax.random.fold_in(key, 1) if random else None


def loss(critic: Any, batch: Batch, target: jax.Array, next_action: jax.Array, policy: Callable, coefs: Coefficients,
         structure: Structure, key: jax.Array) -> Any:
    """Sum over the critics of the mean squared TD error, and of what the lane's variant adds: scalar.

    Args:
      critic: variables of the critics.
      target, next_action: of an algorithm's `td_target`.
      policy: `(obs, key) -> action [B, A], log density [B]`; not learned from here.
      key: consumed.

    Returns:
      The loss, and the collections that the pass changed, such as BatchNorm's running statistics.
    """
    dropout_key = random_key(key, structure)
    if module_of(structure).joint:
        q, _, changed = joint_values(critic, batch, next_action, coefs, structure, dropout_key)
    else:
        both = forward(critic, batch.obs, batch.action, coefs, structure, dropout_key, training=True)
        q, changed = both.q, both.changed
    error = losses.squared_or_linear(q - target[None, :], coefs.huber_delta)
    # A target on a replayed action needs one: where none was taken the error does not count, unless nothing follows.
    counts = 1.0 - coefs.in_distribution_targets * (1.0 - batch.next_taken) * batch.continues
    total = jnp.sum(jnp.mean(error * counts, -1))
    nothing: Any = jnp.nan  # a plain number
    terms = CriticTerms(
        q, target, batch, next_action,
        values=lambda obs, action: values(critic, obs, action, coefs, structure, dropout_key),
        features=lambda obs, action: forward(critic, obs, action, coefs, structure, dropout_key).features,
        policy=policy,
        key=jax.random.fold_in(key, 2), number=nothing, weights=coefs)
    for name, (term, weight) in losses.WEIGHTED.items():
        if name in structure.mechanisms:
            total = total + getattr(coefs, weight) * term(terms)
    for place, hook in enumerate(of_kind(structure.hooks, "losses")):  # `conservative` splits the key itself in two
        total = total + hook(terms._replace(key=jax.random.fold_in(terms.key, 2 + place),
                                            number=coefs.loss_numbers[place]))
    return total, changed


def gradient(critic: Any, *arguments: Any) -> Any:
    """`(loss, changed), gradient` of `loss` with respect to the critics' parameters; arguments as there."""
    def of(params):
        return loss({**critic, "params": params}, *arguments)

    return jax.value_and_grad(of, has_aux=True)(critic["params"])


def parameter_change(learner: LearnerState, batch: Batch, target: jax.Array, gradient: Any, coefs: Coefficients,
                     structure: Structure) -> Any:
    """What a step of their optimizer and the projections after it add to the critics' parameters; batch and target are
    in the gradient already."""
    params = learner.critic["params"]
    updates, _ = stepping.critic_optimizer(coefs, structure).update(gradient, learner.critic_moments, params)
    if not _projections(structure):
        return updates
    moved = project(optax.apply_updates(params, updates), structure)
    return jax.tree.map(jnp.subtract, moved, params)


def step(learner: LearnerState, gradient: Any, changed: dict, coefs: Coefficients,
         structure: Structure) -> LearnerState:
    """The learner after one step of its critics' optimizer, with targets moved and the update counted; `changed`
    replaces the collections of those names."""
    params, moments = stepping.apply_optimizer(stepping.critic_optimizer(coefs, structure), gradient,
                                               learner.critic_moments, learner.critic["params"])
    critic = {**learner.critic, **changed, "params": project(params, structure)}
    count = learner.updates + 1
    return learner._replace(critic=critic, target=polyak_update(learner.target, critic, count, coefs),
                            critic_moments=moments, updates=count)


def update(learner: LearnerState, batch: Batch, target: jax.Array, next_action: jax.Array, sample: Callable,
           coefs: Coefficients, structure: Structure, key: jax.Array) -> Any:
    """The critics' loss against a target, and the learner after the step down its gradient.

    Args:
      target, next_action: of an algorithm's `td_target`; `sample` is that algorithm's too.
      key: consumed.
    """
    (q_loss, changed), slope = gradient(
        learner.critic, batch, target, next_action,
        lambda obs, key: sample(learner.actor, obs, coefs, structure, key), coefs, structure, key)
    return q_loss, step(learner, slope, changed, coefs, structure)


def polyak_update(target: Any, variables: Any, count: jax.Array, coefs: Coefficients) -> Any:
    """Target variables after update number `count`: moved by tau, once every `target_period` steps."""
    due = count % coefs.target_period.astype(jnp.int32) == 0
    tau = jnp.where(due, coefs.tau, 0.0)
    return jax.tree.map(lambda old, new: jnp.where(tau == 1.0, new, old + tau * (new - old)), target, variables)
