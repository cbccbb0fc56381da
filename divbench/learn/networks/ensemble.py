"""Several critics of one module: their variables have a leading axis of N, and `jax.vmap` over it calls the module.

Letters in shapes: N critics, B batch, O observation size, A action size, H width of a hidden layer.
"""

from __future__ import annotations

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

from divbench.learn.networks import dense
from divbench.learn.networks.switches import Switches


class Pass(NamedTuple):
    """A pass through the critics.

    Attributes:
      q: `[N, B]`.
      hidden: of each hidden layer after its activation, `[N, B, H]`, where the module stores them; else the inputs of
        every Dense but the first.
      features: what the head reads, the input of the last Dense, `[N, B, H]`.
      changed: collections that a training pass changed, such as `batch_stats`; else empty.
    """

    q: jax.Array
    hidden: tuple[jax.Array, ...]
    features: jax.Array
    changed: dict


def draw(module: nn.Module, key, critics: int, observation_size: int, action_size: int, gain) -> dict:
    """Fresh variables of N critics, each leaf with a leading axis of N. Critic number n is drawn from the key with n
    folded in, so fewer critics are the first of more.

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

    return jax.vmap(one)(jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, jnp.arange(critics)))


def passed(module: nn.Module, variables: dict, obs, action, *, switches: Switches, train: bool = False,
           key=None) -> Pass:
    """One pass of pairs `[B, O]`, `[B, A]` through all critics.

    Args:
      variables: of the critics, leaves `[N, ...]`.
      switches: which mechanisms this lane has.
      train: whether normalisations take the statistics of this batch and move their running ones (static).
      key: for what is random inside the critics; without one nothing is.
    """
    mutable = ["intermediates", *(name for name in variables if train and name != "params")]

    def one(variables, obs, action, number):
        rngs = {} if key is None else {"dropout": jax.random.fold_in(key, number)}
        (q, changed), calls = dense.apply(module, variables, obs, action, train=train, switches=switches, rngs=rngs,
                                          mutable=mutable)
        stored, features = changed.pop("intermediates", {}), calls[-1][1]
        between = tuple(given for _, given in calls[1:] if given.ndim == 2) or (features,)
        return Pass(q, stored.get("hidden", between), features, changed)

    critics = jax.tree.leaves(variables)[0].shape[0]
    # Not shared by `in_axes=None`: the first layer's product would then be another one, which rounds otherwise.
    inputs = (jnp.broadcast_to(x, (critics, *x.shape)) for x in (obs, action))
    return jax.vmap(one)(variables, *inputs, jnp.arange(critics))
