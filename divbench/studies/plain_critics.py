"""Plain critics: multi-layer perceptrons of any activation, width and depth, for studies of how they generalise.

Lives here: how their weights are drawn, Q of one pair, and the two sides of every layer, from which its part of the
neural tangent kernel follows. Does not live here: the critics that the agents train (`networks`).
Parameters are a list with a dictionary for each layer: `kernel` `[I, H]` and, unless the critic has no biases, `bias`
`[H]`; the last layer has H = 1. Letters in shapes: O observation size, A action size, I inputs and H outputs of a
layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import initializers

from divbench.learn.networks.layer import NONLINEARITIES

WEIGHTS: dict[str, Callable] = {
    "glorot_uniform": initializers.glorot_uniform(),
    "lecun_normal": initializers.lecun_normal(),
    "he_normal": initializers.he_normal(),
    "orthogonal": initializers.orthogonal(2.0**0.5),
}


def initialise(key: jax.Array, inputs: int, hidden: tuple[int, ...], weights: str = "glorot_uniform", *,
               biases: bool = True) -> list[dict[str, jax.Array]]:
    """Parameters of a critic, drawn; float64 where x64 is on, else float32.

    The draw depends on the sizes and not on the activation: equal keys give critics that differ in that alone.

    Args:
      key: a random key, consumed.
      inputs: O + A.
      hidden: width of each hidden layer; one or more.
      weights: of `WEIGHTS`. `glorot_uniform` has variance 2 / (I + H), the default of the library that the authors of
        1903.08894 used in their public code of that time; `lecun_normal` has 1 / I, `he_normal` 2 / I, and
        `orthogonal`, with gain sqrt 2, is how this project's SAC begins.
      biases: whether layers have biases, which begin at 0.
    """
    sizes = (inputs, *hidden, 1)
    draw, dtype = WEIGHTS[weights], jnp.result_type(float)
    params = []
    for one, shape in zip(jax.random.split(key, len(sizes) - 1), itertools.pairwise(sizes), strict=True):
        layer = {"kernel": draw(one, shape, dtype)}
        params.append(layer | ({"bias": jnp.zeros(shape[1], dtype)} if biases else {}))
    return params


def make_q_fn(activation: str) -> Callable:
    """`q_fn(params, obs, action) -> []`, Q of one pair `[O]`, `[A]`, with that activation after every hidden layer."""
    act = NONLINEARITIES[activation]

    def q_fn(params, obs, action):
        return _forward(act, params, jnp.concatenate([obs, action]), [0.0] * len(params))[0]

    return q_fn


def make_layers_fn(activation: str) -> Callable:
    """`layers_fn(params, obs, action)`: for each layer its input and how Q reacts to its output, of one pair.

    Each is a pair: the input `[I]`, with a 1 behind it where the layer has a bias, and dQ / d output `[H]`. The
    gradient of Q with respect to the layer's kernel and bias is the outer product of the two (Goodfellow, 1510.01799).
    """
    act = NONLINEARITIES[activation]

    def layers_fn(params, obs, action):
        inputs = jnp.concatenate([obs, action])
        shifts = [jnp.zeros(layer["kernel"].shape[1], inputs.dtype) for layer in params]
        slopes, seen = jax.grad(lambda shifts: _forward(act, params, inputs, shifts), has_aux=True)(shifts)
        one = jnp.ones(1, inputs.dtype)
        return [(jnp.concatenate([x, one]) if "bias" in layer else x, slope)
                for layer, x, slope in zip(params, seen, slopes, strict=True)]

    return layers_fn


def _forward(act: Callable, params: Any, x: jax.Array, shifts: list) -> tuple[jax.Array, list[jax.Array]]:
    """Q, and the input of every layer. Each layer's output is shifted by an own amount, 0 to be differentiated by."""
    seen = []
    for place, (layer, shift) in enumerate(zip(params, shifts, strict=True)):
        seen.append(x)
        x = jnp.matmul(x, layer["kernel"], precision=jax.lax.Precision.HIGHEST) + shift
        x = x + layer["bias"] if "bias" in layer else x
        x = act(x) if place + 1 < len(params) else x
    return x[0], seen
