"""Several critics of one module: their variables have a leading axis of N, and `jax.vmap` over it calls the module.

A module that holds all critics itself (`ensembled`) has a leading axis of 1. Nobody else asks which of the two it is.
Letters in shapes: N critics, B batch, O observation size, A action size, H width of a hidden layer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

from divbench.learn.networks import dense
from divbench.learn.networks.reading import layers_of
from divbench.learn.networks.switches import Switches
from divbench.spec.declared import Needs


class ForwardPass(NamedTuple):
    """A forward pass through the critics.

    Attributes:
      q: `[N, B]`.
      hidden: of each hidden layer after its activation, `[N, B, H]` (`reading`).
      features: what the head reads, `[N, B, H]`; NaN where that cannot be known.
      changed: collections that a training pass changed, such as `batch_stats`; else empty.
    """

    q: jax.Array
    hidden: tuple[jax.Array, ...]
    features: jax.Array
    changed: dict


def draw(module: Any, key: jax.Array, critics: int, observation_size: int, action_size: int,
         gain: float | jax.Array) -> dict:
    """Fresh variables of N critics, each leaf with a leading axis of N. Critic number n is drawn from the key with n
    folded in, so fewer critics are the first of more. Of a module that holds all N, the axis has length 1.

    A module with a method `draw` draws itself. Every other is drawn by its `init`, one critic and one lane after the
    other (see `drawing`), and `gain` does not count.

    Args:
      key: random key; consumed.
      critics: N.
      gain: scalar, of the initialisers.
    """
    def by_init(key):
        return module.init(key, jnp.zeros((1, observation_size)), jnp.zeros((1, action_size)))

    def one(key):
        if hasattr(module, "draw"):
            return module.draw(key, observation_size, action_size, gain)
        return sequential_vmap(by_init)(key)

    numbers = jnp.arange(critics // held_by(module))
    return jax.vmap(one)(jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, numbers))


def forward(module: Any, variables: dict, obs: jax.Array, action: jax.Array, *, switches: Switches,
            train: bool = False, key: jax.Array | None = None) -> ForwardPass:
    """One pass of pairs `[B, O]`, `[B, A]` through all critics.

    Args:
      variables: of the critics, leaves `[N, ...]`.
      switches: which mechanisms this lane has.
      train: whether normalisations take the statistics of this batch and move their running ones (static).
      key: for what is random inside the critics; without one nothing is.
    """
    needs = needs_of(module)
    mutable = tuple(name for name in variables if train and name != "params" and needs.moves(name))

    def one(variables, obs, action, number):
        rngs = {} if key is None else streams(jax.random.fold_in(key, number), needs.rngs)
        found = dense.apply(module, variables, obs, action, train=train, switches=switches, rngs=rngs, mutable=mutable)
        hidden, features = layers_of(found, getattr(module, "heads", tuple(call.path for call in found.calls[-1:])))
        return ForwardPass(found.output, hidden, features, {name: found.changed[name] for name in mutable})

    stacked = jax.tree.leaves(variables)[0].shape[0]
    # Not shared by `in_axes=None`: the first layer's product would then be another one, which rounds otherwise.
    inputs = (jnp.broadcast_to(x, (stacked, *x.shape)) for x in (obs, action))
    each: Any = jax.vmap(one)
    found = each(variables, *inputs, jnp.arange(stacked))
    if needs.ensembled:
        q, hidden, features = jax.tree.map(lambda leaf: leaf[0], found[:3])
        return ForwardPass(q, hidden, features, found.changed)
    return found


def streams(key: jax.Array, names: tuple[str, ...]) -> dict[str, jax.Array]:
    """Random keys of a module's streams: `dropout` has the key itself, the streams named have others."""
    return {"dropout": key} | {name: jax.random.fold_in(key, place) for place, name in enumerate(names, 1)}


def needs_of(module: Any) -> Needs:
    """What a critic's module says of itself; those of the house say nothing."""
    return getattr(module, "needs", Needs())


def held_by(module: Any) -> int:
    """How many critics one set of the module's variables is of."""
    return needs_of(module).ensembled or 1
