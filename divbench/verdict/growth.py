"""How many times a quantity of a lane has grown since it began to learn: its peak over its level at the start."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from divbench.verdict.bound import measured
from divbench.verdict.first_cause import start_level


def growth(rows: Sequence[Mapping], name: str, calm: int | None = None) -> float:
    """The largest value of a column after the first update over its level at the start; NaN where either is unknown
    or the level is 0.

    Args:
      rows: a lane's rows in the order of measurement, `until_frozen`.
      name: the column that grows.
      calm: of how many rows the start is taken; of all if None. A part has its start before its whole leaves its band.
    """
    start = start_level(rows[:calm], name)
    values = [value for row in rows if row["update"] > 0 and not math.isnan(value := measured(row, name))]
    return max(values) / start if values and start > 0.0 else math.nan
