"""From long tables to series: the rows of each lane in order, the lanes of each cell together.

Lives here: grouping, ordering and the points that lanes have in common. Knows nothing of what a column means.
Does not live here: statistics (`aggregate`) and drawing (`figures`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import NamedTuple

Point = tuple[int, int]  # (env_step, update): where in a lane's life a row was measured


class Cell(NamedTuple):
    """What seeds are pooled over: one task, variant and UTD."""

    task: str
    variant: str
    utd: str


@dataclasses.dataclass(frozen=True)
class Series:
    """The rows of one lane.

    Attributes:
      points: where each row was measured, ascending, no point twice.
      columns: per column one float for each point; `nan` where a table holds no number.
    """

    points: tuple[Point, ...]
    columns: dict[str, tuple[float, ...]]

    def until(self, point: Point) -> Series:
        """The rows at `point` and before it."""
        count = sum(p <= point for p in self.points)
        return Series(self.points[:count], {name: values[:count] for name, values in self.columns.items()})

    def finite(self, column: str) -> list[float]:
        """The finite values of a column, in order."""
        return [value for value in self.columns[column] if math.isfinite(value)]


Cells = dict[Cell, dict[int, Series]]  # lanes by seed, in each cell


def read_cells(table, columns: Iterable[str], order: Iterable[Iterable[str]] = ((), (), ())) -> Cells:
    """The series of every lane of a table.

    Args:
      table: a pyarrow table with the columns task, variant, utd, seed, env_step and update.
      columns: the columns to read as numbers. One that the table lacks reads as all `nan`.
      order: tasks, variants and UTDs in the order wanted; those not listed follow as they appear.

    Returns:
      Cells ordered by task, then UTD, then variant; seeds ascending. Where a point occurs twice, its last row
      counts.
    """
    columns = tuple(columns)
    if table.num_rows == 0:
        return {}
    keys = [
        table.column(name).to_pylist() for name in ("task", "variant", "utd", "seed", "env_step", "update")
    ]
    numbers = [_numbers(table, name) for name in columns]
    rows: dict[Cell, dict[int, dict[Point, tuple[float, ...]]]] = {}
    for task, variant, utd, seed, env_step, update, *values in zip(*keys, *numbers, strict=True):
        lane = rows.setdefault(Cell(task, variant, str(utd)), {}).setdefault(seed, {})
        lane[(env_step, update)] = tuple(values)
    return {
        cell: {seed: _series(rows[cell][seed], columns) for seed in sorted(rows[cell])}
        for cell in sorted_cells(rows, order)
    }


def sorted_cells(cells: Iterable[Cell], order: Iterable[Iterable[str]] = ((), (), ())) -> list[Cell]:
    """The cells ordered by task, UTD and variant: each as listed in `order`, then by first appearance."""
    cells = list(cells)
    ranks = [
        {name: rank for rank, name in enumerate(dict.fromkeys([*first, *(cell[i] for cell in cells)]))}
        for i, first in enumerate(order)
    ]
    return sorted(cells, key=lambda cell: (ranks[0][cell.task], ranks[2][cell.utd], ranks[1][cell.variant]))


def last_common_point(lanes: Iterable[Series]) -> Point | None:
    """The last point at which all these lanes have a row, or None; lanes of a growing run may differ."""
    shared: set[Point] | None = None
    for series in lanes:
        shared = set(series.points) if shared is None else shared & set(series.points)
    return max(shared) if shared else None


def _numbers(table, name: str) -> list[float]:
    if name not in table.column_names:
        return [math.nan] * table.num_rows
    return [math.nan if value is None else float(value) for value in table.column(name).to_pylist()]


def _series(rows: dict[Point, tuple[float, ...]], columns: tuple[str, ...]) -> Series:
    points = tuple(sorted(rows))
    values = zip(*(rows[point] for point in points), strict=True)
    return Series(points, dict(zip(columns, map(tuple, values), strict=True)))
