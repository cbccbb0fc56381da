"""What follows each hidden layer, by name. Source of the choice: Achiam et al., 1903.08894 (relu, tanh, sin);
mish: Misra, 1908.08681; elu: Clevert et al., 1511.07289."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

FUNCTIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu, "tanh": jnp.tanh, "sin": jnp.sin, "elu": jax.nn.elu, "mish": jax.nn.mish,
}
