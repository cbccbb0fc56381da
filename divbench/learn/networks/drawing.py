"""How the house's networks draw their weights.

A kernel depends on the network's key, the layer's place and its shape alone, so networks that differ elsewhere share it
and lanes of one seed are paired. flax's own rule folds a hash of the module's path into the key instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jax.nn import initializers

HEAD, LOG_STD, HIDDEN = 0, 1, 2  # what is folded into a network's key for a layer; hidden layer i, HIDDEN + i
_ONES = ("scale", "var")  # of normalisations; what is neither of these nor a kernel begins at 0

Initialiser = Callable[[jax.Array, tuple[int, ...]], jax.Array]


def initialiser(name: str, gain: float | jax.Array) -> Initialiser:
    """`(key, shape) -> kernel`: `orthogonal` with a gain (scalar), or `lecun_normal`, which ignores it."""
    if name == "orthogonal":
        return lambda key, shape: gain * _orthogonal(key, shape)
    normal = initializers.lecun_normal()
    return lambda key, shape: normal(key, shape, jnp.float32)


def _orthogonal(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """One matrix after the other, however many lanes are vmapped: on the CPU a batched QR decomposition hands its parts
    to the threads that run the program, and waits for them. When all of those threads wait so, none is left to do
    the work and the program stands still for good (seen with jaxlib 0.10.2 and two cores). Bits are the same."""
    return sequential_vmap(lambda key: initializers.orthogonal(1.0)(key, shape, jnp.float32))(key)


def draw_variables(module: Any, key: jax.Array, inputs: tuple[int, ...],
                   kernel: Callable[[str, tuple[int, ...]], jax.Array]) -> dict:
    """Variables of a module of `MLPCritic`'s names: kernels from `kernel(layer, shape)`; normalisations begin as the
    identity, biases at 0.

    Args:
      key: of any value; only shapes are taken from it.
      inputs: sizes of the module's arguments.
    """
    shapes = jax.eval_shape(module.init, key, *(jnp.zeros((1, size), jnp.float32) for size in inputs))

    def leaf(path, like):
        name, layer = path[-1].key, path[1].key
        if name == "kernel":
            return kernel(layer, like.shape)
        return (jnp.ones if name in _ONES else jnp.zeros)(like.shape, like.dtype)

    return jax.tree_util.tree_map_with_path(leaf, shapes)


def place_of(layer: str) -> int:
    """The place of a layer called `head` or `hidden1`, `hidden2`, ..., which is folded into the network's key."""
    return HEAD if layer == "head" else HIDDEN + int(layer.removeprefix("hidden")) - 1
