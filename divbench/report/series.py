"""From long tables to series: the rows of each lane in order, the lanes of each cell together.

Lives here: grouping, ordering and the points that lanes have in common. Knows nothing of what a column means.
Does not live here: statistics (`aggregate`) and drawing (`figures`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy
    import pyarrow

    from divbench.records.tables import Tables

Point = tuple[int, int]  # (env_step, update): where in a lane's life a row was measured


def places(points: Iterable[Point]) -> list[Point]:
    """For each of a lane's points, ascending: its env step, and how many updates the lane had made there without
    acting, as it does while priming and offline. Lanes of any UTD that are as far have equal places.
    """
    arrived: dict[int, int] = {}
    return [(env_step, update - arrived.setdefault(env_step, update)) for env_step, update in points]


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

    def least(self, column: str) -> float:
        """What a lane counts as that has no sound number in the end: 0, or the least of a column if that is less."""
        return min([0.0, *self.finite(column)])

    def finite(self, column: str) -> list[float]:
        """The finite values of a column, in order."""
        return [value for value in self.columns[column] if math.isfinite(value)]


Cells = dict[Cell, dict[int, Series]]  # lanes by seed, in each cell


def read_cells(table: pyarrow.Table, columns: Iterable[str], order: Iterable[Iterable[str]] = ((), (), ()),
               stopped: Mapping[tuple[Cell, int], Point] | None = None, last_words: bool = False) -> Cells:
    """The series of every lane of a table.

    Args:
      table: a pyarrow table with the columns task, variant, utd, seed, env_step and update.
      columns: the columns to read as numbers. One that the table lacks reads as all `nan`.
      order: tasks, variants and UTDs in the order wanted; those not listed follow as they appear.
      stopped: of `stopped_lanes`; from there on a lane's numbers read as `nan`. By default none are.
      last_words: whether those of the first row from there on are read all the same: measured of critics, they are of
        the last weights that were finite, to which training came.

    Returns:
      Cells ordered by task, then UTD, then variant; seeds ascending. Where a point occurs twice, its last row
      counts.
    """
    import numpy as np

    columns = tuple(columns)
    numbers = [read_numbers(table, name) for name in columns]
    cells: Cells = {}
    for lane in lane_rows(table, order):
        ended = frozen(lane, stopped or {}, last_words)
        values = (tuple(np.where(ended, np.nan, column[lane.rows]).tolist()) for column in numbers)
        points = tuple(zip(lane.env_steps.tolist(), lane.updates.tolist(), strict=True))
        cells.setdefault(lane.cell, {})[lane.seed] = Series(points, dict(zip(columns, values, strict=True)))
    return cells


def sound_cells(tables: Tables, name: str, columns: Iterable[str],
                order: Iterable[Iterable[str]] = ((), (), ())) -> Cells:
    """`read_cells` of a run's table of that name, without what was measured of lanes that had stopped."""
    return read_cells(getattr(tables, name), columns, order, stopped_lanes(tables.values))


def stopped_lanes(values: pyarrow.Table) -> dict[tuple[Cell, int], Point]:
    """Where each lane stopped in which something became infinite or not a number.

    Such a lane is frozen with the last weights that were finite, and is still evaluated and measured: those
    numbers are finite too, and are not what training came to.

    Args:
      values: the table of values.
    """
    if "nonfinite" not in values.column_names:
        return {}
    import pyarrow.compute as pc

    names = (*Cell._fields, "seed", "nonfinite_step", "nonfinite_update", "env_step", "update")
    broken = values.filter(pc.field("nonfinite") != "").select(names).to_pylist()
    found: dict[tuple[Cell, int], Point] = {}
    for row in broken:
        seen = row["env_step"], row["update"]
        told = row["nonfinite_step"], row["nonfinite_update"]
        point = told if min(told) >= 0 else seen  # what is not told was no later than it was seen
        lane = Cell(row["task"], row["variant"], str(row["utd"])), row["seed"]
        found[lane] = min(point, found.get(lane, point))
    return found


class LaneRows(NamedTuple):
    """Where the rows of one lane stand in a table.

    Attributes:
      cell, seed: which lane.
      rows: `[n]` row numbers of the table, by ascending point, no point twice.
      env_steps, updates: `[n]` integers, the points.
    """

    cell: Cell
    seed: int
    rows: numpy.ndarray
    env_steps: numpy.ndarray
    updates: numpy.ndarray


def frozen(lane: LaneRows, stopped: Mapping[tuple[Cell, int], Point], last_words: bool = False) -> numpy.ndarray:
    """`[n]`: which of a lane's rows come from where it stopped, or after that. `last_words` as in `read_cells`."""
    return since(lane.env_steps, lane.updates, stopped.get((lane.cell, lane.seed)), last_words)


def since(env_steps: numpy.ndarray, updates: numpy.ndarray, stop: Point | None, last_words: bool) -> numpy.ndarray:
    """`[n]` booleans: which of a lane's ascending points lie at a stop or after it; but for the first with
    `last_words`, none without a stop."""
    import numpy as np

    if stop is None:
        return np.zeros(len(env_steps), bool)
    gone = (env_steps > stop[0]) | ((env_steps == stop[0]) & (updates >= stop[1]))
    return gone & (np.cumsum(gone) > last_words)


def lane_rows(table: pyarrow.Table, order: Iterable[Iterable[str]] = ((), (), ())) -> list[LaneRows]:
    """The rows of every lane of a table, in the order of `read_cells`; where a point occurs twice, the last row."""
    import numpy as np

    if table.num_rows == 0:
        return []
    codes, names = zip(*(_coded(table.column(name)) for name in Cell._fields), strict=True)
    seeds, env_steps, updates = (table.column(name).to_numpy() for name in ("seed", "env_step", "update"))
    keys = (*codes, seeds, env_steps, updates)
    ordered = np.lexsort((np.arange(table.num_rows), *reversed(keys)))
    changed = np.stack([np.diff(key[ordered]) != 0 for key in keys])  # [key, row]: differs from the row before
    kept = ordered[np.append(changed.any(axis=0), True)]
    starts = np.flatnonzero(np.any([np.diff(key[kept]) != 0 for key in (*codes, seeds)], axis=0)) + 1
    lanes: dict[Cell, list[LaneRows]] = {}
    for rows in np.split(kept, starts):
        cell = Cell(*(names[i][codes[i][rows[0]]] for i in range(len(codes))))
        lanes.setdefault(cell, []).append(LaneRows(cell, int(seeds[rows[0]]), rows, env_steps[rows], updates[rows]))
    places = np.unique(np.stack(codes, axis=1), axis=0, return_index=True)
    appeared = [Cell(*(names[i][code] for i, code in enumerate(places[0][k]))) for k in np.argsort(places[1])]
    return [lane for cell in sorted_cells(appeared, order) for lane in lanes[cell]]


def read_numbers(table: pyarrow.Table, name: str) -> numpy.ndarray:
    """A column as `[rows]` float64; `nan` where there is no number, throughout if the table lacks the column."""
    import numpy as np

    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _coded(column: pyarrow.ChunkedArray) -> tuple[numpy.ndarray, list[str]]:
    """A column of text as a number for each row, and the text of each number."""
    import numpy as np

    encoded = column.combine_chunks().dictionary_encode()
    encoded = encoded.chunk(0) if hasattr(encoded, "chunk") else encoded
    return np.asarray(encoded.indices), [str(name) for name in encoded.dictionary.to_pylist()]


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
