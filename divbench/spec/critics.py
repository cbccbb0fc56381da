"""How a critic from outside is written: `package.module:Class`, or `package.module:Class(width=256,blocks=2)`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from typing import NamedTuple

from divbench.spec.errors import UsageError, nearest

_WRITTEN = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)(\((?P<fields>.*)\))?")
_OF_FLAX = ("parent", "name")  # fields that every linen module has
_MADE_WITH = ("observation_size", "action_size", "rngs")  # what an nnx module is made with, beside its own fields


class CriticName(NamedTuple):
    """The class of a critic, where it is, and the fields that are set, in the order of their names."""

    module: str
    name: str
    fields: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        fields = ",".join(f"{name}={value!r}" for name, value in self.fields)
        return f"{self.module}:{self.name}" + (f"({fields})" if fields else "")


def read_critic(text: str, what: str) -> CriticName:
    """The critic written so, for `what`.

    Raises:
      UsageError: other text, or a value that is no number, text, truth value, None or tuple of such.
    """
    expected = "expected 'package.module:Class' or 'package.module:Class(width=256,blocks=2)'"
    match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
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
    return CriticName(match["module"], match["name"], tuple(sorted(fields.items())))


def text_of(module: object, what: str) -> str:
    """How a module that Python holds is written, so that another process can make it again.

    Raises:
      UsageError: its class cannot be imported by name, or a field is no number, text, truth value, None or tuple of
        such.
    """
    found, expected = type(module), "expected text, or a module that another process can make again"
    if _fields_of(found) is None:
        raise UsageError(f"{what}: {expected}, found {module!r}")
    if not dataclasses.is_dataclass(found):
        raise UsageError(f"{what}: {expected}, found an nnx module, which does not keep what it was made with; write "
                         f"'{found.__module__}:{found.__name__}(field=value)'")
    if found.__module__ == "__main__" or getattr(sys.modules[found.__module__], found.__qualname__, None) is not found:
        raise UsageError(f"{what}: {expected}, found one whose class '{found.__module__}.{found.__qualname__}' cannot "
                         "be imported; define it at the top level of a module")
    chosen = []
    for field in dataclasses.fields(found):
        value = getattr(module, field.name) if field.init and field.name not in _OF_FLAX else field.default
        if value is not field.default and not _is_plain(value):
            raise UsageError(f"{what}: {expected}, found one whose field {field.name} is a "
                             f"{type(value).__name__}, which is no number, text, truth value, None or tuple of such")
        if value is not field.default and value != field.default:
            chosen.append((field.name, value))
    return str(CriticName(found.__module__, found.__name__, tuple(sorted(chosen))))


def _is_plain(value: object) -> bool:
    """Whether a value is written as Python shows it, and can be hashed."""
    try:
        return ast.literal_eval(repr(value)) == value and hash(value) is not None
    except (SyntaxError, ValueError, TypeError):
        return False


def check_class(found: object, critic: CriticName, what: str) -> None:
    """Raise `UsageError` unless `found`, that the critic's module has by its name, is a class with the named fields:
    a module of flax.linen, or one of flax.nnx that is made with the sizes and `rngs`."""
    known = _fields_of(found) if isinstance(found, type) else None
    if known is None:
        kind = "nothing of that name" if found is None else f"a {type(found).__name__}"
        raise UsageError(f"{what}: critic '{critic}': expected a flax.linen module class, or one of flax.nnx made with "
                         f"({', '.join(_MADE_WITH)}), found {kind}")
    for name, _ in critic.fields:
        if name not in known:
            raise UsageError(f"{what}: critic '{critic}': {critic.name} has no field '{name}'; known: "
                             f"{', '.join(known) or 'none'}{nearest(name, known)}")


def _fields_of(found: type) -> list[str] | None:
    """The fields of a class that a name can set; None if it is no module."""
    arguments = inspect.signature(found.__init__).parameters
    if set(_MADE_WITH) <= arguments.keys():
        return [name for name in arguments if name not in ("self", *_MADE_WITH)]
    if dataclasses.is_dataclass(found):
        return [field.name for field in dataclasses.fields(found) if field.init and field.name not in _OF_FLAX]
    return None
