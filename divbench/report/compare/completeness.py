"""What NEW lacks of BASELINE: cells, tables, lanes, and the rest of a run that stopped early.

Each lack is a failure with a line that names it. The flags `--allow-missing` and `--allow-shorter` turn it into a note.
Does not live here: lanes that are no longer finite (`decisions`), and at which points is compared (`places`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from divbench.report.compare.places import Lanes, Places, common_places, end_of, ends_before, is_near, trained
from divbench.report.compare.request import CompareRequest
from divbench.report.compare.result_set import ResultSet
from divbench.report.naming import cell_names, place_name
from divbench.report.series import Cell, Point
from divbench.spec.errors import UsageError, hint_and_all

MISSING, SHORTER, APART = "missing", "shorter", "apart"  # kinds of failure
TABLES = {"return": "scores", "q": "values"}  # where the numbers of a metric are


@dataclasses.dataclass(frozen=True)
class Shortfall:
    """Why NEW fails, whatever its numbers say.

    Attributes:
      kind: `MISSING` (a cell, or a metric of it), `SHORTER` (NEW ends early), or `APART` (nothing to compare).
      text: one sentence that names it.
    """

    kind: str
    text: str


@dataclasses.dataclass(frozen=True)
class _Ends:
    """Where the lanes of a cell end.

    Attributes:
      baseline, new: the ends, of the lane that ends first.
      seeds: those that end early on the side that ends first; empty if all of its lanes do.
    """

    baseline: Point
    new: Point
    seeds: tuple[int, ...]


def check_completeness(baseline: ResultSet, new: ResultSet, cells: list[Cell], request: CompareRequest
                       ) -> tuple[list[Shortfall], list[str]]:
    """What NEW lacks of BASELINE, and notes of what it lacks by leave.

    Args:
      baseline, new: both sides, with the variants of pairs under one name.
      cells: those that both have.
      request: its metrics, and what it allows.

    Raises:
      UsageError: a name that NEW may lack, and BASELINE does not have.
    """
    _check_names(baseline, request)
    failures: list[Shortfall] = []
    notes: list[str] = []
    missing = [cell for cell in baseline.cells if cell not in set(cells)]
    allowed = [cell for cell in missing if set(cell) & set(request.allow_missing)]
    if left := [cell for cell in missing if cell not in allowed]:
        names = ",".join(dict.fromkeys(_lacking_name(cell, new) for cell in left))
        failures.append(Shortfall(MISSING, f"missing in NEW: {cell_names(left)} (--allow-missing {names})"))
    if allowed:
        notes.append(f"missing in NEW, as allowed: {cell_names(allowed)}")
    failures += _lacking_tables(baseline, new, cells, request)
    for failure in _early(baseline, new, cells, request):
        if request.allow_shorter and failure.kind == SHORTER:
            notes.append(failure.text)
        else:
            advice = "; --allow-shorter compares at the common step" if failure.kind == SHORTER else ""
            failures.append(Shortfall(failure.kind, failure.text + advice))
    return failures, notes + list(_baseline_first(baseline, new, cells, request)) + list(
        _fewer_seeds(baseline, new, cells))


def _check_names(baseline: ResultSet, request: CompareRequest) -> None:
    known = dict.fromkeys(name for field in zip(*baseline.cells, strict=True) for name in field if name)
    for name in request.allow_missing:
        if name not in known:
            raise UsageError(f"--allow-missing: '{name}' is no task, variant or UTD of BASELINE"
                             f"{hint_and_all(name, known, 'there are')}")


def _lacking_name(cell: Cell, new: ResultSet) -> str:
    """What of a cell NEW lacks altogether; where it has each of task, variant and UTD, the variant."""
    having = [{getattr(other, field) for other in new.cells} for field in Cell._fields]
    lacking = [name for name, names in zip(cell, having, strict=True) if name not in names]
    return lacking[0] if lacking else cell.variant


def _lacking_tables(baseline: ResultSet, new: ResultSet, cells: list[Cell], request: CompareRequest
                    ) -> Iterator[Shortfall]:
    """Metrics that BASELINE has of a cell, and NEW has not."""
    for metric in request.metrics:
        if metric in TABLES:
            ours, theirs = (getattr(side, TABLES[metric]) for side in (baseline, new))
            if lacking := [cell for cell in cells if ours.get(cell) and not theirs.get(cell)]:
                yield Shortfall(MISSING, f"NEW has no {metric} of {cell_names(lacking)}; --metric can leave it out")


def _early(baseline: ResultSet, new: ResultSet, cells: list[Cell], request: CompareRequest) -> Iterator[Shortfall]:
    """Cells in which NEW ends before BASELINE, or has nothing near BASELINE's end to be compared at."""
    unfinished = [cell for cell in cells if not all(run.finished for run in new.runs_of(cell))]
    short: dict[_Ends, list[Cell]] = {}
    apart: dict[str, list[Cell]] = {}
    far: dict[str, list[Cell]] = {}
    for cell, ours, theirs in _both(baseline, new, cells, request):
        ends = _ends(ours, theirs)
        if ends_before(ends.new, ends.baseline):
            short.setdefault(ends, []).append(cell)
        places = common_places(ours, theirs, 1)
        first = min(ends.baseline, ends.new)
        if places is None:
            apart.setdefault(f"BASELINE ends at {place_name(ends.baseline)} and NEW at {place_name(ends.new)}",
                             []).append(cell)
        elif not _reaches(places, first):
            far.setdefault(f"the last evaluation that all lanes have is at {place_name(places.points('baseline')[-1])},"
                           f" the end at {place_name(first)}", []).append(cell)
    shown: set[Cell] = set()
    for ends, where in short.items():
        where = list(dict.fromkeys(where))
        growing = "NEW is not finished: it" if set(where) & set(unfinished) else "NEW"
        shown |= set(where)
        seeds = f" in seed {', '.join(map(str, ends.seeds))}" if ends.seeds else ""
        yield Shortfall(SHORTER, f"{growing} ends at {place_name(ends.new)}{seeds}, BASELINE at "
                               f"{place_name(ends.baseline)} ({cell_names(where)})")
    if rest := [cell for cell in unfinished if cell not in shown]:
        yield Shortfall(SHORTER, f"NEW is not finished, though its rows reach BASELINE's end ({cell_names(rest)})")
    for text, where in far.items():
        yield Shortfall(SHORTER, f"{text} ({cell_names(where)})")
    for text, where in apart.items():
        yield Shortfall(APART, f"no common step after training began: {text} ({cell_names(where)})")


def _baseline_first(baseline: ResultSet, new: ResultSet, cells: list[Cell], request: CompareRequest) -> Iterator[str]:
    found: dict[_Ends, list[Cell]] = {}
    for cell, ours, theirs in _both(baseline, new, cells, request):
        ends = _ends(ours, theirs)
        if ends_before(ends.baseline, ends.new) and trained(ends.baseline):
            found.setdefault(ends, []).append(cell)
    for ends, where in found.items():
        seeds = f" in seed {', '.join(map(str, ends.seeds))}" if ends.seeds else ""
        yield (f"BASELINE ends at {place_name(ends.baseline)}{seeds}, NEW at {place_name(ends.new)}: compared at "
               f"BASELINE's end ({cell_names(where)})")


def _fewer_seeds(baseline: ResultSet, new: ResultSet, cells: list[Cell]) -> Iterator[str]:
    found: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        ours, theirs = (len(side.values.get(cell) or side.scores.get(cell, {})) for side in (baseline, new))
        if theirs < ours:
            found.setdefault((ours, theirs), []).append(cell)
    for (ours, theirs), where in found.items():
        yield f"NEW has {theirs} seeds, BASELINE {ours} ({cell_names(where)})"


def _both(baseline: ResultSet, new: ResultSet, cells: list[Cell], request: CompareRequest
          ) -> Iterator[tuple[Cell, Lanes, Lanes]]:
    """The lanes of both sides, of each cell and each metric that has a table."""
    for table in dict.fromkeys(TABLES[metric] for metric in request.metrics if metric in TABLES):
        for cell in cells:
            ours, theirs = (getattr(side, table).get(cell) for side in (baseline, new))
            if ours and theirs:
                yield cell, ours, theirs


def _ends(baseline: Lanes, new: Lanes) -> _Ends:
    ours, theirs = end_of(baseline), end_of(new)
    lanes, end = (new, theirs) if theirs < ours else (baseline, ours)
    early = tuple(seed for seed, series in lanes.items() if is_near(series.points[-1], end))
    return _Ends(ours, theirs, early if len(early) < len(lanes) else ())


def _reaches(places: Places, end: Point) -> bool:
    return all(is_near(points[-1], end) for side in (places.baseline, places.new)
               for points in side.values())
