"""How a critic from outside is written: `package.module:Class`, or `package.module:Class(width=256,blocks=2)`."""

from __future__ import annotations

import ast
import dataclasses
import re
from typing import NamedTuple

from divbench.spec.errors import UsageError, nearest

_WRITTEN = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)(\((?P<fields>.*)\))?")
_OF_FLAX = ("parent", "name")  # fields that every linen module has


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


def check_class(found: object, critic: CriticName, what: str) -> None:
    """Raise `UsageError` unless `found`, that the critic's module has by its name, is a class with the named fields."""
    if not isinstance(found, type) or not dataclasses.is_dataclass(found):
        kind = "nothing of that name" if found is None else f"a {type(found).__name__}"
        raise UsageError(f"{what}: critic '{critic}': expected a flax.linen module class, found {kind}")
    known = [field.name for field in dataclasses.fields(found) if field.init and field.name not in _OF_FLAX]
    for name, _ in critic.fields:
        if name not in known:
            raise UsageError(f"{what}: critic '{critic}': {critic.name} has no field '{name}'; known: "
                             f"{', '.join(known) or 'none'}{nearest(name, known)}")
