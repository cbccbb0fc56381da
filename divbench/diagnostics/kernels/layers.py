"""The neural tangent kernel of a net of dense layers, layer by layer, without a gradient of any parameter.

A dense layer with input x and dQ / d output s has the gradient x s^T, so its part of K(X, Y) is (x . y) times the
same product of the s. That takes N * M * (I + H) multiplications where the gradients themselves (`gram`) take
N * M * I * H. Source of the outer product: Goodfellow, 1510.01799. Does not live here: how a critic gives x and s.
Letters in shapes: N and M examples, I inputs and H outputs of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

# For each layer its inputs [N, I], with a column of ones where it has a bias, and dQ / d output [N, H].
Layers = Sequence[tuple[Float[Array, "N _"], Float[Array, "N _"]]]


def gram_of_layers(layers: Layers) -> Float[Array, "N N"]:
    """K(X, X) `[N, N]`, the sum over layers of (x x^T) * (s s^T), entry by entry; symmetric to the last bit."""
    total = gram_between_layers(layers, layers)
    return jnp.triu(total) + jnp.triu(total, 1).T


def gram_between_layers(left: Layers, right: Sequence[tuple[Float[Array, "M _"], Float[Array, "M _"]]]
                        ) -> Float[Array, "N M"]:
    """K(X, Y) `[N, M]` of the layers of X and of Y, the same in the same order."""
    products = [_products(inputs, other_inputs) * _products(slopes, other_slopes)
                for (inputs, slopes), (other_inputs, other_slopes) in zip(left, right, strict=True)]
    return sum(products[1:], products[0])


def _products(rows: Float[Array, "N K"], others: Float[Array, "M K"]) -> Float[Array, "N M"]:
    return jnp.matmul(rows, others.T, precision=jax.lax.Precision.HIGHEST)
