"""The critics' optimizer: one update rule, of which a lane's numbers make Adam, RMSProp, SGD or what lies between; and
where the moments are in the state of any optimizer.

Numbers, not code, tell lanes apart, so that lanes of different optimizers share a program. Gradient clipping and weight
decay cost a pass over the parameters, so a group has them compiled in only if one of its lanes needs them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class Rule(NamedTuple):
    """One lane's optimizer; scalars of the parameters' precision, float32 for the agents.

    A step is -learning_rate * m / n with

        m = (b1 m' + (1 - b1 if averaged else 1) g) / (1 - b1^t if corrected else 1)
        n = sqrt((b2 v' + (1 - b2) g^2) / (1 - b2^t if corrected else 1)) + eps if scaled else 1

    for the gradient g of step number t. Adam (1412.6980) is averaged, corrected and scaled; RMSProp is scaled, with
    b1 = 0; SGD with heavy-ball momentum is none of the three.
    """

    learning_rate: jax.Array
    b1: jax.Array
    b2: jax.Array
    eps: jax.Array
    averaged: jax.Array
    corrected: jax.Array
    scaled: jax.Array
    decay: jax.Array  # decoupled weight decay of the kernels, times learning_rate a step
    clip: jax.Array  # largest L2 norm of the gradient; 0: any


def sgd(learning_rate: float | jax.Array) -> Rule:
    """Plain gradient descent."""
    return _rule(learning_rate, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def adam(learning_rate: float | jax.Array, b1: float | jax.Array = 0.9, b2: float | jax.Array = 0.999,
         eps: float | jax.Array = 1e-8) -> Rule:
    """Adam; the defaults are those of 1412.6980."""
    return _rule(learning_rate, b1, b2, eps, 1.0, 1.0, 1.0)


def _rule(*numbers: Any) -> Rule:
    """Numbers of a rule without decay and clipping."""
    return Rule(*(jnp.asarray(number, float) for number in (*numbers, 0.0, 0.0)))


class Moments(NamedTuple):
    """Number of steps so far, and the first and second moment, called as in optax's Adam: trees like the parameters.
    Both are kept for every optimizer, so that they can be looked at."""

    count: jax.Array  # type: ignore[assignment]  # optax's name; a tuple's method is never called here
    mu: dict
    nu: dict


def init(parameters: Any) -> Moments:
    """Moments of zero."""
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return Moments(jnp.zeros((), jnp.int32), zeros, jax.tree.map(jnp.copy, zeros))


def moment(state: optax.OptState, name: str, parameters: Any) -> Any:
    """The first tree in an optimizer's state that is called so, `mu` or `nu`, and has the structure of the parameters;
    None if there is none."""
    structure: Any = jax.tree.structure(parameters)
    found = (tree for _, tree in optax.tree_utils.tree_get_all_with_path(state, name))
    return next((tree for tree in found if bool(structure == jax.tree.structure(tree))), None)


def adam_step(gradient: Any, moments: Moments, parameters: Any, rule: Rule, mechanisms: Collection[str]) -> Any:
    """One step of Adam, or of RMSProp or SGD by the numbers of `rule`: what to add to the parameters, and new moments.

    Args:
      gradient, parameters: trees of the same structure; leaves called `kernel` decay.
      mechanisms: names compiled in; `clip` and `decay` are looked for.
    """
    if "clip" in mechanisms:
        gradient = clipped(gradient, rule.clip)
    count = moments.count + 1
    steps = count.astype(jnp.result_type(rule.b1))
    share = jnp.where(rule.averaged > 0.0, 1.0 - rule.b1, 1.0)
    first = jax.tree.map(lambda m, g: share * g + rule.b1 * m, moments.mu, gradient)
    second = jax.tree.map(lambda v, g: (1.0 - rule.b2) * jnp.square(g) + rule.b2 * v, moments.nu, gradient)
    corrected = rule.corrected > 0.0
    first_scale = jnp.where(corrected, 1.0 - rule.b1**steps, 1.0)
    second_scale = jnp.where(corrected, 1.0 - rule.b2**steps, 1.0)

    def one(m, v):
        # The root of an unscaled lane is that of 1, so that a moment that overflowed cannot reach it.
        root = jnp.sqrt(jnp.where(rule.scaled > 0.0, v / second_scale, 1.0))
        return -rule.learning_rate * (m / first_scale) / jnp.where(rule.scaled > 0.0, root + rule.eps, 1.0)

    updates = jax.tree.map(one, first, second)
    if "decay" in mechanisms:
        updates = jax.tree_util.tree_map_with_path(
            lambda path, update, parameter: update - rule.learning_rate * rule.decay * parameter
            if getattr(path[-1], "key", None) == "kernel" else update, updates, parameters)
    return updates, Moments(count, first, second)


def clipped(gradient: Any, largest: float | jax.Array) -> Any:
    """The gradient scaled down to an L2 norm of at most `largest` (scalar) over all leaves; as it is for 0."""
    leaves = jax.tree.leaves(gradient)
    scale = jnp.maximum(jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)) for leaf in leaves])), 1e-30)  # no square overflows
    norm = scale * jnp.sqrt(sum(jnp.sum(jnp.square(leaf / scale)) for leaf in leaves))
    factor = jnp.where((largest > 0.0) & (norm > largest), largest / norm, 1.0)
    return jax.tree.map(lambda leaf: leaf * factor, gradient)
