"""How large the parts of the critics are: norms per layer of parameters, gradients, moments and steps, and ratios.

A tree of the critics is their parameters: a dictionary of layers by name, each a tree of arrays with a leading axis of
critics. Gradients, steps and the moments of Adam have the same form. The norm of a whole tree is
`global_norm`. Critics that diverge hold numbers whose squares no float32 holds: everything here divides by the
largest magnitude (`magnitude_scale`) before it squares, so a norm is finite whenever it fits into float32. It is
infinite where an entry is, as a second moment is whose gradient's square no float32 holds, and NaN where one is that.
Kernels are scaled in the same way, in float64 too.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def global_norm(tree: Any) -> jax.Array:
    """L2 norm over all arrays of a tree; scalar, in the unit of the tree."""
    return _norm(tree)


def layer_norms(tree: Any) -> dict[str, jax.Array]:
    """L2 norm of each layer over all its arrays and all critics, by the name of the layer; scalars.

    The unit is that of the tree. The squares of the layers' norms add up to that of `global_norm`.
    """
    return {name: _norm(layer) for name, layer in tree.items()}


def _norm(tree: Any) -> jax.Array:
    flat = jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(tree)])
    scale = magnitude_scale(flat)
    norm = jnp.sqrt(jnp.sum(jnp.square(flat / scale))) * scale[0]
    overflowed = jnp.any(jnp.isinf(flat)) & ~jnp.any(jnp.isnan(flat))
    return jnp.where(overflowed, jnp.inf, norm)


def effective_rate(step_norm: jax.Array, parameter_norm: jax.Array) -> jax.Array:
    """The share of their own length by which the parameters move in one update; 0 for parameters that are all 0.

    What a learning rate amounts to once the scale of the weights is taken out: with a constant learning rate it falls
    as the weights grow (Lyle et al., 2407.01800). Both of one shape, which is that of the result.
    """
    nothing = parameter_norm < jnp.finfo(jnp.float32).tiny
    return jnp.where(nothing, 0.0, step_norm / jnp.where(nothing, 1.0, parameter_norm))


def magnitude_scale(array: jax.Array, axis: int | tuple[int, ...] | None = None) -> jax.Array:
    """The largest magnitude along the axes (None: of all), 1 where that is nothing, NaN where it is not finite.

    The shape is that of `array` with those axes of size 1. Nothing is what lies below the smallest normal number of
    the array's type: there digits are lost, or on some devices all of them. Finiteness is asked apart because XLA's
    maximum of many NaNs on a CPU can be -inf.
    """
    largest = jnp.max(jnp.abs(array), axis, keepdims=True)
    finite = jnp.all(jnp.isfinite(array), axis, keepdims=True)
    return jnp.where(finite, jnp.where(largest < jnp.finfo(array.dtype).tiny, 1.0, largest), jnp.nan)
