"""Objects from outside that a variant puts in the place of divbench's own: how they are written, and what they must be.

`package.module:name`, with fields `package.module:Class(width=256,blocks=2)`.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from typing import Any, NamedTuple

from divbench.spec.errors import UsageError, hint_and_all
from divbench.spec.setting import ALGORITHMS

CRITIC, ACTOR, OPTIMIZER, ACTOR_OPTIMIZER, AGENT = "critic", "actor", "optimizer", "actor_optimizer", "agent"
MODULES, OPTIMIZERS = (CRITIC, ACTOR), (OPTIMIZER, ACTOR_OPTIMIZER)
OBJECTS = (*MODULES, *OPTIMIZERS, AGENT)
ACTION_SIZE = "action_size"  # field of an actor that divbench sets
_EXAMPLES = {**dict.fromkeys(MODULES, ("Class", "Class(width=256,blocks=2)")),
             **dict.fromkeys(OPTIMIZERS, ("function", "function(learning_rate=0.001)")), AGENT: ("name",)}
_WRITTEN = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)(\((?P<fields>.*)\))?")
_OF_FLAX = ("parent", "name")  # fields that every linen module has
_MADE_WITH = ("observation_size", "action_size", "rngs")  # what an nnx module is made with, beside its own fields


class ObjectName(NamedTuple):
    """Where an object is, and the fields that are set, in the order of their names."""

    module: str
    name: str
    fields: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        fields = ",".join(f"{name}={value!r}" for name, value in self.fields)
        return f"{self.module}:{self.name}" + (f"({fields})" if fields else "")


def read_object(given: str | object, kind: str, what: str) -> ObjectName:
    """The object of a kind of `OBJECTS` written so, for `what`; or a module that Python holds, by the name under which
    another process can make it again.

    Raises:
      UsageError: other text, a module that another process cannot make, or a value that is no number, text, truth
        value, None or tuple of such.
    """
    expected = "expected " + " or ".join(f"'package.module:{example}'" for example in _EXAMPLES[kind])
    if not isinstance(given, str) and kind in MODULES:
        return _name_of(given, kind, f"{what}: {expected}, or a module that another process can make again, found")
    match = _WRITTEN.fullmatch(given) if isinstance(given, str) else None
    if match is None or (kind == AGENT and match["fields"]):
        raise UsageError(f"{what}: {expected}, found {given!r}")
    try:
        call = ast.parse(f"f({match['fields'] or ''})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError("a value without a name")
        fields = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg is not None}
        hash(tuple(fields.values()))
        if len(fields) < len(call.keywords):
            raise ValueError("a field that is set twice")
    except (SyntaxError, ValueError, TypeError, AttributeError):
        raise UsageError(f"{what}: {expected}, found {given!r}") from None
    return ObjectName(match["module"], match["name"], tuple(sorted(fields.items())))


def _name_of(module: object, kind: str, refused: str) -> ObjectName:
    """A module as its class and the fields that do not have their default; `refused` begins the refusal."""
    found = type(module)
    known = _fields_of(found, kind)
    if known is None:
        raise UsageError(f"{refused} {module!r}")
    if not dataclasses.is_dataclass(found):
        raise UsageError(f"{refused} an nnx module, which does not keep what it was made with; write "
                         f"'{found.__module__}:{found.__name__}(field=value)'")
    if found.__module__ == "__main__" or getattr(sys.modules[found.__module__], found.__qualname__, None) is not found:
        raise UsageError(f"{refused} one whose class '{found.__module__}.{found.__qualname__}' cannot be imported; "
                         "define it at the top level of a module")
    chosen = []
    for field in dataclasses.fields(found):
        value = getattr(module, field.name) if field.name in known else field.default
        if value is not field.default and not _is_plain(value):
            raise UsageError(f"{refused} one whose field {field.name} is a {type(value).__name__}, which is no number, "
                             "text, truth value, None or tuple of such")
        if value is not field.default and value != field.default:
            chosen.append((field.name, value))
    return ObjectName(found.__module__, found.__name__, tuple(sorted(chosen)))


def _is_plain(value: object) -> bool:
    """Whether a value is written as Python shows it, and can be hashed."""
    try:
        return ast.literal_eval(repr(value)) == value and hash(value) is not None
    except (SyntaxError, ValueError, TypeError):
        return False


def check_object(found: Any, named: ObjectName, kind: str, what: str) -> None:
    """Raise `UsageError` unless `found`, that the object's module has by its name, is of that kind and has the named
    fields."""
    if kind in MODULES:
        nnx = f", or one of flax.nnx made with ({', '.join(_MADE_WITH)})" if kind == CRITIC else ""
        fields = _fields_of(found, kind) if isinstance(found, type) else None
        known = fields or []
        _check(fields is not None, f"a flax.linen module class{nnx}", found, named, kind, what)
    elif kind in OPTIMIZERS:
        _check(callable(found), "a function that returns an optax.GradientTransformation", found, named, kind, what)
        known = list(inspect.signature(found).parameters)
    else:
        _check(getattr(found, "algorithm", None) in ALGORITHMS, "a divbench.learn.agents.agent.Agent", found, named,
               kind, what)
        known = []
    if kind == ACTOR and ACTION_SIZE in dict(named.fields):
        raise UsageError(f"{what}: {kind} '{named}': {ACTION_SIZE} is the task's, expected no value for it")
    for name, _ in named.fields:
        if name not in known:
            raise UsageError(f"{what}: {kind} '{named}': {named.name} has no field '{name}'"
                             f"{hint_and_all(name, known)}")


def _fields_of(found: type, kind: str) -> list[str] | None:
    """The fields of a class that the name of a module of that kind can set; None if it is no such module."""
    made_by: Any = found.__init__  # type: ignore[misc]  # the class's own, not that of a class derived from it
    arguments = inspect.signature(made_by).parameters
    if kind == CRITIC and set(_MADE_WITH) <= arguments.keys():
        return [name for name in arguments if name not in ("self", *_MADE_WITH)]
    if not dataclasses.is_dataclass(found):
        return None
    unset = (*_OF_FLAX, ACTION_SIZE) if kind == ACTOR else _OF_FLAX
    return [field.name for field in dataclasses.fields(found) if field.init and field.name not in unset]


def _check(right: bool, expected: str, found: object, named: ObjectName, kind: str, what: str) -> None:
    if not right:
        shown = "nothing of that name" if found is None else f"a {type(found).__name__}"
        raise UsageError(f"{what}: {kind} '{named}': expected {expected}, found {shown}")
