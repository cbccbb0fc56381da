"""Products with the Jacobian and the neural tangent kernel that form neither, for any network.

With J the Jacobian of Q on N points, `[N, P]`, the kernel is K(X, Y) = J_X J_Y^T and K v = J_X (J_Y^T v). The memory is
that of one backward pass on the points, whatever P is; the time that of three forward passes. Dtypes are as in `gram`:
float64 where x64 is on. Both products use reverse mode, so Q may hold functions with gradients of their own
(`jax.custom_vjp`), which have no forward mode.
"""

from __future__ import annotations

from typing import Any

import jax
from jaxtyping import Array, Float

from divbench.diagnostics.kernels.gram import Points, QFunction, widened


def pullback(q_fn: QFunction, params: Any, points: Points, vector: Float[Array, " N"]) -> Any:
    """J^T v = sum_i v_i grad Q(x_i), a tree like the parameters.

    The direction of PreQN's step 12 when `vector` is Z (Achiam et al., 1903.08894, Algorithm 1).

    Args:
      q_fn, params: as in `gram`.
      points: (obs `[N, O]`, action `[N, A]`).
      vector: v, `[N]`.
    """
    points, (vector,) = widened(points), widened((vector,))
    _, vjp = jax.vjp(lambda params: jax.vmap(q_fn, (None, 0, 0))(params, *points), widened(params))
    return vjp(vector)[0]


def pushforward(q_fn: QFunction, params: Any, points: Points, tangent: Any) -> Float[Array, " N"]:
    """J t: by how much Q on each point changes to first order when the parameters change by t, `[N]`.

    Args:
      tangent: t, a tree like the parameters. The others are as in `pullback`.
    """
    points = widened(points)
    q, vjp = jax.vjp(lambda params: jax.vmap(q_fn, (None, 0, 0))(params, *points), widened(params))
    _, push = jax.vjp(lambda vector: vjp(vector)[0], q)  # v to J^T v is linear, and J its transpose
    return push(widened(tangent))[0]


def kernel_product(q_fn: QFunction, params: Any, left: Points, right: tuple[Float[Array, "M O"], Float[Array, "M A"]],
                   vector: Float[Array, " M"]) -> Float[Array, " N"]:
    """K(X, Y) v: `[M]` to `[N]`; the first-order change of Q on X when v is the error on Y.

    Source: Achiam et al., 1903.08894, Theorem 1 (equation 10), with v = alpha D_rho (T* Q - Q).

    Args:
      left, right: X with N points and Y with M. The others are as in `pullback`.
    """
    return pushforward(q_fn, params, left, pullback(q_fn, params, right, vector))
