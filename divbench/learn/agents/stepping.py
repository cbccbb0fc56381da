"""The optimizers of one lane, all as optax has them: a function that makes a state, and one that makes a step.

One from outside sees one network, the parameters of its module: what it does by layer or by norm does not mix critics.
"""

from __future__ import annotations

from typing import Any

import jax
import optax

from divbench.learn import optimizers
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.hooks import made
from divbench.spec.errors import UsageError
from divbench.spec.objects import ACTOR_OPTIMIZER, OPTIMIZER


def critic_optimizer(coefs: Coefficients, structure: Structure) -> optax.GradientTransformation:
    """The critics' optimizer: the rule that the lane's numbers make, or one from outside, mapped over the critics."""
    own = structure.own(OPTIMIZER)
    if own:
        one = _from_outside(own, OPTIMIZER)
        return optax.GradientTransformation(jax.vmap(one.init), jax.vmap(one.update))
    rule = optimizers.Rule(coefs.critic_lr, coefs.critic_b1, coefs.critic_b2, coefs.critic_eps, coefs.critic_averaged,
                           coefs.critic_corrected, coefs.critic_scaled, coefs.weight_decay, coefs.clip_norm)
    return optax.GradientTransformation(optimizers.init, lambda gradient, moments, params=None: optimizers.adam_step(
        gradient, moments, params, rule, structure.mechanisms))


def actor_optimizer(coefs: Coefficients, structure: Structure) -> optax.GradientTransformation:
    """The actor's optimizer: Adam, or one from outside."""
    own = structure.own(ACTOR_OPTIMIZER)
    return _from_outside(own, ACTOR_OPTIMIZER) if own else _adam(coefs, coefs.actor_lr)


def temperature_optimizer(coefs: Coefficients) -> optax.GradientTransformation:
    """The temperature's optimizer: Adam."""
    return _adam(coefs, coefs.temperature_lr)


def _adam(coefs: Coefficients, learning_rate: float | jax.Array) -> optax.GradientTransformation:
    return optax.adam(learning_rate, coefs.adam_b1, coefs.adam_b2, coefs.adam_eps)


def _from_outside(text: str, kind: str) -> optax.GradientTransformation:
    """The optimizer that a function `package.module:function(field=value)` returns.

    Raises:
      UsageError: it returns none, or not with these fields.
    """
    optimizer = made(text, kind)
    if not isinstance(optimizer, optax.GradientTransformation):
        raise UsageError(f"{kind} '{text}': expected a function that returns an optax.GradientTransformation, found a "
                         f"{type(optimizer).__name__} returned")
    return optimizer


def apply_optimizer(optimizer: optax.GradientTransformation, gradient: Any, state: optax.OptState,
                    parameters: Any) -> tuple[Any, Any]:
    """Parameters and the optimizer's state after one step."""
    updates, state = optimizer.update(gradient, state, parameters)
    return optax.apply_updates(parameters, updates), state
