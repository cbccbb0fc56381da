"""The kinds of values that settings have: text, numbers, truth values, widths; read from text, and checked as they are.

A kind is called as the annotation of a field is written.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from divbench.spec.errors import UsageError
from divbench.spec.text import parse_count, split_widths

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
EXPECTED = {"str": "text", "int": "a whole number", "float": "a finite number", "bool": "true or false",
             "tuple[int, ...]": "whole numbers such as 256x256"}
LARGEST = (2.0 - 2.0**-23) * 2.0**127  # in float32, in which all is computed


def parse_value(kind: str, text: str, what: str) -> object:
    """The value of a kind written as text.

    Raises:
      UsageError: naming `what`: text that is no value of its kind.
    """
    text = text.strip()
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "float":
        return parse_number(text, what)
    if kind == "int":
        return parse_count(text, what, minimum=1)
    if kind.startswith("tuple"):
        return tuple(parse_count(width, what, minimum=1) for entry in text.split(",") for width in split_widths(entry))
    if kind == "str":
        return text
    raise UsageError(f"{what}: expected {EXPECTED[kind]}, found '{text}'")


def parse_number(text: str, what: str) -> float:
    """A number written as `3e-4`.

    Raises:
      UsageError: other text, for `what`.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise UsageError(f"{what}: expected {EXPECTED['float']}, found '{text}'")
    return float(text)


def read_number(value: object, what: str) -> float:
    """A finite number that float32 can hold; a whole one will do.

    Raises:
      UsageError: anything else, for `what`.
    """
    return typed(what, value, "float")


def _distinct(name: str, value: float) -> float:
    """`value`, unless float32 makes 0 of a number that is not 0, or 1 of one below."""
    rounded = struct.unpack("f", struct.pack("f", value))[0]
    if value != 0.0 and rounded == 0.0 or value < 1.0 <= rounded:
        raise UsageError(f"{name}: float32 cannot tell {value!r} from {rounded:g}; expected 0, or a number of size "
                         "1e-45 or more and not within 3e-8 of 1 from below")
    return value


def typed(name: str, value: Any, kind: str) -> Any:
    """`value` as its field's kind; a whole number will do for a float, a list for a tuple."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind == "float" and (whole or isinstance(value, float)) and abs(value) <= LARGEST:
        return _distinct(name, float(value))
    if kind == "int" and whole:
        return value
    if (kind == "bool" and isinstance(value, bool)) or (kind == "str" and isinstance(value, str)):
        return value
    if kind.startswith("tuple") and isinstance(value, list | tuple):
        if all(isinstance(width, int) and not isinstance(width, bool) for width in value):
            return tuple(value)
    raise UsageError(f"{name}: expected {EXPECTED[kind]}, found {value!r}")
