"""SEEM, the self-excitation eigenvalue measure: does an update of Q raise its own targets faster than it meets them?

With the policy's actions and the direction of the kernel at rest, the vector u of TD errors on a set of transitions
obeys u_{t+1} = (I + eta A) u_t, A = gamma K(X*, X) - K(X, X), where X are pairs of the data and X* the next states
with the policy's actions. It grows if A has an eigenvalue with positive real part: SEEM is the largest.
Source: Yue et al., 2310.04411, Theorem 3, as their code has it: K is divided by the number of parameters, terminal
transitions are not masked, X* has the online actor's actions without noise, 2,560 transitions are drawn once.
Lives here: A, its products, and the measures. Does not live here: eigenvalues of a matrix (`eigenvalues`).
Letters in shapes: N transitions, P parameters.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp

from divbench.diagnostics.kernels.eigenvalues import estimate_norm, largest_real_part, rightmost
from divbench.diagnostics.kernels.gram import (
    COPIES,
    MEMORY,
    Points,
    QFunction,
    block_size,
    blocks,
    gradients,
    parameter_count,
    widened,
)
from divbench.diagnostics.kernels.products import pullback, pushforward

if TYPE_CHECKING:
    import numpy as np

PROBES = 24  # vectors of each sketch of the norm


class Seem(NamedTuple):
    """SEEM of one critic on one set of transitions.

    Attributes:
      value: largest real part of the eigenvalues of A; unit: Q squared over parameters squared.
      normalised: `value` over the Frobenius norm of A; from -1 to 1, no unit. What the paper's figures show.
      resolution: the |normalised| below which the sign is rounding. With more points than the critic can tell apart A
        has eigenvalues of exactly 0, so a critic that converges shows 0, not less, give or take this.
      converged: whether the eigenvalue was found; always so for the dense one.
    """

    value: float
    normalised: float
    resolution: float
    converged: bool

    @property
    def excites(self) -> bool:
        """Whether the TD errors feed themselves: `normalised` is above what rounding could make of 0."""
        return self.normalised > self.resolution


def excitation(q_fn: QFunction, params: Any, data: Points, policy: Points, gamma: float | jax.Array, *,
               memory: int = MEMORY) -> jax.Array:
    """A = (gamma K(X*, X) - K(X, X)) / P, `[N, N]`, not symmetric; for `jax.jit`.

    Made as one product, of gamma grad Q(x*) - grad Q(x) with grad Q(x), in blocks as in `gram.gram`.

    Args:
      q_fn, params, memory: as in `gram.gram`.
      data: X, (obs, action) of the data, `[N, O]` and `[N, A]`.
      policy: X*, (next obs, the policy's action there), the same shapes.
      gamma: discount, a scalar.
    """
    params, data, policy = widened(params), widened(data), widened(policy)

    def difference(pair):
        ahead, now = (gradients(q_fn, params, points) for points in pair)
        return [gamma * far - near for far, near in zip(ahead, now, strict=True)]

    def rows(points):
        return gradients(q_fn, params, points)

    size = block_size(params, memory, COPIES + 1)
    return blocks(difference, (policy, data), rows, data, size) / parameter_count(params)


def excite(q_fn: QFunction, params: Any, data: Points, policy: Points, gamma: float | jax.Array,
           vector: jax.Array) -> jax.Array:
    """A v without A, `[N]` to `[N]`: one `pullback`, on X, and a `pushforward` each on X* and X. Arguments as in
    `excitation`."""
    step = pullback(q_fn, params, data, vector)
    change = gamma * pushforward(q_fn, params, policy, step) - pushforward(q_fn, params, data, step)
    return change / parameter_count(params)


def excite_transposed(q_fn: QFunction, params: Any, data: Points, policy: Points, gamma: float | jax.Array,
                      vector: jax.Array) -> jax.Array:
    """A^T v without A, `[N]` to `[N]`. Arguments as in `excitation`."""
    ahead, now = (pullback(q_fn, params, points, vector) for points in (policy, data))
    step = jax.tree.map(lambda far, near: gamma * far - near, ahead, now)
    return pushforward(q_fn, params, data, step) / parameter_count(params)


def seem(matrix: np.ndarray) -> Seem:
    """SEEM of A by all its eigenvalues, on the host in float64: about 40 s for N = 2,560, 0.3 s for 512.

    Args:
      matrix: A as `excitation` gives it, `[N, N]`; NaN comes of one that is not finite.

    Raises:
      ValueError: A is not square.
    """
    import numpy as np

    resolution = matrix.shape[0] * float(np.finfo(matrix.dtype).eps)
    value = largest_real_part(matrix)
    norm = float(np.linalg.norm(np.asarray(matrix, np.float64)))
    return Seem(value, value / norm if norm else 0.0, resolution, bool(np.isfinite(value)))


def seem_matrix_free(q_fn: QFunction, params: Any, data: Points, policy: Points, gamma: float | jax.Array, *,
                     seed: int = 0) -> Seem:
    """SEEM by Arnoldi iteration on products with A, for sets and networks whose A or gradients are too large.

    The eigenvalue is as exact as the products; the norm that normalises it is an estimate from random vectors, good
    to a few percent. A host function: it compiles three products, once for each `q_fn` and set of shapes, and calls
    them some hundred times.

    Args:
      q_fn: as in `gram.gram`; the same object at every call, or it is compiled anew.
      seed: of the random vectors; the same seed gives the same numbers. The others are as in `excitation`.
    """
    import numpy as np

    precision = jnp.result_type(float)
    count = data[0].shape[0]

    def on_host(product):
        def of(vector):
            return np.asarray(product(q_fn, params, data, policy, gamma, jnp.asarray(vector, precision)), np.float64)

        return of

    norm = estimate_norm(on_host(_excite_many), on_host(_excite_many_transposed), count, probes=PROBES, seed=seed)
    value, converged = rightmost(on_host(_excite), count, scale=norm, seed=seed)
    return Seem(value, value / norm if norm else 0.0, count * float(jnp.finfo(precision).eps), converged)


_COLUMNS = (None, None, None, None, 1)  # the vectors are columns, all else is the same for each
_excite = jax.jit(excite, static_argnums=0)


@partial(jax.jit, static_argnums=0)
def _excite_many(q_fn: QFunction, *arguments: Any) -> jax.Array:
    return jax.vmap(partial(excite, q_fn), _COLUMNS, 1)(*arguments)


@partial(jax.jit, static_argnums=0)
def _excite_many_transposed(q_fn: QFunction, *arguments: Any) -> jax.Array:
    return jax.vmap(partial(excite_transposed, q_fn), _COLUMNS, 1)(*arguments)
