"""How alike two directions are: an update and its error, a kernel now and before.

Everything is a cosine, so scale does not count: a diverging critic grows while its direction stays. When both rest is
judged on recorded series, not here (`divbench.verdict.critical_point`).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from divbench.diagnostics.norms import magnitude_scale


def cosine(first: Any, second: Any) -> Float[Array, ""]:
    """<x, y> / (|x| |y|) over all entries of two trees of the same structure; a scalar in [-1, 1].

    0 where one of them is wholly 0, NaN where one is not finite. For parameters, gradients, kernels (the similarity of
    NTK directions: `[N, N]` on the same points), any arrays.
    """
    one, other = (jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(tree)]) for tree in (first, second))
    return jnp.clip(jnp.sum(unit(one, None) * unit(other, None)), -1.0, 1.0)  # rounding may pass 1


def update_alignment(before: Float[Array, " B"], after: Float[Array, " B"],
                     error: Float[Array, " B"]) -> Float[Array, ""]:
    """cos(Q' - Q, T* Q - Q): did the update move Q where the Bellman error pointed? A scalar in [-1, 1].

    1 for tabular Q-learning with equal shares; 0 where nothing moved. The criterion of PreQN's line search.
    Source: Achiam et al., 1903.08894, Algorithm 1, step 13.

    Args:
      before, after: Q and Q' on the same pairs, `[B]`.
      error: T* Q - Q on them, with the parameters from before, `[B]`.
    """
    return cosine(after - before, error)


def unit(array: Float[Array, "*shape"], axis: int | None) -> Float[Array, "*shape"]:
    """Vectors along the axis at length 1; zeros stay, NaN where they are not finite."""
    scaled = array / magnitude_scale(array, axis)
    square = jnp.sum(jnp.square(scaled), axis, keepdims=True)
    nothing = square == 0.0
    return jnp.where(nothing, 0.0, scaled / jnp.sqrt(jnp.where(nothing, 1.0, square)))
