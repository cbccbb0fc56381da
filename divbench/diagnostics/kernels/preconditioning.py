"""The linear algebra of PreQN: which weights of the gradients change Q on a batch by what the Bellman error asks.

Lives here: the least-squares solution of K Z = Delta and how well it is determined. Does not live here: the step, the
line search, the agent. Source: Achiam et al., 1903.08894, Algorithm 1, step 11. Letter in shapes: B batch.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jaxtyping import Array, Float

from divbench.diagnostics.kernels.summaries import rounding
from divbench.diagnostics.norms import magnitude_scale


class Solution(NamedTuple):
    """Z and how far to trust it.

    Attributes:
      weights: Z, `[B]`; unit: that of the error over that of the kernel.
      condition_number: largest over smallest eigenvalue among those inverted, at most 1 / rcond; scalar.
      rank: how many eigenvalues were inverted; below B, the batch asks for more than the critic can do at once.
      residual: |K Z - Delta| / |Delta|, the share of the error that no step reaches to first order; scalar.
    """

    weights: Float[Array, " B"]
    condition_number: Float[Array, ""]
    rank: Float[Array, ""]
    residual: Float[Array, ""]


def least_squares(kernel: Float[Array, "B B"], error: Float[Array, " B"], rcond: float | None = None) -> Solution:
    """The shortest Z that minimises |K Z - Delta|, by eigenvalues of the symmetric K.

    Z = sum_k v_k (v_k . Delta) / lambda_k over the eigenvalues above rcond * largest; no ridge. Directions with
    smaller ones, in which Delta is mostly rounding, get no weight instead of a huge one.

    Args:
      kernel: K(X, X) of the batch, symmetric, `[B, B]`.
      error: Delta, `[B]`; of the kernel's dtype.
      rcond: share of the largest eigenvalue (static); None for B * eps, what the dtype can resolve.

    Returns:
      `Solution`; NaN where kernel or error are not finite, weights 0 and rank 0 where the kernel is 0.
    """
    scale = magnitude_scale(kernel)
    finite = jnp.all(jnp.isfinite(scale)) & jnp.all(jnp.isfinite(error))
    values, vectors = _decompose(jnp.where(finite, kernel / scale, 0.0))
    largest = values[-1]
    kept = (values > (rounding(kernel) if rcond is None else rcond) * largest) & (largest > 0.0)
    safe = jnp.where(kept, values, 1.0)
    along = jnp.matmul(error, vectors, precision=jax.lax.Precision.HIGHEST)
    weights = jnp.matmul(vectors, jnp.where(kept, along / safe, 0.0), precision=jax.lax.Precision.HIGHEST)
    smallest = jnp.min(jnp.where(kept, values, jnp.inf))
    condition = jnp.where(jnp.any(kept), largest / smallest, 1.0)
    rank = jnp.sum(kept, dtype=values.dtype)
    left = jnp.sqrt(jnp.sum(jnp.where(kept, 0.0, jnp.square(along / magnitude_scale(error)))))
    whole = jnp.sqrt(jnp.sum(jnp.square(error / magnitude_scale(error))))
    residual = jnp.where(whole == 0.0, 0.0, left / jnp.where(whole == 0.0, 1.0, whole))
    return Solution(*(jnp.where(finite, value, jnp.nan)
                      for value in (weights / scale[0, 0], condition, rank, residual)))


@sequential_vmap
def _decompose(kernel: Float[Array, "B B"]) -> tuple[jax.Array, jax.Array]:
    return jnp.linalg.eigh(kernel)
