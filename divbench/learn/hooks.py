"""Functions from outside that a variant may bring along: what they are called with, and how they are found; and how
what takes the place of divbench's own networks and optimizers is made.

- `features(x, site)`: called for each critic before and after each ReLU, returns the replacement of `x` (`[B, H]`; B
  batch, H width of the layer). A critic from outside has one site, the input of its head: layer 0, `last`, and not
  `before_relu`.
- `losses(terms)`: called once an update with a `CriticTerms`, returns a scalar that is added to the critics' loss.
- `projections(params)`: called for each critic with its parameters when they are drawn and after each step of their
  optimizer, returns the replacement. They are a tree by the names of the critic's module, `hidden1/dense/kernel` for
  one. The calls are vmapped over the critics; `jax.lax.axis_index(CRITICS)` is the critic's number.

All are written for one lane, in jax, without side effects. divbench's own `conservative`, `dr3`, `spectral_norm` and
`weight_norm` are functions of these kinds.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from divbench.learn.hook_checks import checked
from divbench.learn.replay import Batch
from divbench.spec.errors import UsageError
from divbench.spec.naming import load_module, load_object
from divbench.spec.objects import read_object

CRITICS = "critics"  # name of the vmapped axis in which projections are called


class Site(NamedTuple):
    """Where in the critics a feature hook is called."""

    layer: int  # 0 is the first hidden layer
    last: bool  # whether it is the last hidden layer, which the head reads
    before_relu: bool
    key: jax.Array | None  # a random key of this site where a gradient is taken, else None: targets, Q, acting
    number: jax.Array  # scalar, that of the function's record in this lane; nan if it has none


class CriticTerms(NamedTuple):
    """What a loss hook may need. Letters: N critics, B batch, O observation size, A action size, H last width."""

    q: jax.Array  # [N, B], of the batch; differentiate through it
    target: jax.Array  # [B]
    batch: Batch
    next_action: jax.Array  # [B, A], the action that the target was made with
    values: Callable  # (obs [B, O], action [B, A]) -> Q [N, B] of the critics that learn
    features: Callable  # (obs, action) -> [N, B, H], what the head reads
    policy: Callable  # (obs, key) -> action [B, A], log density [B]
    key: jax.Array  # a random key, to be split further
    number: jax.Array  # scalar, that of the function's record in this lane; nan if it has none
    weights: NamedTuple  # the lane's coefficients, `agents.coefficients.Coefficients`


@functools.cache
def resolve(hook: str) -> Callable:
    """The function written `package.module:function`.

    Raises:
      UsageError: there is none.
    """
    module, _, name = hook.partition(":")
    found = getattr(load_module(module, f"hook '{hook}'"), name, None)
    if not callable(found):
        what = "nothing" if found is None else f"a {type(found).__name__}"
        raise UsageError(f"hook '{hook}': expected a function, found {what}")
    return found


def function_of(kind: str, hook: str) -> Callable:
    """The function written `package.module:function`, with its result checked."""
    return checked(kind, hook, resolve(hook))


def made(text: str, kind: str, **given: Any) -> Any:
    """The object of a kind of `spec.objects` that is written `package.module:Class(field=value)`: what its class or
    function returns for its fields.

    Args:
      given: further fields, set where the class or function has one of that name.

    Raises:
      UsageError: it cannot be made with these fields.
    """
    what = f"{kind} '{text}'"
    named = read_object(text, kind, what)
    make = load_object(named, what)
    known = inspect.signature(make).parameters
    try:
        return make(**dict(named.fields), **{name: value for name, value in given.items() if name in known})
    except TypeError as error:
        raise UsageError(f"{what}: {error}") from None


def of_kind(hooks: tuple[tuple[str, str], ...], kind: str) -> list[Callable]:
    """The functions of one kind, in order."""
    return [function_of(kind, hook) for own, hook in hooks if own == kind]
