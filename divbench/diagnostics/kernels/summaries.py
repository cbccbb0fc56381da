"""What a kernel matrix looks like in a few numbers: diagonal, row ratio, condition number.

All take a square, symmetric K(X, X) `[N, N]`. Source of the first two: Achiam et al., 1903.08894, figures 4 and 7.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jaxtyping import Array, Float

from divbench.diagnostics.norms import magnitude_scale


class Spectrum(NamedTuple):
    """Eigenvalues of a symmetric kernel in a few numbers; scalars.

    Attributes:
      largest, smallest: eigenvalues, in the unit of the kernel.
      condition_number: largest / smallest; inf where the smallest is not above rounding, N * eps * largest.
      rank: how many eigenvalues are above rounding.
    """

    largest: Float[Array, ""]
    smallest: Float[Array, ""]
    condition_number: Float[Array, ""]
    rank: Float[Array, ""]


def average_diagonal(kernel: Float[Array, "N N"]) -> Float[Array, ""]:
    """mean_i K_ii, the mean squared gradient norm: how fast Q learns where it is trained; scalar, unit of K."""
    return jnp.mean(jnp.diagonal(kernel))


def row_ratios(kernel: Float[Array, "N N"]) -> Float[Array, " N"]:
    """R_i = (1/N) sum_{j != i} |K_ij| / K_ii: how much an update of pair i spreads to the others, `[N]`; no unit.

    It divides by N, not by N - 1, as published, so it is at most (N - 1) / N where all gradients are equally long. 0
    for a point without gradient, whose whole row is 0.
    """
    diagonal = jnp.diagonal(kernel)
    nothing = diagonal == 0.0
    off_diagonal = jnp.sum(jnp.abs(kernel), 1) - jnp.abs(diagonal)
    return jnp.where(nothing, 0.0, off_diagonal / jnp.where(nothing, 1.0, diagonal)) / kernel.shape[0]


def row_ratio(kernel: Float[Array, "N N"]) -> Float[Array, ""]:
    """mean_i R_i, the published row ratio; scalar, no unit. The larger, the more aggressively Q generalises."""
    return jnp.mean(row_ratios(kernel))


def spectrum(kernel: Float[Array, "N N"]) -> Spectrum:
    """Largest and smallest eigenvalue, condition number and numerical rank; NaN where the kernel is not finite.

    About 20 ms for N = 512 on one CPU core. Lanes are decomposed one after the other, as
    `features.singular_values` explains.
    """
    scale = magnitude_scale(kernel)
    finite = jnp.all(jnp.isfinite(scale))
    values = _eigenvalues(jnp.where(finite, kernel / scale, 0.0))
    floor = rounding(kernel) * values[-1]
    singular = values[0] <= floor
    condition = jnp.where(singular, jnp.inf, values[-1] / jnp.where(singular, 1.0, values[0]))
    rank = jnp.sum(values > floor, dtype=values.dtype)
    largest, smallest = (values[place] * scale[0, 0] for place in (-1, 0))
    return Spectrum(*(jnp.where(finite, value, jnp.nan) for value in (largest, smallest, condition, rank)))


@sequential_vmap
def _eigenvalues(kernel: Float[Array, "N N"]) -> Float[Array, " N"]:
    return jnp.linalg.eigvalsh(kernel)


def rounding(kernel: Float[Array, "N N"]) -> float:
    """N * eps: an eigenvalue smaller than this share of the largest is rounding."""
    return kernel.shape[0] * float(jnp.finfo(kernel.dtype).eps)


def describe(kernel: Float[Array, "N N"]) -> dict[str, Float[Array, ""]]:
    """`average_diagonal`, `row_ratio`, `condition_number` and `rank` of a kernel, by name; scalars."""
    found = spectrum(kernel)
    return {"average_diagonal": average_diagonal(kernel), "row_ratio": row_ratio(kernel),
            "condition_number": found.condition_number, "rank": found.rank}
