"""The ceiling of an update: its matrix products alone, at the same shapes, as fast as this device does them.

Letters in shapes: M networks side by side, B batch, I inputs, O outputs of a layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp

from divbench.envs.names import task_info
from divbench.spec.plan import Lane
from divbench.studies.bench.sampling import SAMPLES, doubled


class Layer(NamedTuple):
    """A Dense of one network, and how often one plain SAC update multiplies at its shape.

    Attributes:
      networks: how many of them a lane has.
      inputs, outputs: of the Dense.
      forward: products `[B, I] x [I, O]`.
      to_weights: products `[I, B] x [B, O]`.
      to_inputs: products `[B, O] x [O, I]`.
    """

    networks: int
    inputs: int
    outputs: int
    forward: int
    to_weights: int
    to_inputs: int

    @property
    def products(self) -> int:
        return self.forward + self.to_weights + self.to_inputs

    def flops(self, batch_size: int) -> int:
        """FLOPs of one update of one lane."""
        return 2 * batch_size * self.networks * self.inputs * self.outputs * self.products


def layers_of(lane: Lane) -> list[Layer]:
    """The layers of divbench's own networks at a lane's sizes. The counts are those of `spec.sizes.update_flops`.

    Of the actor: forward for target and actor loss, backward once. Of the critics: forward for target, critic loss and
    actor loss; backward to weights for the critic loss, to inputs for both losses. No loss needs the
    gradient behind a first layer but that of the actor through the critics.
    """
    info, sac = task_info(lane.task), lane.sac
    actor = (info.observation_size, *sac.actor_hidden, 2 * info.action_size)
    critic = (info.observation_size + info.action_size, *sac.critic_hidden, 1)
    return [*_layers(actor, 1, (2, 1, 1)), *_layers(critic, sac.critics, (3, 1, 2))]


def _layers(sizes: tuple[int, ...], networks: int, counts: tuple[int, int, int]) -> Iterator[Layer]:
    forward, to_weights, to_inputs = counts
    for place, (inputs, outputs) in enumerate(zip(sizes, sizes[1:], strict=False)):
        yield Layer(networks, inputs, outputs, forward, to_weights, to_inputs - (place == 0))


def ceiling(lane: Lane, lanes: int, seconds: float) -> float:
    """FLOPs per second of the products of one plain update of `lanes` lanes, one product after the other.

    It is that of the fastest sample: whatever else the machine does can only lower it.

    Args:
      lane: has the sizes; what its variant does besides is left out.
      lanes: how many.
      seconds: of the samples, about.
    """
    run, operands = repeated_products(lane, lanes)

    def timed(count: int) -> float:
        began = time.perf_counter()
        jax.block_until_ready(run(operands, count))
        return time.perf_counter() - began

    count = doubled(timed, seconds / SAMPLES)
    flops = lanes * sum(layer.flops(lane.sac.batch_size) for layer in layers_of(lane))
    return count * flops / min(timed(count) for _ in range(SAMPLES))


def repeated_products(lane: Lane, lanes: int) -> tuple[Callable, list[tuple]]:
    """A jitted `(operands, count) -> operands` that does the products of `count` updates, and its first operands."""
    layers = layers_of(lane)
    counts = tuple((layer.forward, layer.to_weights, layer.to_inputs) for layer in layers)
    run = jax.jit(lambda operands, count: jax.lax.fori_loop(
        0, count, lambda _, carried: _products(carried, counts), operands))
    return run, [_operands(number, layer, lanes, lane.sac.batch_size) for number, layer in enumerate(layers)]


def _operands(number: int, layer: Layer, lanes: int, batch_size: int) -> tuple[jax.Array, ...]:
    """Activations `[M, B, I]`, weights `[M, I, O]` and gradients `[M, B, O]`; a single network has no axis M."""
    many = layer.networks * lanes
    axis = (many,) if many > 1 else ()
    keys = jax.random.split(jax.random.key(number), 3)
    shapes = ((batch_size, layer.inputs), (layer.inputs, layer.outputs), (batch_size, layer.outputs))
    return tuple(jax.random.normal(key, (*axis, *shape), jnp.float32) / layer.inputs
                 for key, shape in zip(keys, shapes, strict=True))


def _products(carried: list[tuple], counts: tuple[tuple[int, int, int], ...]) -> list[tuple]:
    """Every product of one update.

    Each changes one number of an operand of the next product at its shape. So XLA leaves none out, merges none, and
    moves none out of the loop.
    """
    after = []
    for (x, w, g), (forward, to_weights, to_inputs) in zip(carried, counts, strict=True):
        for _ in range(forward):
            x = _poked(x, jnp.matmul(x, w))
        for _ in range(to_weights):
            g = _poked(g, jnp.matmul(jnp.swapaxes(x, -1, -2), g))
        for _ in range(to_inputs):
            g = _poked(g, jnp.matmul(g, jnp.swapaxes(w, -1, -2)))
        after.append((x, w, g))
    return after


def _poked(operand: jax.Array, product: jax.Array) -> jax.Array:
    """The operand with its first number replaced by one of the product, kept small.

    The barrier keeps XLA from computing that number alone.
    """
    first = (0,) * operand.ndim
    product = jax.lax.optimization_barrier(product)
    return operand.at[first].set(jnp.clip(product[first], -1.0, 1.0))
