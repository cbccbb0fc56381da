"""The mechanisms of one lane, as numbers that its networks take as a call argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from divbench.spec.mechanisms import IN_HIDDEN_LAYERS, SELECTABLE

_FIELDS = (*SELECTABLE, "layernorm_affine", "dropout", "numbers")


_named_tuple: Any = NamedTuple  # whose fields come from a table, which no type checker can follow
_Fields: Any = _named_tuple("Switches", [(name, jax.Array) for name in _FIELDS])


class Switches(_Fields):
    """1.0 where a lane has the mechanism of that name, of `spec.mechanisms.SELECTABLE`, 0.0 where it has not; float32
    scalars. A normalisation of hidden layers, such as `layernorm`, has one for each hidden layer of the critics.
    `layernorm_affine` is 1.0 where its scale and shift count, and learn. `dropout` is the rate. `numbers` has for each
    feature function from outside the number of its record."""

    __slots__ = ()
    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> jax.Array: ...
        def _replace(self, **changes: Any) -> Self: ...


def all_on(layers: int, functions: int = 0) -> Switches:
    """Every mechanism that is compiled in acts; nothing is dropped out; numbers of records are 0.

    Args:
      layers: hidden layers of the critics.
      functions: feature functions from outside.
    """
    one = jnp.ones((), jnp.float32)
    mechanisms = {name: jnp.ones(layers, jnp.float32) if name in IN_HIDDEN_LAYERS else one for name in SELECTABLE}
    return Switches(**mechanisms, layernorm_affine=one, dropout=jnp.zeros((), jnp.float32),
                    numbers=jnp.zeros(functions, jnp.float32))
