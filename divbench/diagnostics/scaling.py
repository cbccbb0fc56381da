"""What to divide by before squares are taken, in float32 and float64 alike.

Critics that diverge hold numbers whose squares no float32 holds; kernels are also made in float64, where what is
nothing to float32 still counts.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def magnitude_scale(array: jax.Array, axis: int | tuple[int, ...] | None = None) -> jax.Array:
    """The largest magnitude along the axes (None: of all), 1 where that is nothing, NaN where it is not finite.

    The shape is that of `array` with those axes of size 1. Nothing is what lies below the smallest normal number of
    the array's type: there digits are lost, or on some devices all of them. Finiteness is asked apart because XLA's
    maximum of many NaNs on a CPU can be -inf.
    """
    largest = jnp.max(jnp.abs(array), axis, keepdims=True)
    finite = jnp.all(jnp.isfinite(array), axis, keepdims=True)
    return jnp.where(finite, jnp.where(largest < jnp.finfo(array.dtype).tiny, 1.0, largest), jnp.nan)
