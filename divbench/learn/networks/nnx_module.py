"""nnx modules called as linen ones: variables by collection go in, and come out.

The module is split once into its structure and its state. A call merges them again inside of the program that is
traced, so that nothing of it is left outside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from flax.traverse_util import flatten_dict, unflatten_dict

from divbench.learn.networks.watching import watched


class NnxModule:
    """An nnx module with the `init` and `apply` of a linen one.

    Variables are in collections by their types: `params` for `nnx.Param`, `batch_stats` for `nnx.BatchStat`. Paths are
    the attributes' names, and numbers of lists as text. Random streams are no variables: a call draws them from a key.

    Args:
      kind: the class, `kind(observation_size, action_size, *, rngs, **fields)`.
      fields: arguments of its own.

    Raises:
      TypeError: it cannot be made with those arguments.
    """

    def __init__(self, kind: type[nnx.Module], fields: Mapping[str, object], observation_size: int,
                 action_size: int) -> None:
        make: Any = kind
        self._make = functools.partial(make, observation_size, action_size, **fields)
        self._taken = inspect.signature(kind.__call__).parameters
        blank = nnx.eval_shape(lambda: self._make(rngs=nnx.Rngs(0)))
        parts: Any = nnx.split(blank, nnx.RngState, ...)
        self._structure, self._streams, self._blank = parts

    def init(self, key: jax.Array, obs: jax.Array, action: jax.Array, **options: Any) -> dict:
        """Fresh variables; the key is consumed. The other arguments are not used."""
        return _collections(self._make(rngs=nnx.Rngs(key)))

    def apply(self, variables: dict, obs: jax.Array, action: jax.Array, *, train: bool = False,
              rngs: Mapping | None = None, mutable: Iterable[str] = (), **options: Any) -> Any:
        """What the module returns, and the collections of `mutable` that it has afterwards.

        Args:
          train: whether the module is in `train()` or in `eval()`; given to its call too if that takes it.
          rngs: the key `dropout` is that of all streams; without one these are the same at every call.
          options: given to its call if that takes them.
        """
        key = (rngs or {}).get("dropout", jax.random.key(0))
        module = nnx.merge(self._structure, self._drawn(key), self._filled(variables))
        module.train() if train else module.eval()
        watched(module)
        options = {name: value for name, value in {**options, "train": train}.items() if name in self._taken}
        output = module(obs, action, **options)
        changed = _collections(module)
        return output, {name: changed[name] for name in mutable if name in changed}

    def _drawn(self, key: jax.Array) -> nnx.State:
        """The state of the random streams, each with a key of its own."""
        return nnx.from_flat_state(
            (path, stream.replace(jax.random.fold_in(key, place) if isinstance(stream, nnx.RngKey)
                                  else jnp.zeros((), jnp.uint32)))
            for place, (path, stream) in enumerate(nnx.to_flat_state(self._streams)))

    def _filled(self, variables: dict) -> nnx.State:
        """The module's state with these values."""
        flat = {name: flatten_dict(collection) for name, collection in variables.items()}
        return nnx.from_flat_state(
            (path, variable.replace(flat[nnx.variable_name_from_type(type(variable))][_as_text(path)]))
            for path, variable in nnx.to_flat_state(self._blank))


def _collections(module: nnx.Module) -> dict:
    """The module's variables by collection, random streams left out."""
    found: dict[str, dict] = {}
    for path, variable in nnx.to_flat_state(nnx.state(module, nnx.Not(nnx.RngState))):
        name = nnx.variable_name_from_type(type(variable), allow_register=True)
        found.setdefault(name, {})[_as_text(path)] = variable.get_value()
    return {name: unflatten_dict(flat) for name, flat in found.items()}


def _as_text(path: tuple) -> tuple[str, ...]:
    return tuple(map(str, path))
