"""The curves of a page: each lane's, each cell's middle, and what a cell came to, for every column that is plotted.

A curve is text (`thinning`) that the page reads when it draws it. Its x values, env steps and updates, are an axis that
lanes share. Does not live here: drawing, and which columns there are (`columns`).
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.report.bounds import LIMIT_COLUMNS, share_of
from divbench.report.page.columns import BOUND, BOUND_ANY, BOUNDS, MAIN, PLOTTED, PlotColumn
from divbench.report.page.thinning import line_text, thin
from divbench.report.series import Cell, LaneRows, Point, frozen, lane_rows, read_numbers, stopped_lanes

if TYPE_CHECKING:
    import numpy
    import pyarrow

NUMBERS = 100_000  # of the curves in a page; with many lanes curves get shorter, down to the least below
MAIN_POINTS, OTHER_POINTS = (100, 250), (24, 200)  # least and most points of a curve
TABLES = ("scores", "values")


@dataclasses.dataclass
class Curves:
    """What a page draws of one or several runs.

    Attributes:
      axes: x values by number: text of env steps and text of updates.
      lanes: column to lane to text; a lane is (run, cell, seed).
      middles: column to (run, cell) to text, of the lanes that count. Absent for a cell of one lane, whose line is its
        middle.
      places: (table, lane or (run, cell)) to the number of its axis.
      facts: column to (run, cell) to what it came to, see `_outcome`.
    """

    axes: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    lanes: dict[str, dict[tuple, str]] = dataclasses.field(default_factory=dict)
    middles: dict[str, dict[tuple, str]] = dataclasses.field(default_factory=dict)
    places: dict[tuple, int] = dataclasses.field(default_factory=dict)
    facts: dict[str, dict[tuple, dict]] = dataclasses.field(default_factory=dict)
    _known: dict[tuple[str, str], int] = dataclasses.field(default_factory=dict)

    def axis(self, env_steps: numpy.ndarray, updates: numpy.ndarray) -> int:
        """The number of the axis with these points."""
        texts = ",".join(map(str, env_steps.tolist())), ",".join(map(str, updates.tolist()))
        if texts not in self._known:
            self._known[texts] = len(self.axes)
            self.axes.append(texts)
        return self._known[texts]


def read_curves(evidences: Sequence) -> Curves:
    """The curves of several runs, each a `divbench.report.evidence.RunEvidence`, numbered by their place."""
    curves = Curves()
    found = [(run, table, lane_rows(getattr(evidence.tables, table), evidence.facts.order))
             for run, evidence in enumerate(evidences) for table in TABLES]
    total = sum(len(lanes) + len({lane.cell for lane in lanes}) for _, table, lanes in found if table == "values")
    limits = {True: _limit(total * len(MAIN), MAIN_POINTS), False: _limit(total * len(PLOTTED), OTHER_POINTS)}
    stopped = [stopped_lanes(evidence.tables.values) for evidence in evidences]
    for run, table, lanes in found:
        columns = [column for column in (*PLOTTED, *BOUNDS) if column.table == table]
        _read_table(curves, run, getattr(evidences[run].tables, table), table, lanes, columns, limits, stopped[run],
                    evidences[run].left_out.get(table, ()))
    if curves.lanes.get(BOUND_ANY.name) == curves.lanes.get(BOUND.name):  # one line, not one upon the other
        curves.lanes.pop(BOUND_ANY.name, None)
    return curves


def _limit(lines: int, between: tuple[int, int]) -> int:
    least, most = between
    return min(most, max(least, NUMBERS // max(1, lines)))


def _read_table(curves: Curves, run: int, arrow: pyarrow.Table, table: str, lanes: Sequence[LaneRows],
                columns: list[PlotColumn], limits: dict[bool, int], stopped: Mapping[tuple[Cell, int], Point],
                left_out: Collection[tuple[Cell, int]]) -> None:
    """Add the curves of a table; the lanes that do not count have a curve of their own and no part in their cell's."""
    import numpy as np

    numbers = np.stack([read_numbers(arrow, column.name) for column in columns], axis=1)
    edges = np.stack([read_numbers(arrow, name) for name in LIMIT_COLUMNS], axis=1)
    cells: dict[Cell, list[tuple[LaneRows, numpy.ndarray, numpy.ndarray, numpy.ndarray, numpy.ndarray]]] = {}
    seeds = Counter(lane.cell for lane in lanes)
    for lane in lanes:
        key = run, lane.cell, lane.seed
        gone, silent = frozen(lane, stopped), frozen(lane, stopped, last_words=table == "values")
        values, told = (np.where(blank[:, None], np.nan, numbers[lane.rows]) for blank in (gone, silent))
        around = np.where(silent[:, None], np.nan, edges[lane.rows])
        curves.places[table, key] = curves.axis(lane.env_steps, lane.updates)
        # Where a NaN says that there is no number any more; of scores each does.
        _tell(curves.lanes, key, columns, values, gone | (table == "scores"), limits)
        if (lane.cell, lane.seed) not in left_out:
            cells.setdefault(lane.cell, []).append((lane, values, told, gone, around))
    for cell, members in cells.items():
        _read_cell(curves, (run, cell), table, columns, members, limits, alone=seeds[cell] == 1)


def _tell(into: dict, key: tuple, columns: list[PlotColumn], values: numpy.ndarray, stopped: numpy.ndarray,
          limits: dict[bool, int]) -> None:
    """Add the texts of one lane's or one cell's curves; `values` is `[points, columns]`."""
    import numpy as np

    names = [column.name for column in columns]
    bound = values[:, names.index(BOUND.name)] if BOUND.name in names else None
    for main in (True, False):
        chosen = [i for i, name in enumerate(names) if (name in MAIN) == main]
        if not chosen:
            continue
        kept = thin(values[:, chosen], limits[main], bound)
        for i, points in zip(chosen, kept, strict=True):
            text = line_text(values[:, i], points, stopped | np.isinf(values[:, i]))
            if text:
                into.setdefault(names[i], {})[key] = text


def _read_cell(curves: Curves, key: tuple, table: str, columns: list[PlotColumn], members: list,
               limits: dict[bool, int], *, alone: bool) -> None:
    """The middle of a cell's lanes, at the points that all of them have, and what each column came to there.

    Members are of each lane that counts its rows, its numbers, these with the last words of one that stopped, where it
    had, and its `LIMIT_COLUMNS`. A lane that is `alone` in its cell is its own middle.
    """
    import functools

    import numpy as np

    codes = [lane.env_steps.astype(np.int64) * 2**32 + lane.updates for lane, *_ in members]
    common = functools.reduce(np.intersect1d, codes)
    if not len(common):
        return
    at = [np.searchsorted(code, common) for code in codes]
    values = np.stack([numbers[index] for (_, numbers, *_), index in zip(members, at, strict=True)])
    lane, place = members[0][0], at[0]
    if not alone:
        middle = _middle(values, "mean" if table == "scores" else "median")
        for column in set(BOUNDS) & set(columns):  # the envelope over the lanes
            middle[:, columns.index(column)] = _greatest(values[:, :, columns.index(column)], axis=0)
        curves.places[table, key] = curves.axis(lane.env_steps[place], lane.updates[place])
        _tell(curves.middles, key, columns, middle, np.zeros(len(common), bool), limits)
    until = [told[:index[-1] + 1] for (_, _, told, *_), index in zip(members, at, strict=True)]
    lost = [bool(gone[index[-1]]) for (*_, gone, _), index in zip(members, at, strict=True)]
    around = [_last_finite(edges[:index[-1] + 1]) for (*_, edges), index in zip(members, at, strict=True)]
    for i, column in enumerate(columns):
        outcome = _outcome([numbers[:, i] for numbers in until], lost)
        if outcome:
            if column.bounded:
                outcome |= _share([numbers[:, i] for numbers in until], around)
            outcome |= {"step": int(lane.env_steps[place[-1]]), "update": int(lane.updates[place[-1]])}
            curves.facts.setdefault(column.name, {})[key] = outcome


def _middle(values: numpy.ndarray, kind: str) -> numpy.ndarray:
    """`[points, columns]` over the first axis of `[lanes, points, columns]`; `nan` where a lane is not finite."""
    import numpy as np

    whole = np.isfinite(values).all(axis=0)
    safe = np.where(whole, values, 0.0)
    return np.where(whole, safe.mean(axis=0) if kind == "mean" else np.median(safe, axis=0), np.nan)


def _greatest(values: numpy.ndarray, axis: int) -> numpy.ndarray:
    import numpy as np

    most = np.where(np.isfinite(values), values, -np.inf).max(axis=axis)
    return np.where(np.isfinite(most), most, np.nan)


def _last_finite(numbers: numpy.ndarray) -> list[float]:
    """The last finite number of each column of `[points, columns]`; `nan` without one."""
    import numpy as np

    return [float(column[np.isfinite(column)][-1]) if np.isfinite(column).any() else math.nan for column in numbers.T]


def _share(lanes: list[numpy.ndarray], limits: list[list[float]]) -> dict:
    """The share of its bound that a column came to in a cell, see `divbench.report.bounds.Share`."""
    found = share_of((_last_finite(numbers[:, None])[0], low, high, seen)
                     for numbers, (low, high, seen) in zip(lanes, limits, strict=True))
    return dataclasses.asdict(found)


def _outcome(lanes: list[numpy.ndarray], lost: list[bool]) -> dict:
    """What a column came to in a cell: over the lanes' last finite values `final` (median), `low` and `high`; the
    largest absolute value of any lane, `peak`; `seeds` that have one and are not lost, `of` how many. Empty if no lane
    has a finite value."""
    import numpy as np

    finite = [lane[np.isfinite(lane)] for lane in lanes]
    last = [lane[-1] for lane in finite if len(lane)]
    if not last:
        return {}
    figures = np.median(last), min(last), max(last), max(np.abs(lane).max() for lane in finite if len(lane))
    whole = sum(len(values) > 0 and not gone for values, gone in zip(finite, lost, strict=True))
    return dict(zip(("final", "low", "high", "peak"), map(float, figures), strict=True)) | {
        "seeds": whole, "of": len(lanes)}
