"""Objects from outside that a variant puts in the place of divbench's own: how they are written, and what they must be.

`package.module:name`, with fields `package.module:Class(width=256,blocks=2)`.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from typing import NamedTuple

from divbench.spec.errors import UsageError, nearest
from divbench.spec.settings import ALGORITHMS

CRITIC, ACTOR, OPTIMIZER, ACTOR_OPTIMIZER, AGENT = "critic", "actor", "optimizer", "actor_optimizer", "agent"
MODULES, OPTIMIZERS = (CRITIC, ACTOR), (OPTIMIZER, ACTOR_OPTIMIZER)
OBJECTS = (*MODULES, *OPTIMIZERS, AGENT)
ACTION_SIZE = "action_size"  # field of an actor that divbench sets
_EXAMPLES = {**dict.fromkeys(MODULES, ("Class", "Class(width=256,blocks=2)")),
             **dict.fromkeys(OPTIMIZERS, ("function", "function(learning_rate=0.001)")), AGENT: ("name",)}
_WRITTEN = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)(\((?P<fields>.*)\))?")
_OF_FLAX = ("parent", "name")  # fields that every linen module has


class ObjectName(NamedTuple):
    """Where an object is, and the fields that are set, in the order of their names."""

    module: str
    name: str
    fields: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        fields = ",".join(f"{name}={value!r}" for name, value in self.fields)
        return f"{self.module}:{self.name}" + (f"({fields})" if fields else "")


def read_object(given: str | object, kind: str, what: str) -> ObjectName:
    """The object of a kind of `OBJECTS` written so, for `what`; or the name of a module that is handed in itself, by
    which another process can make it again.

    Raises:
      UsageError: other text, a class that cannot be imported, or a value that is no number, text, truth value, None or
        tuple of such.
    """
    expected = "expected " + " or ".join(f"'package.module:{example}'" for example in _EXAMPLES[kind])
    is_module = kind in MODULES and dataclasses.is_dataclass(given) and not isinstance(given, type)
    text = _written(given, kind) if is_module else given
    if is_module and text.startswith("__main__:"):
        raise UsageError(f"{what}: expected a class that can be imported, found '{text}'; put it into a file")
    match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None or (kind == AGENT and match["fields"]):
        raise UsageError(f"{what}: {expected}, found {text!r}")
    try:
        call = ast.parse(f"f({match['fields'] or ''})", mode="eval").body
        if call.args or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError("a value without a name")
        fields = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        hash(tuple(fields.values()))
        if len(fields) < len(call.keywords):
            raise ValueError("a field that is set twice")
    except (SyntaxError, ValueError, TypeError, AttributeError):
        raise UsageError(f"{what}: {expected}, found {text!r}") from None
    return ObjectName(match["module"], match["name"], tuple(sorted(fields.items())))


def _written(module: object, kind: str) -> str:
    """A module as its class and the fields that do not have their default."""
    unset = (*_OF_FLAX, ACTION_SIZE) if kind == ACTOR else _OF_FLAX
    fields = ((field, getattr(module, field.name)) for field in dataclasses.fields(module)
              if field.init and field.name not in unset)
    shown = ",".join(f"{field.name}={value!r}" for field, value in fields if repr(value) != repr(field.default))
    return f"{type(module).__module__}:{type(module).__qualname__}({shown})"


def check_object(found: object, named: ObjectName, kind: str, what: str) -> None:
    """Raise `UsageError` unless `found`, that the object's module has by its name, is of that kind and has the named
    fields."""
    if kind in MODULES:
        _check(isinstance(found, type) and dataclasses.is_dataclass(found), "a flax.linen module class", found, named,
               kind, what)
        known = [field.name for field in dataclasses.fields(found) if field.init and field.name not in _OF_FLAX]
    elif kind in OPTIMIZERS:
        _check(callable(found), "a function that returns an optax.GradientTransformation", found, named, kind, what)
        known = list(inspect.signature(found).parameters)
    else:
        _check(getattr(found, "algorithm", None) in ALGORITHMS, "a divbench.learn.agents.agent.Agent", found, named,
               kind, what)
        known = []
    if kind == ACTOR and ACTION_SIZE in known:
        known.remove(ACTION_SIZE)
        if ACTION_SIZE in dict(named.fields):
            raise UsageError(f"{what}: {kind} '{named}': {ACTION_SIZE} is the task's, expected no value for it")
    for name, _ in named.fields:
        if name not in known:
            raise UsageError(f"{what}: {kind} '{named}': {named.name} has no field '{name}'; known: "
                             f"{', '.join(known) or 'none'}{nearest(name, known)}")


def _check(right: bool, expected: str, found: object, named: ObjectName, kind: str, what: str) -> None:
    if not right:
        shown = "nothing of that name" if found is None else f"a {type(found).__name__}"
        raise UsageError(f"{what}: {kind} '{named}': expected {expected}, found {shown}")
