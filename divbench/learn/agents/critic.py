"""The critics' side of a lane, the same for every algorithm: their Q, their loss against a target, their step.

What the target is, and what the policy does with Q, are the algorithms' own. Letters in shapes: N critics, B batch,
O observation size, A action size.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from divbench.learn import batchnorm, losses, networks, optimizers
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.hooks import CriticTerms, of_kind
from divbench.learn.networks import Activations
from divbench.learn.projections import PROJECTIONS
from divbench.learn.replay import Batch


def initialise(key, coefs: Coefficients, structure: Structure) -> dict:
    """Fresh parameters of the critics; the key is consumed."""
    fresh = networks.init_critic(key, structure.observation_size, structure.action_size, structure.settings,
                                 structure.mechanisms, coefs.init_gain)
    return projected(fresh, structure)


def projected(critic, structure: Structure):
    """The critics after the group's projections, divbench's own and those from outside."""
    for project in _projections(structure):
        critic = project(critic)
    return critic


def _projections(structure: Structure) -> list[Callable]:
    own = [PROJECTIONS[name] for name in sorted(structure.mechanisms & PROJECTIONS.keys())]
    return [*own, *of_kind(structure.hooks, "projections")]


def parameters(critic, coefs: Coefficients) -> dict:
    """The critics' parameters that count into norms: LayerNorm's only where the lane has it and learns them, whatever
    its neighbours have, and no running statistics, which are not learned."""
    layernorm = coefs.mechanisms.layernorm * coefs.mechanisms.layernorm_affine

    def one(index, layer):
        layer = {name: leaf for name, leaf in layer.items() if name not in batchnorm.STATISTICS}
        return {name: leaf * layernorm[index] if name.startswith("norm_") else leaf
                for name, leaf in layer.items()}

    return {"hidden": [one(*numbered) for numbered in enumerate(critic["hidden"])], "head": critic["head"]}


def activations(critic, obs, action, coefs: Coefficients, structure: Structure, key=None,
                training: bool = False) -> Activations:
    """One pass through the critics; `key` and `training` as in `networks.critic_activations`."""
    return networks.critic_activations(critic, obs, action, coefs.mechanisms, structure.mechanisms, structure.hooks,
                                       activation=structure.settings.activation, key=key, training=training)


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


def next_values(target, batch: Batch, next_action, coefs: Coefficients, structure: Structure, key, training: bool):
    """Q `[N, B]` of the target critics at (next_obs, next_action). Where nothing is learned from it, `training` False
    leaves dropout out and takes BatchNorm's running statistics."""
    dropout_key = random_key(key, structure) if training else None
    if "batchnorm" in structure.mechanisms and training:
        return joint_values(target, batch, next_action, coefs, structure, dropout_key)[1]
    return values(target, batch.next_obs, next_action, coefs, structure, dropout_key)


def reduced(q, coefs: Coefficients) -> jax.Array:
    """What counts of all critics' Q: the least, or with `mean_weight` their mean; `[N, B]` to `[B]`."""
    least = jnp.min(q, 0)
    return least + coefs.mean_weight * (jnp.mean(q, 0) - least)


def random_key(key, structure: Structure):
    """A key of its own for what is random inside the critics; None where nothing is."""
    random = "dropout" in structure.mechanisms or any(kind == "features" for kind, _ in structure.hooks)
    return jax.random.fold_in(key, 1) if random else None


def loss(critic, batch: Batch, target, next_action, policy: Callable, coefs: Coefficients, structure: Structure, key):
    """Sum over the critics of the mean squared TD error, and of what the lane's variant adds: scalar.

    Args:
      critic: parameters of the critics.
      target, next_action: of an algorithm's `td_target`.
      policy: `(obs, key) -> action [B, A], log density [B]`; not learned from here.
      key: consumed.

    Returns:
      The loss, and the statistics of BatchNorm (empty without it).
    """
    dropout_key, statistics = random_key(key, structure), []
    if "batchnorm" in structure.mechanisms:
        q, _, statistics = joint_values(critic, batch, next_action, coefs, structure, dropout_key)
    else:
        q = values(critic, batch.obs, batch.action, coefs, structure, dropout_key)
    error = losses.squared_or_linear(q - target[None, :], coefs.huber_delta)
    # A target on a replayed action needs one: where none was taken the error does not count, unless nothing follows.
    counts = 1.0 - coefs.in_distribution_targets * (1.0 - batch.next_taken) * batch.continues
    total = jnp.sum(jnp.mean(error * counts, -1))
    terms = CriticTerms(
        q, target, batch, next_action,
        values=lambda obs, action: values(critic, obs, action, coefs, structure, dropout_key),
        features=lambda obs, action: activations(critic, obs, action, coefs, structure, dropout_key).features,
        policy=policy,
        key=jax.random.fold_in(key, 2), weights=coefs)
    for name, (term, weight) in losses.WEIGHTED.items():
        if name in structure.mechanisms:
            total = total + getattr(coefs, weight) * term(terms)
    for number, hook in enumerate(of_kind(structure.hooks, "losses")):  # `conservative` splits the key itself in two
        total = total + hook(terms._replace(key=jax.random.fold_in(terms.key, 2 + number)))
    return total, statistics


def gradient(critic, *arguments):
    """`(loss, statistics), gradient` of `loss` with respect to the critics; arguments as there."""
    return jax.value_and_grad(loss, has_aux=True)(critic, *arguments)


def rule(coefs: Coefficients) -> optimizers.Rule:
    """The critics' optimizer, as the lane's numbers make it."""
    return optimizers.Rule(coefs.critic_lr, coefs.critic_b1, coefs.critic_b2, coefs.critic_eps, coefs.critic_averaged,
                           coefs.critic_corrected, coefs.critic_scaled, coefs.weight_decay, coefs.clip_norm)


def change(learner: LearnerState, batch: Batch, target, gradient, coefs: Coefficients, structure: Structure):
    """What a step of their optimizer and the projections after it add to the critics; batch and target are in the
    gradient already."""
    updates, _ = optimizers.step(gradient, learner.critic_moments, learner.critic, rule(coefs), structure.mechanisms)
    if not _projections(structure):
        return updates
    moved = projected(optax.apply_updates(learner.critic, updates), structure)
    return jax.tree.map(jnp.subtract, moved, learner.critic)


def step(learner: LearnerState, gradient, statistics, coefs: Coefficients, structure: Structure):
    """Critics, their targets and moments after one step of their optimizer."""
    updates, moments = optimizers.step(gradient, learner.critic_moments, learner.critic, rule(coefs),
                                       structure.mechanisms)
    critic = optax.apply_updates(learner.critic, updates)
    if statistics:
        critic = batchnorm.with_statistics(critic, statistics)
    critic = projected(critic, structure)
    return critic, towards(learner.target, critic, moments.count, coefs), moments


def learned(learner: LearnerState, batch: Batch, target, next_action, sample: Callable, coefs: Coefficients,
            structure: Structure, key):
    """The loss against a target, and critics, their targets and moments after the step that it asks for.

    Args:
      target, next_action: of an algorithm's `td_target`; `sample` is that algorithm's too.
      key: consumed.
    """
    (q_loss, statistics), slope = gradient(
        learner.critic, batch, target, next_action,
        lambda obs, key: sample(learner.actor, obs, coefs, structure, key), coefs, structure, key)
    return q_loss, *step(learner, slope, statistics, coefs, structure)


def towards(target, parameters, count, coefs: Coefficients):
    """Target parameters after gradient step number `count`: moved by tau, once every `target_period` steps."""
    due = count % coefs.target_period.astype(jnp.int32) == 0
    tau = jnp.where(due, coefs.tau, 0.0)
    return jax.tree.map(lambda old, new: jnp.where(tau == 1.0, new, old + tau * (new - old)), target, parameters)
