"""The optimizers of one lane, all as optax has them: a function that makes a state, and one that makes a step."""

from __future__ import annotations

import optax

from divbench.learn import optimizers
from divbench.learn.agents.coefficients import Coefficients, Structure


def of_critics(coefs: Coefficients, structure: Structure) -> optax.GradientTransformation:
    """The critics' optimizer: the rule that the lane's numbers make."""
    rule = optimizers.Rule(coefs.critic_lr, coefs.critic_b1, coefs.critic_b2, coefs.critic_eps, coefs.critic_averaged,
                           coefs.critic_corrected, coefs.critic_scaled, coefs.weight_decay, coefs.clip_norm)
    return optax.GradientTransformation(optimizers.init, lambda gradient, moments, params=None: optimizers.step(
        gradient, moments, params, rule, structure.mechanisms))


def of_actor(coefs: Coefficients) -> optax.GradientTransformation:
    """The actor's optimizer: Adam."""
    return _adam(coefs, coefs.actor_lr)


def of_temperature(coefs: Coefficients) -> optax.GradientTransformation:
    """The temperature's optimizer: Adam."""
    return _adam(coefs, coefs.temperature_lr)


def _adam(coefs: Coefficients, learning_rate) -> optax.GradientTransformation:
    return optax.adam(learning_rate, coefs.adam_b1, coefs.adam_b2, coefs.adam_eps)


def stepped(optimizer: optax.GradientTransformation, gradient, state: optax.OptState, parameters):
    """Parameters and the optimizer's state after one step."""
    updates, state = optimizer.update(gradient, state, parameters)
    return optax.apply_updates(parameters, updates), state
