"""The optimizer of actor and temperature: optax's Adam, with the lane's numbers."""

from __future__ import annotations

import optax

from divbench.learn.agents.coefficients import Coefficients


def adam(coefs: Coefficients, learning_rate) -> optax.GradientTransformation:
    """Adam with the lane's adam_b1, adam_b2 and adam_eps."""
    return optax.adam(learning_rate, coefs.adam_b1, coefs.adam_b2, coefs.adam_eps)


def stepped(gradient, moments: optax.OptState, parameters, coefs: Coefficients, learning_rate):
    """Parameters and moments after one step of `adam`."""
    updates, moments = adam(coefs, learning_rate).update(gradient, moments)
    return optax.apply_updates(parameters, updates), moments
