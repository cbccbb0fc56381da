"""Critics from outside: any linen module `module(obs, action)`, found by name and called as the house's own.

What the house asks of such a class, and what it assumes where the class says nothing:

- `__call__(obs, action)`, for pairs `[B, O]` and `[B, A]`, returns Q `[B]` or `[B, 1]`. An argument `train` is True in
  the pass that learns and in targets, else False.
- The features are the input of the last Dense; the maps of `head` act on them.
- `joint = False`: whether (s, a) and (s', a') pass through together, as BatchNorm wants it (1902.05605).
- Hidden layers are what the module stores as `hidden` under `intermediates`, or the inputs of all Dense but the first.
- Other collections than `params`, such as `batch_stats`, move in the pass that learns. A random stream `dropout` is
  there whenever a gradient is taken.
"""

from __future__ import annotations

import functools
import inspect

import flax.linen as nn
import jax
import jax.numpy as jnp

from divbench.learn.hooks import made
from divbench.learn.networks import dense, head
from divbench.learn.networks.switches import Switches, all_on
from divbench.spec.errors import UsageError
from divbench.spec.objects import CRITIC


@functools.cache
def foreign_critic(text: str, observation_size: int, action_size: int, mechanisms: frozenset[str]) -> ForeignCritic:
    """The critic written `package.module:Class(field=value)`.

    Args:
      mechanisms: compiled in; those of `head` count.

    Raises:
      UsageError: it cannot be made with those fields, is no linen module, has no Dense, or returns no Q for each pair.
    """
    what = f"critic '{text}'"
    module = made(text, CRITIC)
    if not isinstance(module, nn.Module):
        raise UsageError(f"{what}: expected a flax.linen.Module, found a {type(module).__name__}")
    blank = ForeignCritic(module, mechanisms, ())
    pairs = jnp.zeros((3, observation_size)), jnp.zeros((3, action_size))
    read: list[tuple[dense.Path, tuple[int, ...]]] = []

    def traced(variables):
        q, calls = dense.apply(blank, variables, *pairs)
        read.extend((path, given.shape) for path, given in calls)
        return q

    q = jax.eval_shape(traced, jax.eval_shape(blank.init, jax.random.key(0), *pairs))
    if getattr(q, "shape", None) != (3,):
        raise UsageError(f"{what}: expected Q of shape [3] or [3, 1] for 3 pairs, found {getattr(q, 'shape', type(q))}")
    path, shape = read[-1] if read else ((), ())
    if len(shape) != 2:
        found = f"one that reads {list(shape)} for 3 pairs" if read else "none"
        raise UsageError(f"{what}: expected a last flax.linen.Dense that reads features [3, width], found {found}")
    return ForeignCritic(module, mechanisms, path)


class ForeignCritic:
    """A critic from outside with the house's way of calling: `apply` and `init` as of `MLPCritic`.

    Attributes:
      module: the linen module.
      head: path of its last Dense.
      joint: as the module's class says.
    """

    def __init__(self, module: nn.Module, mechanisms: frozenset[str], head_path: dense.Path):
        self.module, self.head = module, head_path
        self.joint = bool(getattr(module, "joint", False))
        self._mechanisms = mechanisms
        self._takes_train = "train" in inspect.signature(type(module).__call__).parameters

    def init(self, key, obs, action) -> dict:
        """Variables of one critic."""
        return self.module.init(key, obs, action, **self._options(False))

    def apply(self, variables, obs, action, *, train: bool = False, switches: Switches | None = None, **options):
        """Q `[B]`, and with `mutable` the collections that changed."""
        found = self.module.apply(variables, obs, action, **self._options(train), **options)
        if "mutable" not in options:
            return self._flat(found)
        return self._flat(found[0]), found[1]

    def maps(self, switches: Switches | None) -> dict:
        """What is done to the inputs of Dense layers first, by path."""
        on = all_on(1) if switches is None else switches
        return {self.head: lambda features: head.mapped(features, self._mechanisms, on)}

    def counted(self, params: dict, switches: Switches) -> dict:
        """All parameters count into norms."""
        return params

    def _options(self, train: bool) -> dict:
        return {"train": train} if self._takes_train else {}

    @staticmethod
    def _flat(q):
        return q[:, 0] if getattr(q, "shape", ())[1:] == (1,) else q
