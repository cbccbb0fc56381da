"""What a page holds, as one JSON value: runs with their cards, cells, lanes, curves, scores, published curves.

Numbers of tables are text, written as in `summary.md` by `divbench.report.layout`; those of curves stay text until the
page draws them. Does not live here: the HTML around it (`document`) and reading the curves (`lines`).
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from divbench.records.metrics import METRICS
from divbench.report import bounds
from divbench.report.aggregate import ScoreRow, find_references, times_larger
from divbench.report.evidence import RunEvidence
from divbench.report.lanes import NOTE_CRITICAL, share
from divbench.report.layout import number, overall_table, spread
from divbench.report.networks import network_lines
from divbench.report.page.columns import BOUND, BOUNDS, PLOTTED, PlotColumn
from divbench.report.page.lines import Curves, read_curves
from divbench.report.page.looks import line_looks
from divbench.report.page.overlays import overlays
from divbench.report.page.stories import told_verdicts
from divbench.report.rewards import rewards_in_words
from divbench.report.scale import RETURN
from divbench.report.series import Cell
from divbench.verdict import KINDS
from divbench.verdict.rows import lane_of


def make_payload(evidences: Sequence[RunEvidence], against: Iterable = (), *, refresh: float | None = None,
                 now: str = "") -> dict:
    """The data of a page.

    Args:
      evidences: one for each run folder.
      against: published curves, as `overlays` takes them.
      refresh: seconds after which an open page is to load itself again; None for a page that stays as it is.
      now: the time of writing, told where a run is not finished yet.
    """
    curves = read_curves(evidences)
    names = run_names([evidence.path for evidence in evidences])
    cells = _cells(evidences)
    numbers = {key: place for place, key in enumerate(cells)}
    lanes = _lanes(evidences, curves)
    rewards = [rewards_in_words(evidence.rewards) for evidence in evidences]
    growing = any(evidence.tables.card.get("finished") is None for evidence in evidences)
    variants = list(dict.fromkeys(cell.variant for _, cell in cells))
    return {
        "title": _title(evidences),
        "growing": growing,
        "written": now if growing else "",
        "refresh": refresh if growing else None,
        "runs": [_run(name, evidence, evidences[0].path) for name, evidence in zip(names, evidences, strict=True)],
        "tasks": list(dict.fromkeys(cell.task for _, cell in cells)),
        "looks": line_looks(variants, len(evidences)),
        "verdicts": list(KINDS),
        "columns": [_column(column, evidences) for column in PLOTTED if _tells(curves.lanes.get(column.name, {}))],
        "cells": [_cell(key, curves) for key in cells],
        "lanes": [_lane(key, numbers, curves, verdict) | _rewards(rewards, key) for key, verdict in lanes.items()],
        "axes": curves.axes,
        "curves": {name: _listed(curves.lanes.get(name, {}), lanes) for name in _drawn(curves)},
        "middles": {name: _listed(curves.middles.get(name, {}), cells) for name in _drawn(curves)},
        "overall": [_overall(run, evidence) for run, evidence in enumerate(evidences) if evidence.overall.rows],
        "scores": [_score(run, row, numbers) for run, evidence in enumerate(evidences) for row in evidence.scores],
        "outcomes": {name: _outcomes(by_cell, curves.facts.get(BOUND.name, {}), numbers)
                     for name, by_cell in curves.facts.items()
                     if name not in bounds.NAMES and _tells(curves.lanes[name])},
        "bounds": [{"name": column.name, "label": column.label} for column in BOUNDS],
        "notes": {"bound": bounds.NOTE, "short": bounds.SHORT, "short_note": bounds.SHORT_NOTE},
        "words": {name: metric.meaning for name, metric in METRICS.items()} | {"critical_point": NOTE_CRITICAL},
        "published": overlays(against, list(dict.fromkeys(cell.task for _, cell in cells)),
                              {evidence.facts.action_repeat for evidence in evidences}),
    }


def _column(column: PlotColumn, evidences: Sequence[RunEvidence]) -> dict:
    """The record of a column; scores are called what they are, if all runs have the same."""
    metrics = {evidence.facts.metric for evidence in evidences}
    if column.table != "scores" or metrics == {RETURN} or len(metrics) > 1:
        return column.record()
    return {**column.record(), "label": metrics.pop(), "meaning": "A metric of the imported results.", "unit": "",
            "formula": "as the imported files have it", "source": "imported"}


def run_names(paths: Sequence[Path]) -> list[str]:
    """A short name for each run folder: the folder's own, numbered where two are equal."""
    plain = [path.resolve().name for path in paths]
    seen: Counter = Counter()
    names = []
    for name in plain:
        seen[name] += 1
        names.append(name if plain.count(name) == 1 else f"{name} ({seen[name]})")
    return names


def _title(evidences: Sequence[RunEvidence]) -> str:
    return " and ".join(dict.fromkeys(evidence.facts.suite for evidence in evidences))


def _run(name: str, evidence: RunEvidence, first: Path) -> dict:
    card, facts = evidence.tables.card, evidence.facts
    return {
        "name": name, "folder": os.path.relpath(evidence.path.resolve(), first.resolve()),
        "suite": facts.suite, "state": facts.state, "growing": card.get("finished") is None,
        "primes": facts.primes, "caption": facts.caption(),
        "facts": [["physics", facts.physics], ["device", facts.device], ["precision", facts.precision],
                  ["action repeat", facts.action_repeat], ["network", facts.network], ["UTD", ", ".join(facts.utd)],
                  ["seeds", facts.seeds_text], *(["size", line] for line in network_lines(card)),
                  ["state", facts.state], *(["note", note] for note in evidence.notes),
                  ["command", str(card.get("command", ""))],
                  ["platform", str(card.get("platform", ""))]],
        "versions": {str(package): str(version) for package, version in card.get("versions", {}).items()},
        "sessions": len(card.get("sessions", ())),
        "settings": card.get("settings", {}),
        "imported": card.get("imported"),
    }


def _cells(evidences: Sequence[RunEvidence]) -> dict[tuple[int, Cell], None]:
    """Every cell with its run: by task, then UTD, variant and run, as the runs' settings order them."""
    from divbench.report.series import sorted_cells

    found = {(run, cell): None for run, evidence in enumerate(evidences)
             for cell in [*(row.cell for row in evidence.scores), *(row.cell for row in evidence.q), *evidence.counts]}
    order = tuple(tuple(name for evidence in evidences for name in evidence.facts.order[i]) for i in range(3))
    return {(run, cell): None for cell in sorted_cells(dict.fromkeys(cell for _, cell in found), order)
            for run in range(len(evidences)) if (run, cell) in found}


def _lanes(evidences: Sequence[RunEvidence], curves: Curves) -> dict[tuple, Mapping]:
    """Every lane, in the order of the cells, with its row of verdicts; an empty one where it has none."""
    rows = {(run, Cell(row["task"], row["variant"], str(row["utd"])), row["seed"]): row
            for run, evidence in enumerate(evidences) for row in _verdicts(evidence)}
    found = {**dict.fromkeys(rows), **dict.fromkeys(key for _, key in curves.places if len(key) == 3)}
    rank = {key: place for place, key in enumerate(_cells(evidences))}
    kept = (key for key in found if key[:2] in rank)
    return {key: rows.get(key, {}) for key in sorted(kept, key=lambda key: (rank[key[:2]], key[2]))}


def _verdicts(evidence: RunEvidence) -> list[dict]:
    """The rows of verdicts, each with its lane's critical point in a run that was measured for them."""
    rows, points = told_verdicts(evidence.tables), evidence.critical_points()
    if points is None:
        return rows
    found = (points.get(lane_of(row)) for row in rows)
    return [row | {"critical_point": point and point.update} for row, point in zip(rows, found, strict=True)]


def _cell(key: tuple[int, Cell], curves: Curves) -> dict:
    run, cell = key
    return {"run": run, "task": cell.task, "variant": cell.variant, "utd": cell.utd,
            "axes": {table: curves.places[table, key] for table in ("scores", "values")
                     if (table, key) in curves.places}}


def _lane(key: tuple, cells: Mapping, curves: Curves, verdict: Mapping) -> dict:
    lane = {"cell": cells[key[:2]], "seed": key[2],
            "axes": {table: curves.places[table, key] for table in ("scores", "values")
                     if (table, key) in curves.places}}
    if verdict:
        warning = verdict.get("warning")
        lane |= {name: verdict[name] for name in ("verdict", "env_step", "update", "cause", "first_cause",
                                                  "first_update", "explanation")}
        lane["warning"] = None if warning is None or math.isnan(warning) else share(warning)
        lane |= {name: verdict[name] for name in ("explained_now", "critical_point") if name in verdict}
    return lane


def _rewards(rewards: Sequence[Mapping[tuple, str]], key: tuple) -> dict:
    """What a lane could learn from, in words, where it was measured."""
    run, cell, seed = key
    words = rewards[run].get((*cell, seed))
    return {"rewards": words} if words else {}


def _drawn(curves: Curves) -> list[str]:
    return [column.name for column in (*PLOTTED, *BOUNDS) if _tells(curves.lanes.get(column.name, {}))]


def _tells(by_lane: Mapping[tuple, str]) -> bool:
    """Whether any number of a column is not 0: nobody looks for the curves of resets in a run without any."""
    return any(not set(text.partition(";")[2] or text) <= {"0", ","} for text in by_lane.values())


def _listed(by_key: Mapping, keys: Iterable) -> list[str]:
    return [by_key.get(key, "") for key in keys]


def _overall(run: int, evidence: RunEvidence) -> dict:
    """The table over all tasks as `summary.md` has it, as text."""
    table = overall_table(evidence.overall)
    return {"run": run, "title": table.title, "note": table.note, "rows": table.rows,
            "columns": [{"label": column.heading, "number": column.right} for column in table.columns]}


def _score(run: int, row: ScoreRow, cells: Mapping) -> dict:
    return {"cell": cells[run, row.cell], "mean": spread(row), "low": number(row.low), "high": number(row.high),
            "seeds": row.finite, "of": row.seeds, "step": row.env_step, "update": row.update}


def _outcomes(by_cell: Mapping[tuple[int, Cell], dict], bounds: Mapping, cells: Mapping) -> list[dict]:
    """One row for each cell that has numbers of a column, as text, with the largest bound of its lanes and how many
    times larger the number of its reference is."""
    shown = {key: facts for key, facts in by_cell.items() if key in cells}
    references = {(run, cell): (run, reference) for run in {run for run, _ in shown}
                  for cell, reference in find_references([cell for own, cell in shown if own == run]).items()}
    return [_outcome(facts, shown[references[key]], bounds.get(key, {}).get("high"))
            | {"cell": cells[key], "reference": references[key][1].variant} for key, facts in shown.items()]


def _outcome(own: dict, reference: dict, bound: float | None) -> dict:
    same_point = (own["step"], own["update"]) == (reference["step"], reference["update"])
    ratio = times_larger(reference["final"], own["final"], same_point=same_point,
                         reference_whole=reference is own or reference["seeds"] == reference["of"],
                         own_whole=reference is own or own["seeds"] == own["of"])
    texts = {name: number(own[name]) for name in ("final", "low", "high", "peak")}
    return own | texts | {"share": number(own.get("share")), "bound": number(bound), "against": number(ratio)}
