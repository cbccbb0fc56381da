"""Statistics over seeds: final scores, sizes of Q, and counts of verdicts per (task, variant, UTD).

All lanes of a cell are compared at the last point that all of them have reached, so that a table of a
growing run compares like with like. A lane whose number is not finite is counted, never averaged away in
silence.
Does not live here: how a table looks (`tables`), and the rule behind a verdict (`divbench.verdict`).
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from divbench.report.bounds import LIMIT_COLUMNS, last_numbers, share_of
from divbench.report.series import Cell, Cells, Point, Series, last_common_point, sorted_cells

if TYPE_CHECKING:
    import pyarrow

BASELINE = "baseline"


@dataclasses.dataclass(frozen=True)
class ScoreRow:
    """Return of the evaluations of one cell at the last point common to its seeds.

    Attributes:
      cell: task, variant, UTD.
      env_step, update: that point.
      seeds: lanes with a row there.
      finite: lanes with a finite return there; the statistics are over these.
      mean, sd, low, high: over seeds, of each seed's mean over episodes. `sd` divides by n - 1 and is None
        below 2 seeds. All None without a finite lane.
    """

    cell: Cell
    env_step: int
    update: int
    seeds: int
    finite: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True)
class QRow:
    """How large the mean Q on replay is in one cell, against the bound and against the reference variant.

    Attributes:
      cell: task, variant, UTD.
      env_step, update: the last point common to the cell's seeds; "final" means each lane's last finite value
        there or before it: of a lane that stopped, what its last sound weights say.
      seeds: lanes with a row there.
      nonfinite: lanes whose value at that point is not finite.
      final: median over seeds of the final mean Q; the median, since lanes that diverge differ by powers of
        ten.
      low, high: smallest and largest final mean Q.
      peak: the largest |mean Q| of any lane at any time up to that point.
      bound: the largest final upper bound of any lane.
      bound_ratio, bound_beyond, bound_short: the share of its own bound that each final mean Q comes to, over seeds;
        see `divbench.report.bounds.Share`.
      mc_return: median over seeds of the final Monte-Carlo return, what Q should be near.
      reference: the variant that the ratio is taken against, same task and UTD.
      reference_ratio: the reference's `final` over this `final`; above 1 means that the reference's Q is
        larger. None where the two cells have not reached the same point; and where a lane of the cell with the smaller
        Q is not finite, whose last finite Q may be that of its first update.
    """

    cell: Cell
    env_step: int
    update: int
    seeds: int
    nonfinite: int
    final: float | None
    low: float | None
    high: float | None
    peak: float | None
    bound: float | None
    bound_ratio: float | None
    bound_beyond: bool
    bound_short: bool
    mc_return: float | None
    reference: str
    reference_ratio: float | None = None


SCORE_COLUMNS = ("return_mean",)
Q_COLUMNS = ("q_replay_mean", *LIMIT_COLUMNS, "mc_return_mean")


def score_rows(cells: Cells) -> list[ScoreRow]:
    """One row per cell with evaluations. `cells` holds the columns `SCORE_COLUMNS`."""
    rows = []
    for cell, lanes in cells.items():
        point = last_common_point(lanes.values())
        if point is None:
            continue
        returns = [_at(series, "return_mean", point) for series in lanes.values()]
        finite = [value for value in returns if math.isfinite(value)]
        rows.append(
            ScoreRow(
                cell,
                *point,
                len(returns),
                len(finite),
                statistics.fmean(finite) if finite else None,
                statistics.stdev(finite) if len(finite) > 1 else None,
                min(finite, default=None),
                max(finite, default=None),
            )
        )
    return rows


def q_rows(cells: Cells, stopped: Mapping[tuple[Cell, int], Point] | None = None) -> list[QRow]:
    """One row per cell with measurements. `cells` holds the columns `Q_COLUMNS`.

    The reference is the variant `baseline` where the task and UTD have it, else the first variant they have.

    Args:
      cells: the lanes, with the last words of those that stopped.
      stopped: where they did, of `stopped_lanes`; by default none did.
    """
    rows = [row for cell, lanes in cells.items() if (row := _q_row(cell, lanes, stopped or {})) is not None]
    references = find_references([row.cell for row in rows])
    by_cell = {row.cell: row for row in rows}
    return [_against(row, by_cell[references[row.cell]]) for row in rows]


def find_references(cells: Iterable[Cell]) -> dict[Cell, Cell]:
    """For each cell the one that it is set against: that of the variant `baseline` with its task and UTD, or the first
    that there is."""
    cells = list(cells)
    found: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        if (cell.task, cell.utd) not in found or cell.variant == BASELINE:
            found[cell.task, cell.utd] = cell
    return {cell: found[cell.task, cell.utd] for cell in cells}


def times_larger(reference: float | None, own: float | None, *, same_point: bool, reference_whole: bool,
                 own_whole: bool) -> float | None:
    """A reference's number over a cell's own.

    Args:
      reference, own: the numbers; None where there is none.
      same_point: whether both are of the same env step and update; else there is no ratio.
      reference_whole, own_whole: whether all lanes behind a number are finite. The smaller one must be: the last finite
        number of a lane that broke may be that of its first update, which is no reason to call it small.
    """
    if not same_point or reference is None or not own:
        return None
    ratio = reference / own
    return ratio if (own_whole if abs(ratio) >= 1.0 else reference_whole) else None


def verdict_counts(verdicts: pyarrow.Table,
                   order: Iterable[Iterable[str]] = ((), (), ())) -> dict[Cell, dict[str, int]]:
    """How many lanes of each cell have each verdict. Cells are ordered as in `read_cells`."""
    counts: dict[Cell, dict[str, int]] = {}
    if verdicts.num_rows == 0:
        return counts
    keys = [verdicts.column(name).to_pylist() for name in ("task", "variant", "utd", "verdict")]
    for task, variant, utd, verdict in zip(*keys, strict=True):
        of_cell = counts.setdefault(Cell(task, variant, str(utd)), {})
        of_cell[verdict] = of_cell.get(verdict, 0) + 1
    return {cell: counts[cell] for cell in sorted_cells(counts, order)}


def _q_row(cell: Cell, lanes: dict[int, Series], stopped: Mapping[tuple[Cell, int], Point]) -> QRow | None:
    point = last_common_point(lanes.values())
    if point is None:
        return None
    so_far = [series.until(point) for series in lanes.values()]
    lost = sum((cell, seed) in stopped and stopped[cell, seed] <= point
               or not math.isfinite(series.columns["q_replay_mean"][-1])
               for seed, series in zip(lanes, so_far, strict=True))
    finals = _last_finite(so_far, "q_replay_mean")
    final = statistics.median(finals) if finals else None
    bound = max(_last_finite(so_far, "q_bound"), default=None)
    returns = _last_finite(so_far, "mc_return_mean")
    peak = max((abs(q) for series in so_far for q in series.finite("q_replay_mean")), default=None)
    share = share_of(map(last_numbers, so_far))
    return QRow(
        cell,
        *point,
        len(lanes),
        lost,
        final,
        min(finals, default=None),
        max(finals, default=None),
        peak,
        bound,
        share.share,
        share.beyond,
        share.short,
        statistics.median(returns) if returns else None,
        cell.variant,
    )


def _against(row: QRow, reference: QRow) -> QRow:
    same_point = (row.env_step, row.update) == (reference.env_step, reference.update)
    ratio = times_larger(reference.final, row.final, same_point=same_point,
                         reference_whole=not reference.nonfinite or row is reference,
                         own_whole=not row.nonfinite or row is reference)
    return dataclasses.replace(row, reference=reference.cell.variant, reference_ratio=ratio)


def _at(series: Series, column: str, point: tuple[int, int]) -> float:
    return series.columns[column][series.points.index(point)]


def _last_finite(lanes: list[Series], column: str) -> list[float]:
    return [values[-1] for series in lanes if (values := series.finite(column))]

