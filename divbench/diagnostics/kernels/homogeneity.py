"""Does a critic scale as the theory of its divergence supposes? Exponents of Q, gradient and kernel, measured.

A net of L weight layers with ReLU and no biases is homogeneous: with all parameters times lambda, Q is lambda^L times
as large, its gradient lambda^(L-1), its kernel lambda^(2(L-1)). Then the kernel's direction, and with it SEEM's sign,
does not depend on the scale of the parameters. Biases, LayerNorm and other activations break this; by how much is what
`homogeneity` measures. Source: Yue et al., 2310.04411, Lemma 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from divbench.diagnostics.kernels.gram import MEMORY, Points, QFunction, gram, widened

SCALES = (1.0, 2.0, 4.0, 8.0)


class Exponents(NamedTuple):
    """Powers of lambda by which Q, its gradient and its kernel grow; scalars without unit.

    Attributes:
      output: of the L2 norm of Q over the points.
      gradient: of the Frobenius norm of the Jacobian of Q on the points.
      kernel: of the Frobenius norm of the kernel on the points.
      departure: largest |log(size) - fit| over all three and all scales; 0 where a power law holds exactly.
    """

    output: jax.Array
    gradient: jax.Array
    kernel: jax.Array
    departure: jax.Array


def expected(layers: int) -> Exponents:
    """The law of a homogeneous net of L weight layers: L, L - 1, 2 (L - 1)."""
    return Exponents(*(jnp.asarray(value) for value in (float(layers), layers - 1.0, 2.0 * (layers - 1), 0.0)))


def homogeneity(q_fn: QFunction, params: Any, points: Points, *, scales: tuple[float, ...] = SCALES,
                memory: int = MEMORY) -> Exponents:
    """Exponents of a critic, as slopes of log(size) over log(lambda) by least squares.

    Powers of two scale without rounding. Where a size is 0 or overflows, its exponent is NaN.

    Args:
      q_fn, params, memory: as in `gram.gram`; every array of the parameters is scaled.
      points: (obs `[N, O]`, action `[N, A]`); 64 do.
      scales: values of lambda, two or more (static).
    """
    params, points = widened(params), widened(points)

    def sizes(scale):
        scaled = jax.tree.map(lambda leaf: scale * leaf, params)
        q = jax.vmap(q_fn, (None, 0, 0))(scaled, *points)
        kernel = gram(q_fn, scaled, points, memory=memory)
        return 0.5 * jnp.log(jnp.stack([jnp.sum(jnp.square(q)), jnp.trace(kernel), jnp.sum(jnp.square(kernel))]))

    scale = jnp.asarray(scales, jnp.result_type(float))
    log_size = jax.lax.map(sizes, scale)
    log_scale = jnp.log(scale)
    centred = log_scale - jnp.mean(log_scale)
    slopes = jnp.matmul(centred, log_size, precision=jax.lax.Precision.HIGHEST) / jnp.sum(jnp.square(centred))
    fit = jnp.mean(log_size, 0, keepdims=True) + centred[:, None] * slopes[None, :]
    finite = jnp.where(jnp.all(jnp.isfinite(log_size), 0), slopes, jnp.nan)
    return Exponents(finite[0], finite[1], finite[2], jnp.max(jnp.abs(log_size - fit)))
