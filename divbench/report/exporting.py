"""`divbench export`: a run's numbers in the forms that other tools read.

Lives here: which numbers of a run go out, at which point they are compared, and the score dictionary of rliable. How a
dialect writes them is in `divbench.records.dialects`.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from divbench.records.dialects.request import SINGLE_FILES, ExportRequest, largest_return
from divbench.report.facts import read_facts
from divbench.report.series import Point, places
from divbench.spec.errors import UsageError, choose

if TYPE_CHECKING:
    from pathlib import Path

    from divbench.records.dialects.lanes import DialectLane
    from divbench.records.dialects.series import Exported, MeasuredPoint
    from divbench.records.tables import Tables

RETURNS = ("return_mean", "return_min", "return_max", "return_sd")  # what `normalise` divides
RETURNS_ALONE = ("tdmpc2", "high-replay-ratio")
_KEYS = ("suite", "task", "variant", "utd", "seed")


def export_results(request: ExportRequest) -> list[Path]:
    """Write a run folder, finished or still growing, in another form.

    Returns:
      The files made. In all forms but `csv` and `tensorboard` steps are env steps.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    from divbench.records.dialects.outputs import refuse_existing, write_file, write_folder
    from divbench.records.tables import load

    tables = load(request.folder)
    refuse_existing(request.target)
    files = _files(request, tables)
    if request.to in SINGLE_FILES:
        return write_file(request.target, next(files)[1])
    return write_folder(request.target, files)


def _files(request: ExportRequest, tables: Tables) -> Iterator[tuple[str, bytes]]:
    """The files of the export by name; of a single file, one with any name."""
    if request.to == "csv":
        return _csv_files(tables)
    metric = _check_metric(request.metric)
    if request.to == "tensorboard":
        return _event_files(tables, metric)
    if request.to in RETURNS_ALONE and metric not in (None, *RETURNS):
        raise UsageError(f"--metric: '{request.to}' has no place for a metric's name and holds returns alone, found "
                         f"'{metric}'; --to simba or marl-eval can hold it")
    exported = read_metric(tables, metric or "return_mean", request.to)
    if request.to == "rliable":
        return iter([("", _rliable(exported, request.normalise))])
    from divbench.records.dialects.catalogue import DIALECTS

    return DIALECTS[request.to].write(exported)


def _check_metric(metric: str | None) -> str | None:
    known = [column for columns in _measured_columns().values() for column in columns]
    return None if metric is None else choose("metric to export", metric, known)


def _measured_columns() -> dict[str, list[str]]:
    """The columns of numbers of `scores` and `values`."""
    from divbench.records.schema import NUMBER, TABLES

    return {table: [column.name for column in TABLES[table] if column.kind == NUMBER] for table in ("scores", "values")}


def read_metric(tables: Tables, metric: str, to: str) -> Exported:
    """One column of a run by lane.

    A return that is not finite is kept. Elsewhere NaN also means that nothing was measured, so it is kept only where
    the lane is recorded as no longer finite.

    Args:
      tables: of the run.
      metric: a column of numbers of `scores` or `values`.
      to: the form that it is for; an imported task is spelled as its own dialect spells it.

    Raises:
      UsageError: lanes of several action repeats, or nothing measured.
    """
    from divbench.records.dialects.series import Exported, MeasuredPoint

    name = "scores" if metric in _measured_columns()["scores"] else "values"
    repeats = sorted(getattr(tables, name).column("action_repeat").unique().to_pylist())
    if len(repeats) > 1:
        raise UsageError(f"export: mixed action repeats, {' and '.join(map(str, repeats))}; --to {to} cannot say which "
                         f"lane has which, --to csv can")
    lanes = {lane: [MeasuredPoint(*point, points[point][metric]) for point in sorted(points)]
             for lane, points in _read_points(tables, name, [metric]).items()}
    if not lanes:
        raise UsageError(f"export: expected numbers in column '{metric}' of table '{name}', found none")
    imported: Mapping = tables.card.get("imported", {})
    return Exported(metric, lanes, imported.get("spellings", {}) if imported.get("dialect") == to else {})


def _read_points(tables: Tables, name: str, columns: list[str]) -> dict[DialectLane, dict[Point, dict[str, float]]]:
    """What was measured of every lane by point and column; of equal points the last counts."""
    from divbench.records.dialects.lanes import DialectLane

    table = getattr(tables, name)
    keys = [table.column(key).to_pylist() for key in (*_KEYS, "env_step", "update")]
    numbers = [table.column(column).to_pylist() for column in columns]
    broken = table.column("nonfinite").to_pylist() if name == "values" else [""] * table.num_rows
    found: dict[DialectLane, dict[Point, dict[str, float]]] = {}
    for place, (*lane, env_step, update) in enumerate(zip(*keys, strict=True)):
        measured = {column: values[place] for column, values in zip(columns, numbers, strict=True)
                    if broken[place] or column == "return_mean" or not math.isnan(values[place])}
        if measured:
            found.setdefault(DialectLane(*lane), {})[env_step, update] = measured
    return found


def _csv_files(tables: Tables) -> Iterator[tuple[str, bytes]]:
    from divbench.records.schema import TABLES
    from divbench.records.tables import to_csv

    for table in TABLES:
        yield f"{table}.csv", to_csv(table, getattr(tables, table).to_pylist())


def _event_files(tables: Tables, metric: str | None) -> Iterator[tuple[str, bytes]]:
    """One event file per lane: `TASK/METHOD/seedN/`. Steps are updates in a run that primes, else env steps."""
    from divbench.records.dialects.naming import file_name, method_name
    from divbench.records.dialects.tensorboard import FILE_NAME, event_file

    by_updates, time = read_facts(tables).primes, _seconds(tables.card)
    lanes: dict[DialectLane, dict[Point, dict[str, float]]] = {}
    for name, columns in _measured_columns().items():
        for lane, points in _read_points(tables, name, [c for c in columns if metric in (None, c)]).items():
            for point, measured in points.items():
                scalars = lanes.setdefault(lane, {}).setdefault(point, {})
                scalars.update({f"{name}/{column}": value for column, value in measured.items()})
    if not lanes:
        where = f"column '{metric}'" if metric else "the tables 'scores' and 'values'"
        raise UsageError(f"export: expected numbers in {where}, found none")
    for lane, points in lanes.items():
        method = file_name(method_name(lane.variant, lane.utd), "method")
        content = event_file([(point[by_updates], points[point]) for point in sorted(points)], time)
        yield f"{file_name(lane.task, 'task')}/{method}/seed{lane.seed}/{FILE_NAME}", content


def _seconds(card: Mapping) -> float:
    """When the run was finished, or begun, in seconds since 1970; 0 where the card does not say."""
    text = card.get("finished") or card.get("start")
    return datetime.datetime.fromisoformat(text).timestamp() if text else 0.0


def _rliable(exported: Exported, normalise: bool) -> bytes:
    """The score dictionary of rliable (Agarwal et al., 2108.13264) as JSON.

    `scores` maps each algorithm to its matrix [runs, tasks], tasks in the order of `tasks`, runs by seed. All lanes of
    a task are taken at the last place that they share: an env step of `env_steps`, and there the last update.
    """
    from divbench.records.dialects.series import by_method

    if normalise and exported.metric not in RETURNS:
        raise UsageError(f"--normalise: divides returns, found the metric '{exported.metric}'")
    parts = by_method(exported)
    tasks, methods = (list(dict.fromkeys(key[place] for key in parts)) for place in (1, 0))
    tasks.sort()
    values = {lane: _by_place(points) for lane, points in exported.lanes.items()}
    shared = {task: _last_common_place(values, task) for task in tasks}
    scales = {task: largest_return(task) if normalise else 1.0 for task in tasks}
    scores = {}
    for method in methods:
        columns = []
        for task in tasks:
            lanes = sorted(parts.get((method, task), ()), key=lambda lane: lane.seed)
            columns.append([values[lane][shared[task]] / scales[task] for lane in lanes])
        if len({len(column) for column in columns}) > 1:
            counts = ", ".join(f"{len(column)} on {task}" for task, column in zip(tasks, columns, strict=True))
            raise UsageError(f"export: rliable takes a full matrix of runs and tasks, found that '{method}' has seeds: "
                             f"{counts[:200]}")
        scores[method] = [list(run) for run in zip(*columns, strict=True)]
    env_steps = {task: shared[task][0] for task in tasks}
    return (json.dumps({"metric": exported.metric, "normalised": normalise, "tasks": tasks, "env_steps": env_steps,
                        "scores": scores}, indent=1) + "\n").encode()


def _by_place(points: list[MeasuredPoint]) -> dict[Point, float]:
    found = places((measured.env_step, measured.update) for measured in points)
    return dict(zip(found, (measured.value for measured in points), strict=True))


def _last_common_place(values: dict[DialectLane, dict[Point, float]], task: str) -> Point:
    common = set.intersection(*(set(found) for lane, found in values.items() if lane.task == task))
    if not common:
        raise UsageError(f"export: rliable compares at one env step, found none that all lanes of '{task}' share")
    return max(common)
