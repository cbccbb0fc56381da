"""Critics from outside: any flax module `module(obs, action)`, found by name and called as the house's own.

What the house asks of such a class:

- `__call__(obs, action)`, for pairs `[B, O]` and `[B, A]`, returns Q `[B]` or `[B, 1]`; of a class that declares
  `ensembled = n`, `[n, B]` or `[n, B, 1]`. An argument `train` is True in the pass that learns and in targets, else
  False. An argument `switches` is the lane's `Switches`.
- The features are the input of the last Dense, unless the class says where they are; `normalise_features` and
  functions from outside act on them.
- Hidden layers are what the module stores as `hidden` under `intermediates`, or the inputs of all Dense but the first.
- Other collections than `params`, such as `batch_stats`, move in the pass that learns. A random stream `dropout` is
  there whenever a gradient is taken.

What it may declare of itself is said in `divbench.spec.declared.Needs`; how nnx modules enter, in `nnx_module`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx
from flax.traverse_util import flatten_dict

from divbench.learn.hooks import Site, function_of
from divbench.learn.networks import dense
from divbench.learn.networks.nnx_module import NnxModule
from divbench.learn.networks.reading import features_of
from divbench.learn.networks.switches import Switches, all_on
from divbench.learn.networks.watching import Path
from divbench.learn.normalisations import normalise_features
from divbench.spec.declared import Needs, needs_of_class
from divbench.spec.errors import UsageError, nearest
from divbench.spec.naming import load_object
from divbench.spec.objects import CRITIC, read_object

OPTIONS = ("train", "switches")  # of the house, that a module's call may take
PAIRS = 3  # that a critic is tried with


@functools.cache
def foreign_critic(text: str, observation_size: int, action_size: int, mechanisms: frozenset[str],
                   features: tuple[str, ...] = (), layers: int = 1) -> ForeignCritic:
    """The critic written `package.module:Class(field=value)`.

    Args:
      mechanisms: compiled in; those of `normalise_features` count.
      features: functions from outside that act on its features (`hooks`).
      layers: for how many hidden layers a lane's `switches.layernorm` has numbers.

    Raises:
      UsageError: it cannot be made with those fields, is no flax module, has no Dense, or returns no Q for each pair.
    """
    what = f"critic '{text}'"
    name = read_object(text, CRITIC, what)
    found, fields = load_object(name, what), dict(name.fields)
    needs = needs_of_class(found, fields, what)
    try:
        if isinstance(found, type) and issubclass(found, nnx.Module):
            module, taken = NnxModule(found, fields, observation_size, action_size), OPTIONS
        else:
            module, arguments = found(**fields), inspect.signature(found.__call__).parameters
            taken = [name for name in OPTIONS if name in arguments]
    except TypeError as error:
        raise UsageError(f"{what}: {error}") from None
    if not isinstance(module, (nn.Module, NnxModule)):
        raise UsageError(f"{what}: expected a flax.linen or flax.nnx Module, found a {type(module).__name__}")
    critic = ForeignCritic(module, taken, needs, layers, mechanisms - needs.understands, features)
    pairs = jnp.zeros((PAIRS, observation_size)), jnp.zeros((PAIRS, action_size))
    calls: list[dense.Call] = []

    def output(variables):
        applied = dense.apply(critic, variables, *pairs)
        calls[:] = applied.calls
        return applied.output

    variables = jax.eval_shape(critic.init, jax.random.key(0), *pairs)
    q = jax.eval_shape(output, variables)
    expected = [needs.ensembled, PAIRS] if needs.ensembled else [PAIRS]
    if list(getattr(q, "shape", ())) != expected:
        raise UsageError(f"{what}: expected Q of shape {expected} or {[*expected, 1]} for {PAIRS} pairs, found "
                         f"{getattr(q, 'shape', type(q))}")
    critic.heads = critic.heads or _last(calls, variables["params"], needs.ensembled)
    read = jax.eval_shape(lambda given: features_of(dense.apply(critic, given, *pairs), critic.heads), variables)
    critic.unread = _why_unread(calls, critic.heads) if read is None else ""
    _check_heads(critic, calls, variables["params"], what)
    return critic


def _last(calls: list[dense.Call], params: dict, ensembled: int) -> tuple[Path, ...]:
    """The path of the last Dense, unless it is the head of one of the module's critics alone; or none."""
    last = next((call for call in reversed(calls) if call.dense), None)
    if last is None:
        return ()
    outputs = flatten_dict(params)[*last.path, "kernel"].shape[-1]
    shared = last.given is not None and last.given.ndim == 2
    return () if ensembled and shared and outputs % ensembled else (last.path,)


def _why_unread(calls: list[dense.Call], heads: tuple[Path, ...]) -> str:
    """Why the features are not known, in words."""
    at_heads = [call for call in calls if call.path in heads]
    if not at_heads:
        found = "one that is of one critic alone" if calls else "none"
    elif at_heads[-1].given is None:
        found = "one inside of a transform; variable_axes={'intermediates': 0} would show it"
    else:
        found = f"one that reads {list(at_heads[-1].given.shape)} for {PAIRS} pairs"
    return f"expected a last Dense that reads features [{PAIRS}, width], or features_at, found {found}"


def _check_heads(critic: ForeignCritic, calls: list[dense.Call], params: dict, what: str) -> None:
    """Raise `UsageError` where features are needed that are not known, or are said to be where no such layer is."""
    layers = {"/".join(path[:depth]) for path in flatten_dict(params) for depth in range(1, len(path))}
    for path in critic.needs.features_at:
        if path not in layers & {"/".join(call.path) for call in calls}:
            raise UsageError(f"{what}: features_at: expected a layer with parameters that is called, found '{path}'"
                             f"{nearest(path, sorted(layers))}")
    acting = [*sorted(critic.mechanisms & {"feature_layernorm", "unit_ball"}), *critic.features]
    needed = ([] if critic.heads else acting) + (sorted(critic.mechanisms & {"dr3"}) if critic.unread else [])
    if needed:
        raise UsageError(f"{what}: '{needed[0]}' acts on features: {_why_unread(calls, critic.heads)}")
    hidden = any(call.given is None for call in calls if call.path in critic.heads)
    if critic.unread and not critic.needs.ensembled and not hidden:
        raise UsageError(f"{what}: {critic.unread}")


class ForeignCritic:
    """A critic from outside with the house's way of calling: `apply` and `init` as of `MLPCritic`.

    Attributes:
      module: the linen module, or an nnx one called like it.
      needs: what its class says of itself.
      mechanisms, features: what acts on its features: mechanisms compiled in, and functions from outside.
      heads: paths of the layers whose input is the features: one, or one for each critic.
      unread: why its features are not known; empty where they are.
    """

    def __init__(self, module: nn.Module | NnxModule, taken: Sequence[str], needs: Needs, layers: int,
                 mechanisms: frozenset[str], features: tuple[str, ...]) -> None:
        self.module, self.needs, self.mechanisms, self.features = module, needs, mechanisms, features
        self.heads: tuple[Path, ...] = tuple(tuple(path.split("/")) for path in needs.features_at)
        self.unread = ""
        self._layers, self._taken = layers, taken

    @property
    def joint(self) -> bool:
        """Whether (s, a) and (s', a') pass through together while training."""
        return self.needs.joint

    def init(self, key: jax.Array, obs: jax.Array, action: jax.Array) -> dict:
        """Variables of the module."""
        variables: Any = self.module.init(key, obs, action, **self._given(False, None))
        return variables

    def apply(self, variables: Any, obs: jax.Array, action: jax.Array, *, train: bool = False,
              switches: Switches | None = None, **options: Any) -> Any:
        """Q, `[B]` or `[n, B]`, and the collections of `mutable` that changed."""
        q, changed = self.module.apply(variables, obs, action, **self._given(train, switches), **options)
        alone = getattr(q, "ndim", 0) == (3 if self.needs.ensembled else 2) and q.shape[-1] == 1
        return q[..., 0] if alone else q, changed

    def maps(self, switches: Switches | None, key: jax.Array | None) -> dict:
        """What is done to the inputs of layers first, by path. `key` is for functions from outside, or None."""
        on = self._all_on() if switches is None else switches

        def of_one(features, key):
            for place, hook in enumerate(self.features):
                own = None if key is None else jax.random.fold_in(key, place)
                features = function_of("features", hook)(features, Site(0, True, False, own, on.numbers[place]))
            return normalise_features(features, self.mechanisms, on)

        def of_all(features):
            if features.ndim == 2:
                return of_one(features, key)
            axis = 0 if features.shape[0] == self.needs.ensembled else 1
            keys = None if key is None else jax.random.split(key, self.needs.ensembled)
            return jax.vmap(of_one, (axis, None if key is None else 0), axis)(features, keys)

        return dict.fromkeys(self.heads, of_all)

    def learnable(self, params: dict, switches: Switches) -> dict:
        """All parameters count into norms."""
        return params

    def _given(self, train: bool, switches: Switches | None) -> dict:
        """Those of the house's options that the module's call takes."""
        options = {"train": train, "switches": self._all_on() if switches is None else switches}
        return {name: value for name, value in options.items() if name in self._taken}

    def _all_on(self) -> Switches:
        return all_on(self._layers, len(self.features))
