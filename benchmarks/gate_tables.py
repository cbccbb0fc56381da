"""Mistakes that show in tables alone, planted in a result set without training: what `gate_power.py` draws, changed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from divbench.report.compare.margins import LEAST_OF_RANGE
from divbench.report.compare.result_set import ResultSet
from divbench.report.scale import return_range
from divbench.report.series import Cell, Series

KEPT = 2 / 3  # of the points of a run that stopped early, and of returns that are cut by a third


def without_a_task(side: ResultSet) -> ResultSet:
    """The side without its last task."""
    last = side.cells[-1].task
    return _changed(side, lambda cell, seed, series: None if cell.task == last else series)


def stopped_early(side: ResultSet) -> ResultSet:
    """The side with the first two thirds of every lane's points."""
    def cut(cell: Cell, seed: int, series: Series) -> Series:
        return series.until(series.points[max(0, math.ceil(KEPT * len(series.points)) - 1)])

    return _changed(side, cut)


def one_nan_seed(side: ResultSet) -> ResultSet:
    """The side with one seed, in one cell, whose numbers are not finite from the middle of its points on."""
    first = side.cells[0]
    one = min(side.values.get(first) or side.scores[first])

    def broken(cell: Cell, seed: int, series: Series) -> Series:
        if (cell, seed) != (first, one):
            return series
        half = len(series.points) // 2
        return dataclasses.replace(series, columns={name: values[:half] + (math.nan,) * (len(values) - half)
                                                    for name, values in series.columns.items()})

    return _changed(side, broken)


def returns_cut(side: ResultSet) -> ResultSet:
    """The side with two thirds of the returns on the task with the smallest that are not next to nothing.

    Raises:
      ValueError: all returns are next to nothing.
    """
    task = small_task(side)
    return dataclasses.replace(side, scores={cell: {seed: _scaled(series) if cell.task == task else series
                                                    for seed, series in lanes.items()}
                                             for cell, lanes in side.scores.items()})


def small_task(side: ResultSet) -> str:
    """The task with the smallest mean return, at the last points, that is not next to nothing."""
    found = {}
    for task in dict.fromkeys(cell.task for cell in side.scores):
        last = [series.columns["return_mean"][-1] for cell, lanes in side.scores.items() if cell.task == task
                for series in lanes.values()]
        known = return_range(task)
        if abs(mean := sum(last) / len(last)) > LEAST_OF_RANGE * max(map(abs, known or (0.0,))):
            found[task] = abs(mean)
    if not found:
        raise ValueError("expected a task with returns of more than 1% of its range, found none")
    return min(found, key=found.__getitem__)


PLANTED: dict[str, Callable[[ResultSet], ResultSet]] = {
    "a missing task": without_a_task,
    "stopped at two thirds": stopped_early,
    "one lane not finite": one_nan_seed,
    "small returns cut by a third": returns_cut,
}


def _scaled(series: Series) -> Series:
    return dataclasses.replace(series, columns={name: tuple(KEPT * value for value in values)
                                                for name, values in series.columns.items()})


def _changed(side: ResultSet, change: Callable[[Cell, int, Series], Series | None]) -> ResultSet:
    def cells(table: dict) -> dict:
        found = {cell: {seed: kept for seed, series in lanes.items()
                        if (kept := change(cell, seed, series)) is not None} for cell, lanes in table.items()}
        return {cell: lanes for cell, lanes in found.items() if lanes}

    return dataclasses.replace(side, scores=cells(side.scores), values=cells(side.values))
