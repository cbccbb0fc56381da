"""A hidden layer up to its activation: Dense, then the mechanisms that are compiled in; and the activations by name.

Letters in shapes: B batch, H width of the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import flax.linen as nn
import jax
import jax.numpy as jnp

from divbench.learn.normalisations import NORMALISATIONS, LayerSwitches

# What follows each hidden layer. Source of the choice: Achiam et al., 1903.08894 (relu, tanh, sin);
# mish: Misra, 1908.08681; elu: Clevert et al., 1511.07289.
NONLINEARITIES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu, "tanh": jnp.tanh, "sin": jnp.sin, "elu": jax.nn.elu, "mish": jax.nn.mish,
}
# Of BatchNorm. Running statistics are means of numbers of order 1: with this momentum they lose nothing in float32.
BATCHNORM_MOMENTUM, BATCHNORM_EPSILON = 0.99, 1e-3
_STARTS = {"scale": nn.initializers.ones}  # of parameters of normalisations; all others begin at 0
NOTHING: Mapping[str, jax.Array] = MappingProxyType({})


class Normalised(nn.Module):
    """One of `normalisations.NORMALISATIONS` with its parameters, `[B, H]` to `[B, H]`.

    Attributes:
      kind: its name.
    """

    kind: str

    @nn.compact
    def __call__(self, x: jax.Array, switches: LayerSwitches) -> jax.Array:
        parameters, act = NORMALISATIONS[self.kind]
        return act(x, *(self.param(name, _STARTS.get(name, nn.initializers.zeros), (x.shape[-1],), jnp.float32)
                        for name in parameters), switches)


class Dropout(nn.Module):
    """Dropout wherever the caller hands in a random stream of that name. Unlike flax's own, its rate is an argument, so
    that lanes of different rates share a program."""

    @nn.compact
    def __call__(self, x: jax.Array, rate: float | jax.Array) -> jax.Array:
        return dropped(self.make_rng("dropout"), x, rate) if self.has_rng("dropout") else x


def dropped(key: jax.Array, x: jax.Array, rate: float | jax.Array) -> jax.Array:
    """`x` with each entry 0 with probability `rate` (scalar), the others scaled up by as much; the key is consumed."""
    kept = jax.random.bernoulli(key, 1.0 - rate, x.shape)
    return jnp.where(kept, x / (1.0 - rate), 0.0)


class HiddenLayer(nn.Module):
    """`[B, I]` to `[B, H]`: `x W + b`, then dropout, BatchNorm and `NORMALISATIONS`, where compiled in.

    BatchNorm is flax's (Ioffe and Szegedy, 1502.03167).

    Attributes:
      width: H.
      mechanisms: names of those compiled in, of `dropout`, `batchnorm` and `NORMALISATIONS`.
      groups: of GroupNorm; divides `width`.
    """

    width: int
    mechanisms: frozenset[str] = frozenset()
    groups: int = 1

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False, on: Mapping[str, jax.Array] = NOTHING,
                 affine: float | jax.Array = 1.0, rate: float | jax.Array = 0.0) -> jax.Array:
        """
        Args:
          train: whether BatchNorm takes the statistics of this batch (static).
          on: whether a normalisation acts, 0 or 1, scalars by name; one that is not there acts.
          affine: whether LayerNorm's scale and shift act with it.
          rate: of dropout, a scalar.
        """
        x = nn.Dense(self.width, name="dense")(x)
        if "dropout" in self.mechanisms:
            x = Dropout(name="dropout")(x, rate)
        if "batchnorm" in self.mechanisms:
            x = nn.BatchNorm(not train, momentum=BATCHNORM_MOMENTUM, epsilon=BATCHNORM_EPSILON,
                             use_fast_variance=False, name="batchnorm")(x)
        for kind in NORMALISATIONS:
            if kind in self.mechanisms:
                x = Normalised(kind, name=kind)(x, LayerSwitches(on.get(kind, 1.0), affine, self.groups))
        return x
