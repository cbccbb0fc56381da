"""A hidden layer up to its activation: Dense, then the mechanisms that are compiled in; and the activations by name.

Letters in shapes: B batch, H width of the layer.
"""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from divbench.learn.normalisations import group_norm, layer_norm

# What follows each hidden layer. Source of the choice: Achiam et al., 1903.08894 (relu, tanh, sin);
# mish: Misra, 1908.08681; elu: Clevert et al., 1511.07289.
NONLINEARITIES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu, "tanh": jnp.tanh, "sin": jnp.sin, "elu": jax.nn.elu, "mish": jax.nn.mish,
}
# Of BatchNorm. Running statistics are means of numbers of order 1: with this momentum they lose nothing in float32.
BATCHNORM_MOMENTUM, BATCHNORM_EPSILON = 0.99, 1e-3


class LayerNorm(nn.Module):
    """LayerNorm that a lane can switch off; see `normalisations.layer_norm`. Parameters: `scale` and `bias`, `[H]`."""

    @nn.compact
    def __call__(self, x, on=1.0, affine=1.0):
        return layer_norm(x, *_affine(self, x.shape[-1]), on, affine)


class GroupNorm(nn.Module):
    """`normalisations.group_norm`. Parameters: `scale` and `bias`, `[H]`.

    Attributes:
      groups: divides H.
    """

    groups: int

    @nn.compact
    def __call__(self, x):
        return group_norm(x, *_affine(self, x.shape[-1]), self.groups)


def _affine(module: nn.Module, width: int) -> tuple[jax.Array, jax.Array]:
    """Scale and shift `[H]` of a normalisation, its own parameters."""
    return (module.param("scale", nn.initializers.ones, (width,), jnp.float32),
            module.param("bias", nn.initializers.zeros, (width,), jnp.float32))


class Dropout(nn.Module):
    """Dropout wherever the caller hands in a random stream of that name. Unlike flax's own, its rate is an argument, so
    that lanes of different rates share a program."""

    @nn.compact
    def __call__(self, x, rate):
        return dropped(self.make_rng("dropout"), x, rate) if self.has_rng("dropout") else x


def dropped(key, x, rate):
    """`x` with each entry 0 with probability `rate` (scalar), the others scaled up by as much; the key is consumed."""
    kept = jax.random.bernoulli(key, 1.0 - rate, x.shape)
    return jnp.where(kept, x / (1.0 - rate), 0.0)


class HiddenLayer(nn.Module):
    """`[B, I]` to `[B, H]`: `x W + b`, then dropout, BatchNorm, LayerNorm, GroupNorm, where compiled in.

    BatchNorm is flax's (Ioffe and Szegedy, 1502.03167).

    Attributes:
      width: H.
      mechanisms: names of those compiled in, of `dropout`, `batchnorm`, `layernorm` and `groupnorm`.
      groups: of GroupNorm; divides `width`.
    """

    width: int
    mechanisms: frozenset[str] = frozenset()
    groups: int = 1

    @nn.compact
    def __call__(self, x, *, train: bool = False, layernorm=1.0, affine=1.0, rate=0.0):
        """
        Args:
          train: whether BatchNorm takes the statistics of this batch (static).
          layernorm, affine: whether LayerNorm acts, and its scale and shift with it: 0 or 1, scalars.
          rate: of dropout, a scalar.
        """
        x = nn.Dense(self.width, name="dense")(x)
        if "dropout" in self.mechanisms:
            x = Dropout(name="dropout")(x, rate)
        if "batchnorm" in self.mechanisms:
            x = nn.BatchNorm(not train, momentum=BATCHNORM_MOMENTUM, epsilon=BATCHNORM_EPSILON,
                             use_fast_variance=False, name="batchnorm")(x)
        if "layernorm" in self.mechanisms:
            x = LayerNorm(name="layernorm")(x, layernorm, affine)
        if "groupnorm" in self.mechanisms:
            x = GroupNorm(self.groups, name="groupnorm")(x)
        return x
