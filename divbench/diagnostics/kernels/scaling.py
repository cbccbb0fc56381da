"""What to divide by before squares are taken, in float32 and float64 alike.

`norms.magnitude_scale` does the same for the float32 of training; kernels are also made in float64, where what is
nothing to float32 still counts.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def magnitude(array: jax.Array, axis: int | None = None) -> jax.Array:
    """The largest magnitude along the axis (None: of all), 1 where that is nothing, NaN where it is not finite.

    The shape is that of `array` with those axes of size 1. Finiteness is asked apart because XLA's maximum of many
    NaNs on a CPU can be -inf.
    """
    smallest = float(jnp.finfo(array.dtype).tiny)
    largest = jnp.max(jnp.abs(array), axis, keepdims=True)
    finite = jnp.all(jnp.isfinite(array), axis, keepdims=True)
    return jnp.where(finite, jnp.where(largest < smallest, 1.0, largest), jnp.nan)
