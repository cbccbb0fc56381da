"""What the returns of all tasks say together: for each variant and UTD the aggregates with their intervals.

Lives here: which tasks and evaluations are put together. Which lanes count is in `counting`, the statistics are in
`statistics.aggregates`, how a table looks in `layout`. Tasks count alike, so it is only done where there are several,
only over tasks that every variant has, and only over tasks whose numbers are known to have the same range.
"""

from __future__ import annotations

import dataclasses
import math

from divbench.report.aggregate import BASELINE
from divbench.report.pairing import Wins, count_wins
from divbench.report.scale import DMC_RANGE, RETURN, score_range
from divbench.report.series import Cell, Cells, Point, Series, places
from divbench.statistics.aggregates import (
    aggregate,
    performance_profile,
    probability_of_improvement,
    sample_efficiency,
    small_sample,
)
from divbench.statistics.estimates import Estimate

LEAST_TASKS = 2
COLUMN = "return_mean"
ABOVE = 0.01  # of the largest number that a task's range allows: a task with more has another range than its name says
Strata = list[list[float]]  # for each task the returns of its seeds


@dataclasses.dataclass(frozen=True)
class OverallRow:
    """One variant and UTD over all tasks.

    Attributes:
      variant, utd: which.
      seeds: the fewest lanes of any task.
      lost: lanes without a finite return, as of those that broke; each counts as earning 0, or the least that it ever
        earned if that is less.
      iqm, mean, median, optimality_gap: of the returns; see `statistics.aggregates`.
      improvement: how likely a seed of this beats one of the reference on the same task; None for the reference.
      wins: how many lanes beat the reference's lane of the same task and seed; None for the reference and for runs
        whose seeds are no pairs.
    """

    variant: str
    utd: str
    seeds: int
    lost: int
    iqm: Estimate
    mean: Estimate
    median: Estimate
    optimality_gap: Estimate
    improvement: Estimate | None
    wins: Wins | None = None


@dataclasses.dataclass(frozen=True)
class Overall:
    """All variants over the tasks that they have in common.

    Attributes:
      rows: by UTD and variant, in the order of the cells; empty below `LEAST_TASKS` common tasks.
      tasks: those that every row is over.
      missing: tasks that not every variant and UTD has, or has reached together.
      unlike: tasks left out, as the range of their numbers is another one or not known.
      places: for each of `tasks` the last of `series.places` at which all its lanes have been evaluated.
      reference: variant and UTD of the row that the others are set against.
      note: how small the sample is, or nothing.
      metric: what the numbers are, `return` or a metric of an import.
      target: the largest number that there can be, of the optimality gap.
      unpaired: why no row has `wins`, in words; empty where lanes of a seed are pairs.
    """

    rows: tuple[OverallRow, ...]
    tasks: tuple[str, ...]
    missing: tuple[str, ...]
    unlike: tuple[str, ...]
    places: tuple[Point, ...]
    reference: tuple[str, str] | None
    note: str
    metric: str = RETURN
    target: float = DMC_RANGE[1]
    unpaired: str = ""


def overall(cells: Cells, metric: str = RETURN, unpaired: str = "") -> Overall:
    """The aggregates of all variants.

    Args:
      cells: the lanes that count, with the column `return_mean`.
      metric: what that column holds.
      unpaired: why lanes of equal seed are no pairs (`pairing.why_unpaired`); empty where they are.
    """
    kinds = _kinds(cells)
    wanted = DMC_RANGE if metric == RETURN else score_range("", metric)
    target = DMC_RANGE[1] if wanted is None else wanted[1]
    all_tasks = tuple(dict.fromkeys(cell.task for cell in cells))
    unlike = tuple(task for task in all_tasks if wanted is None or score_range(task, metric) != wanted
                   or _largest(cells, task) > (1.0 + ABOVE) * target)
    found = {task: _last_common_place(cells, task, kinds) for task in all_tasks if task not in unlike}
    shared = {task: place for task, place in found.items() if place is not None}
    tasks, missing = tuple(shared), tuple(task for task in found if task not in shared)
    if len(tasks) < LEAST_TASKS:
        return Overall((), tasks, missing, unlike, tuple(shared.values()), None, "", metric, target, unpaired)
    scores = {kind: _scores(cells, kind, shared) for kind in kinds}
    reference = next((kind for kind in kinds if kind[0] == BASELINE), kinds[0])
    rows = tuple(_row(kind, scores[kind], scores[reference] if kind != reference else None, target) for kind in kinds)
    if not unpaired:
        paired = {kind: _by_seed(cells, kind, shared) for kind in kinds}
        rows = tuple(dataclasses.replace(row, wins=count_wins(paired[kind], paired[reference]))
                     if kind != reference else row for kind, row in zip(kinds, rows, strict=True))
    note = small_sample(*(strata for strata, _ in scores.values()))
    return Overall(rows, tasks, missing, unlike, tuple(shared.values()), reference, note, metric, target, unpaired)


def efficiency_curves(cells: Cells, tasks: tuple[str, ...]) -> dict[tuple[str, str], dict[int, Estimate]]:
    """For each variant and UTD the interquartile mean over these tasks by env step.

    Returns that are not finite count as in `OverallRow`.
    """
    curves = {}
    for kind in _kinds(cells):
        strata = []
        for task in tasks:
            strata.append([{step: _counted(value, series) for step, value in _by_step(series).items()}
                           for series in cells[Cell(task, *kind)].values()])
        curves[kind] = sample_efficiency(strata) if all(strata) else {}
    return curves


def profiles(cells: Cells, result: Overall, thresholds: list[float]) -> dict[tuple[str, str], list[Estimate]]:
    """For each variant and UTD the share of lanes of `result` whose return is above each threshold."""
    shared = dict(zip(result.tasks, result.places, strict=True))
    return {kind: performance_profile(_scores(cells, kind, shared)[0], thresholds) for kind in _kinds(cells)}


def _kinds(cells: Cells) -> list[tuple[str, str]]:
    return list(dict.fromkeys((cell.variant, cell.utd) for cell in cells))


def _largest(cells: Cells, task: str) -> float:
    """The largest finite number of any lane of a task, or 0."""
    return max((value for cell, lanes in cells.items() if cell.task == task for series in lanes.values()
                for value in series.finite(COLUMN)), default=0.0)


def _last_common_place(cells: Cells, task: str, kinds: list[tuple[str, str]]) -> Point | None:
    if any(Cell(task, *kind) not in cells for kind in kinds):
        return None
    lanes = [set(_by_place(series)) for kind in kinds for series in cells[Cell(task, *kind)].values()]
    return max(set.intersection(*lanes), default=None)


def _by_place(series: Series) -> dict[Point, float]:
    return dict(zip(places(series.points), series.columns[COLUMN], strict=True))


def _by_step(series: Series) -> dict[int, float]:
    """The return at each env step; where there are several updates at one, after the last of them."""
    return {env_step: value for (env_step, _), value in zip(series.points, series.columns[COLUMN], strict=True)}


def _scores(cells: Cells, kind: tuple[str, str], shared: dict[str, Point]) -> tuple[Strata, int]:
    """Returns by task at these places as they count, and how many lanes have none that is finite."""
    lanes = [[(_by_place(series)[place], series) for series in cells[Cell(task, *kind)].values()]
             for task, place in shared.items()]
    strata = [[_counted(value, series) for value, series in stratum] for stratum in lanes]
    return strata, sum(not math.isfinite(value) for stratum in lanes for value, _ in stratum)


def _by_seed(cells: Cells, kind: tuple[str, str], shared: dict[str, Point]) -> dict[tuple[str, int], float]:
    """Returns by task and seed at these places as they count."""
    return {(task, seed): _counted(_by_place(series)[place], series)
            for task, place in shared.items() for seed, series in cells[Cell(task, *kind)].items()}


def _counted(value: float, series: Series) -> float:
    """A return of a lane as it counts among others, also where it is not finite."""
    return value if math.isfinite(value) else series.least(COLUMN)


def _row(kind: tuple[str, str], scores: tuple[Strata, int], reference: tuple[Strata, int] | None,
         target: float) -> OverallRow:
    strata, lost = scores
    improvement = None if reference is None else probability_of_improvement(strata, reference[0])
    found = aggregate(strata, target=target)
    return OverallRow(*kind, min(map(len, strata)), lost, found["iqm"], found["mean"], found["median"],
                      found["optimality_gap"], improvement)
