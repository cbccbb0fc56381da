"""Two result sets side by side: read, check, take the numbers, decide, write the files that were asked for.

Nothing is written where the two sides cannot be compared.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from divbench.report.compare.comparability import (
    check_comparable,
    check_pairs,
    common_cells,
    other_settings,
    versions,
)
from divbench.report.compare.completeness import TABLES, Shortfall, check_completeness
from divbench.report.compare.decisions import DECISIONS, Row, judge
from divbench.report.compare.junit_file import junit
from divbench.report.compare.margins import LEAST_OF_RANGE
from divbench.report.compare.request import JUNIT_MARK, MARKDOWN_MARK, CompareRequest, refuse_file
from divbench.report.compare.result import INCOMPLETE, Result, VerdictChange
from divbench.report.compare.result_set import ResultSet, read_result_set
from divbench.report.compare.samples import Sample, q_sample, return_sample, speed_samples
from divbench.report.compare.wording import markdown
from divbench.report.counting import copied_notes
from divbench.report.naming import cell_names
from divbench.report.scale import RETURN
from divbench.report.series import Cell
from divbench.spec.errors import UsageError, hint_and_all
from divbench.verdict import KINDS

SEVERITY = {kind: rank for rank, kind in enumerate(KINDS)}


def compare(request: CompareRequest) -> Result:
    """Compare two result sets and write the files that the request names.

    Args:
      request: the two folders, the metrics and margins, and the files to write.

    Returns:
      The decision with its exit code, and a row for each question.

    Raises:
      UsageError: a folder that holds no results, two sides that cannot be compared (`Incomparable`), nothing in
        common, a pair that neither side has, or a file that cannot be written.
    """
    began, clock = datetime.now(UTC), time.perf_counter()
    result = compare_sets(read_result_set(request.baseline, "BASELINE"), read_result_set(request.new, "NEW"), request)
    result = dataclasses.replace(result, began=began.isoformat(timespec="seconds"),
                                 seconds=time.perf_counter() - clock)
    write_files(result)
    return result


def compare_sets(baseline: ResultSet, new: ResultSet, request: CompareRequest) -> Result:
    """`compare` for two sides that are read already; writes nothing."""
    baseline, new = _paired_variants(baseline, new, request)
    cells = common_cells(baseline, new)
    _check_tasks(baseline, request)
    check_comparable(baseline, new, cells, other_lengths=request.allow_shorter)
    if request.paired:
        check_pairs(baseline, new)
    failures, notes = check_completeness(baseline, new, cells, request)
    samples = [sample for metric in request.metrics for sample in _samples(metric, baseline, new, cells)]
    if not samples and not failures:
        raise UsageError(f"nothing to compare: no {' and no '.join(request.metrics)} was recorded at a point that both "
                         "sides have")
    rows = tuple(judge(samples, request))
    return Result(
        request, _decision(rows, failures), tuple(failures), rows, _verdict_changes(baseline, new, cells),
        tuple(other_settings(baseline, new)), tuple(versions(baseline, new)),
        (*notes, *_notes(baseline, new, cells, samples, request)),
        (_lanes(baseline, cells), _lanes(new, cells)))


def _lanes(side: ResultSet, cells: list[Cell]) -> int:
    return sum(len(side.values.get(cell) or side.scores[cell]) for cell in cells)


def write_files(result: Result) -> None:
    """The Markdown and JUnit files of the request; each is there whole or not at all.

    Raises:
      UsageError: a file that cannot be written, or is something else than an earlier comparison.
    """
    from divbench.records.durable import write_atomically

    made = [(result.request.markdown, "--markdown", MARKDOWN_MARK, markdown),
            (result.request.junit, "--junit", JUNIT_MARK, junit)]
    files = [(Path(name), flag, mark, make(result)) for name, flag, mark, make in made if name is not None]
    for path, flag, mark, _ in files:
        refuse_file(path, flag, mark)
    for path, flag, _, text in files:
        try:
            write_atomically(path, text.encode())
        except OSError as error:
            raise UsageError(f"{flag}: '{path}' cannot be written ({error.strerror})") from None


def _samples(metric: str, baseline: ResultSet, new: ResultSet, cells: list[Cell]) -> list[Sample]:
    if metric == "speed":
        return speed_samples(baseline, new)
    found = []
    for cell in cells:
        ours, theirs = (getattr(side, TABLES[metric]).get(cell) for side in (baseline, new))
        if ours and theirs:
            found.append(return_sample(cell, ours, theirs, baseline.metric_of(cell)) if metric == "return"
                         else q_sample(cell, ours, theirs))
    return [sample for sample in found if sample is not None]


def _decision(rows: tuple[Row, ...], failures: list[Shortfall]) -> str:
    if any(row.decision == "regressed" for row in rows):
        return "regressed"
    if failures:
        return INCOMPLETE
    found = {row.decision for row in rows if row.leading}
    return next(decision for decision in DECISIONS if decision in found)


def _check_tasks(baseline: ResultSet, request: CompareRequest) -> None:
    known = dict.fromkeys(cell.task for cell in baseline.cells)
    for task in request.all_margins.tasks:
        if task not in known:
            raise UsageError(f"--margin: '{task}' is no task of BASELINE"
                             f"{hint_and_all(task, known, 'it has')}")


def _paired_variants(baseline: ResultSet, new: ResultSet, request: CompareRequest) -> tuple[ResultSet, ResultSet]:
    """Both sides with the variants of each pair under one name, `A=B`."""
    ours, theirs = {}, {}
    for text in request.pairs:
        places = [place for place, letter in enumerate(text) if letter == "="]
        splits = [(text[:place].strip(), text[place + 1:].strip()) for place in places]
        fitting = [(one, other) for one, other in splits if one in baseline.variants and other in new.variants]
        if len(fitting) != 1:
            one, other = splits[0]
            lacking, side, known = (one, "BASELINE", baseline.variants) if one not in baseline.variants else (
                other, "NEW", new.variants)
            raise UsageError(f"--pair: '{text}' names no variant of BASELINE and one of NEW; '{lacking}' is none of "
                             f"{side}{hint_and_all(lacking, sorted(known), 'it has')}")
        one, other = fitting[0]
        if one in ours or other in theirs:
            raise UsageError(f"--pair: '{one if one in ours else other}' is in two pairs; name each variant once")
        ours[one] = theirs[other] = f"{one}={other}"
    # A variant that one side has in a pair is compared in that pair alone, not with its namesake too.
    dropped = {name: "" for name in (*ours, *theirs)}
    return baseline.renamed({**dropped, **ours}), new.renamed({**dropped, **theirs})


def _verdict_changes(baseline: ResultSet, new: ResultSet, cells: list[Cell]) -> tuple[VerdictChange, ...]:
    changes = []
    for cell in cells:
        ours, theirs = (_counts(side.verdicts.get(cell, {})) for side in (baseline, new))
        total, other_total = sum(ours.values()), sum(theirs.values())
        if ours and theirs and any(ours.get(kind, 0) * other_total != theirs.get(kind, 0) * total for kind in KINDS):
            worse = max(map(SEVERITY.__getitem__, theirs)) > max(map(SEVERITY.__getitem__, ours))
            changes.append(VerdictChange(cell, ours, theirs, worse))
    return tuple(changes)


def _counts(verdicts: Mapping[int, str]) -> dict[str, int]:
    """Lanes by verdict, the worst kind first."""
    found = Counter(verdicts.values())
    return {kind: found[kind] for kind in sorted(found, key=lambda kind: -SEVERITY[kind])}


def _notes(baseline: ResultSet, new: ResultSet, cells: list[Cell], samples: list[Sample],
           request: CompareRequest) -> Iterator[str]:
    if only := [cell for cell in new.cells if cell not in set(cells)]:
        yield f"only in NEW, not compared: {cell_names(only)}"
    if not all(run.finished for run in baseline.runs):
        yield "BASELINE is not finished: compared as far as it has come, without its verdicts"
    for name, side in (("BASELINE", baseline), ("NEW", new)):
        yield from (f"{name}: {note}" for note in copied_notes({cell: side.scores[cell] for cell in cells
                                                                if cell in side.scores}))
    if "return" in request.metrics and (others := {baseline.metric_of(cell) for cell in cells} - {RETURN}):
        yield f"the scores that are compared as return are {' and '.join(sorted(others))}"
    for metric in request.metrics:
        have = {sample.cell for sample in samples if sample.metric == metric}
        if not have:
            yield f"{metric}: not recorded at a point that both sides have"
        elif metric != "speed" and len(have) < len(cells):
            yield f"{metric}: {len(cells) - len(have)} of {len(cells)} cells share no point, and are left out of it"
    if "speed" in request.metrics:
        yield ("speed is noisy: stretches of one run do not show how runs differ, nor what else the machine did; the "
               "margin has to cover that")
    little = [sample.cell for sample in samples if sample.metric == "return" and all(
        abs(number) < _little(sample) for side in (sample.baseline, sample.new) for number in side.finite.values())]
    if little:
        yield (f"return is next to nothing (below {LEAST_OF_RANGE:.0%} of its range) in all lanes of {len(little)} "
               f"cells on both sides (tasks {', '.join(dict.fromkeys(cell.task for cell in little))}): that it is "
               "equal there says nothing")


def _little(sample: Sample) -> float:
    """The return below which a lane has next to nothing; 0 where the range is not known."""
    return 0.0 if sample.span is None else LEAST_OF_RANGE * max(map(abs, sample.span))
