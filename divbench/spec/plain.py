"""Values as JSON has them. What is written as JSON, and where, is said by those who write it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping


def to_json(record: Mapping) -> str:
    """One JSON object on one line; see `to_plain`."""
    return json.dumps(to_plain(record), allow_nan=False)


def to_plain(value):
    """JSON values: records and mappings as objects, sequences as arrays, NumPy's numbers as Python's, numbers that are
    not finite as null, anything else as text."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(entry) for entry in value]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
