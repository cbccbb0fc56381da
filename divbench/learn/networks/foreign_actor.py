"""Actors from outside: any linen module `module(obs)`, found by name and called as the house's own.

What the house asks of such a class:

- `__call__(obs)`, for observations `[B, O]`, returns what the algorithm asks for: of SAC's actor `(mean, log_std)`
  before the tanh, each `[B, A]`, the latter without limits; of TD3's and PreQN's the action `[B, A]`, within [-1, 1].
- A field `action_size`, if there is one, is set to A.
- It has parameters alone. An argument `train` keeps its default: an actor has no pass in which normalisations and
  dropout act otherwise.

It is drawn by its own initialisers. Letters in shapes: B batch, O observation size, A action size.
"""

from __future__ import annotations

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

from divbench.learn.hooks import made
from divbench.learn.networks.mlp import DeterministicActor, GaussianActor
from divbench.learn.networks.switches import Switches
from divbench.spec.errors import UsageError
from divbench.spec.objects import ACTION_SIZE, ACTOR

_OUTPUTS = {GaussianActor: ("mean", "log-std"), DeterministicActor: ("an action",)}


@functools.cache
def foreign_actor(text: str, observation_size: int, action_size: int,
                  kind: type[GaussianActor] | type[DeterministicActor]) -> ForeignActor:
    """The actor written `package.module:Class(field=value)`, in the place of one of the house's, of that kind.

    Raises:
      UsageError: it cannot be made with those fields, is no linen module, returns something else than the algorithm
        asks for, or has other variables than parameters.
    """
    what = f"actor '{text}'"
    module = made(text, ACTOR, **{ACTION_SIZE: action_size})
    if not isinstance(module, nn.Module):
        raise UsageError(f"{what}: expected a flax.linen.Module, found a {type(module).__name__}")
    outputs, variables = jax.eval_shape(module.init_with_output, jax.random.key(0), jnp.zeros((3, observation_size)))
    found = [_shown(output) for output in (outputs if isinstance(outputs, tuple) else (outputs,))]
    words, expected = _OUTPUTS[kind], f"float32{[3, action_size]}"
    if found != [expected] * len(words):
        raise UsageError(f"{what}: expected {' and '.join(words)} {expected} for 3 observations, found "
                         f"{' and '.join(found)}")
    if variables.keys() != {"params"}:
        raise UsageError(f"{what}: expected a module with parameters alone, found {', '.join(sorted(variables))}")
    return ForeignActor(module)


def _shown(output: Any) -> str:
    return f"{output.dtype}{list(output.shape)}" if hasattr(output, "shape") else f"a {type(output).__name__}"


class ForeignActor:
    """An actor from outside with the house's way of calling: `draw` and `apply` as of the actors in `mlp`."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def draw(self, key: jax.Array, observation_size: int, *gains: Any) -> dict:
        """Variables by the module's own `init`, one lane after the other (see `drawing`); the key is consumed, and
        `gains` do not count."""
        return sequential_vmap(lambda key: self._module.init(key, jnp.zeros((1, observation_size))))(key)

    def apply(self, variables: dict, obs: jax.Array, *, switches: Switches | None = None) -> Any:
        """The module's outputs; `switches` are of divbench's own networks."""
        return self._module.apply(variables, obs)
