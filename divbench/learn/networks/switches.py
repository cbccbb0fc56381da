"""The mechanisms of one lane, as numbers that its networks take as a call argument."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Switches(NamedTuple):
    """1.0 where a lane has the mechanism, 0.0 where it has not; float32 scalars, but for `layernorm`, which has one
    for each hidden layer of the critics. Of dropout, the rate. `numbers` has for each feature function from outside
    the number of its record."""

    layernorm: jax.Array
    layernorm_affine: jax.Array  # whether its scale and shift count, and learn
    feature_layernorm: jax.Array
    unit_ball: jax.Array
    actor_layernorm: jax.Array
    dropout: jax.Array
    numbers: jax.Array


def all_on(layers: int, functions: int = 0) -> Switches:
    """Every mechanism that is compiled in acts; nothing is dropped out; numbers of records are 0.

    Args:
      layers: hidden layers of the critics.
      functions: feature functions from outside.
    """
    one = jnp.ones((), jnp.float32)
    return Switches(jnp.ones(layers, jnp.float32), one, one, one, one, jnp.zeros((), jnp.float32),
                    jnp.zeros(functions, jnp.float32))
