"""The type of a field that is filled when its record is made: what may be given, and what the record then holds.

For type checkers alone, which read a descriptor's `__set__` as the constructor's argument and its `__get__` as the
attribute. Such a field is a plain one when the program runs.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

Given = TypeVar("Given", contravariant=True)
Kept = TypeVar("Kept", covariant=True)

LATER: Any = None  # the default of such a field


class Filled(Protocol[Given, Kept]):
    """A field that takes `Given` and holds `Kept`."""

    def __get__(self, record: object, kind: type | None = None) -> Kept: ...

    def __set__(self, record: object, value: Given) -> None: ...
