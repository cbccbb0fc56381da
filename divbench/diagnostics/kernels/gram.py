"""The neural tangent kernel as a matrix, by per-example gradients, a block of examples at a time.

K(x, y) = grad Q(x) . grad Q(y), gradients with respect to all parameters. Lives here: everything that needs a row of
the Jacobian per example. Does not live here: products with the kernel that never form it (`products`).
Gradients of all examples at once need N * P numbers, 0.7 GB for 2,560 points of a critic with two layers of 256.
Here the gradients of two blocks are alive at a time, and those of a block are made again for each block it meets:
with c examples per block that adds about 3 / c to the cost of the products, which take N * M * P multiplications.
Letters in shapes: N, M examples, P parameters, O observation size, A action size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

MEMORY = 256 * 2**20  # bytes that the gradients of the blocks may take
COPIES = 4  # arrays of the size of a block's gradients that are alive at a time; see the test of the memory

QFunction = Callable[[Any, Float[Array, " O"], Float[Array, " A"]], Float[Array, ""]]
Points = tuple[Float[Array, "N O"], Float[Array, "N A"]]
Rows = Callable[[Any], list[Array]]  # of a block of points


def gram(q_fn: QFunction, params: Any, left: Points,
         right: tuple[Float[Array, "M O"], Float[Array, "M A"]] | None = None, *,
         memory: int = MEMORY) -> Float[Array, "N _"]:
    """K(X, Y) with K_ij = grad Q(x_i) . grad Q(y_j).

    Calculates in float64 where x64 is on, else in float32: parameters and points are widened to that. Products are
    of full float32 precision on every device. Under `jax.vmap` over lanes each lane takes `memory`.

    Args:
      q_fn: `q_fn(params, obs, action) -> []`, Q of one pair `[O]`, `[A]`.
      params: tree of floating arrays, any structure. All of it is differentiated, so what is no parameter (running
        statistics, coefficients) belongs inside `q_fn`.
      left: X, the pair (obs `[N, O]`, action `[N, A]`).
      right: Y, the same with M; None for X, which takes half the time and gives an exactly symmetric matrix.
      memory: bytes for gradients (static). At least one example per block is taken whatever it says.

    Returns:
      `[N, M]`; unit: that of Q, squared, over that of the parameters, squared. Source: Achiam et al., 1903.08894,
      equation 9.
    """
    params, left = widened(params), widened(left)

    def rows(points):
        return gradients(q_fn, params, points)

    if right is None:
        return symmetric_blocks(rows, left, block_size(params, memory))
    return blocks(rows, left, rows, widened(right), block_size(params, memory))


def gradients(q_fn: QFunction, params: Any, points: Points) -> list[Float[Array, "N _"]]:
    """grad Q of each point: one `[N, size]` for each array of the parameters, in the order of `jax.tree.leaves`."""
    tree = jax.vmap(jax.grad(q_fn), (None, 0, 0))(params, *points)
    return [leaf.reshape(leaf.shape[0], -1) for leaf in jax.tree.leaves(tree)]


def blocks(left_rows: Rows, left: Any, right_rows: Rows, right: Any, size: int) -> Float[Array, "N M"]:
    """`left_rows(left) @ right_rows(right)^T`, a block of each at a time: `[N, M]`.

    Args:
      left_rows, right_rows: from examples to lists of `[n, p]`, as `gradients` gives.
      left, right: trees whose arrays have a leading axis of N and of M.
      size: largest number of examples in a block (static).
    """
    rows, columns = size_of(left), size_of(right)
    left, left_size = _in_blocks(left, size)
    right, right_size = _in_blocks(right, size)

    def of_row(block):
        own = left_rows(block)
        return jax.lax.map(lambda other: _dot(own, right_rows(other)), right)

    grid = jax.lax.map(of_row, left)
    return grid.transpose(0, 2, 1, 3).reshape(-1, grid.shape[1] * right_size)[:rows, :columns]


def symmetric_blocks(rows: Rows, points: Any, size: int) -> Float[Array, "N N"]:
    """`rows(points) @ rows(points)^T` of its upper triangle of blocks, mirrored: `[N, N]`. Arguments as in `blocks`."""
    count = size_of(points)
    stacked, size = _in_blocks(points, size)
    number = size_of(stacked)
    shape = jax.eval_shape(rows, _pick(stacked, 0))[0]

    def of_row(i, matrix):
        own = rows(_pick(stacked, i))

        def of_block(j, matrix):
            product = _dot(own, rows(_pick(stacked, j)))
            return jax.lax.dynamic_update_slice(matrix, product, (i * size, j * size))

        return jax.lax.fori_loop(i, number, of_block, matrix)

    matrix = jax.lax.fori_loop(0, number, of_row, jnp.zeros((number * size, number * size), shape.dtype))
    upper = matrix[:count, :count]
    return jnp.triu(upper) + jnp.triu(upper, 1).T


def block_size(params: Any, memory: int, copies: int = COPIES) -> int:
    """How many examples' gradients fit `memory` bytes when `copies` blocks of them are alive; at least 1."""
    return max(1, memory // (copies * sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(params))))


def parameter_count(params: Any) -> int:
    """P, the number of entries of all arrays of the tree."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def widened(tree: Any) -> Any:
    """The tree with its floating arrays in JAX's default precision, float64 where x64 is on, else float32."""
    def widen(leaf):
        leaf = jnp.asarray(leaf)
        return leaf.astype(jnp.result_type(float)) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(widen, tree)


def size_of(points: Any) -> int:
    """The leading axis that all arrays of the points share.

    Raises:
      ValueError: they do not share one, or it is 0.
    """
    sizes = sorted({leaf.shape[0] for leaf in jax.tree.leaves(points)})
    if len(sizes) != 1 or sizes[0] == 0:
        raise ValueError(f"points have leading axes {sizes}; expected one number of examples, at least 1, for all")
    return sizes[0]


def _in_blocks(points: Any, size: int) -> tuple[Any, int]:
    """Points as `[blocks, size, ...]`, the last block filled up with copies of the last point, and the size chosen:
    the smallest that does with as few blocks."""
    count = size_of(points)
    number = -(-count // size)
    size = -(-count // number)

    def stack(leaf):
        padding = [(0, number * size - count)] + [(0, 0)] * (leaf.ndim - 1)
        return jnp.pad(leaf, padding, mode="edge").reshape(number, size, *leaf.shape[1:])

    return jax.tree.map(stack, points), size


def _pick(stacked: Any, place: int | jax.Array) -> Any:
    return jax.tree.map(lambda leaf: jax.lax.dynamic_index_in_dim(leaf, place, keepdims=False), stacked)


def _dot(left: list[Float[Array, "n _"]], right: list[Float[Array, "m _"]]) -> Float[Array, "n m"]:
    """Sum over the parameters' arrays of left @ right^T: lists of `[n, p]` and `[m, p]` to `[n, m]`."""
    highest = jax.lax.Precision.HIGHEST
    products = [jnp.einsum("np,mp->nm", one, other, precision=highest)
                for one, other in zip(left, right, strict=True)]
    return sum(products[1:], products[0])
