"""A comparison as one JSON object."""

from __future__ import annotations

import dataclasses

from divbench.report.compare.decisions import Row
from divbench.report.compare.result import Result
from divbench.report.compare.wording import headline, row_place, speed_loss, speed_share, unscaled


def record(result: Result) -> dict:
    """The comparison as plain JSON values, those of `compare --json`.

    Args:
      result: what `compare` returned.

    Returns:
      The keys of docs/json.md. Differences are in the units of `--margin`; of q, means are Q itself.
    """
    request = result.request
    return {
        "decision": result.decision, "exit_code": result.exit_code, "headline": headline(result),
        "baseline": request.baseline, "new": request.new, "lanes": list(result.lanes),
        "confidence": request.confidence, "paired": request.paired, "strict": request.strict,
        "failures": [dataclasses.asdict(failure) for failure in result.failures],
        "rows": [_row_record(row) for row in result.rows],
        "verdicts": [{**change.cell._asdict(), "baseline": change.baseline, "new": change.new, "worse": change.worse}
                     for change in result.verdicts],
        "versions": [{**row._asdict(), "changed": row.changed} for row in result.versions],
        "settings": [row._asdict() for row in result.settings], "notes": list(result.notes),
    }


def _as_it_is(effect: float | None) -> float | None:
    return effect


def _row_record(row: Row) -> dict:
    scaled = speed_share if row.metric == "speed" else _as_it_is
    estimate = row.difference
    return {
        "metric": row.metric, **(row.cell._asdict() if row.cell else {"task": None, "variant": None, "utd": None}),
        "over": row.label or None, "seeds": list(row.seeds), "not_finite": list(row.lost),
        "newly_not_finite": list(row.lost_anew), "baseline": unscaled(row, row.baseline),
        "new": unscaled(row, row.new), "difference": scaled(estimate.effect), "low": scaled(estimate.low),
        "high": scaled(estimate.high), "chance": row.chance,
        "margin": speed_loss(row.margin) if row.metric == "speed" else abs(row.margin),
        "decision": row.decision, "seeds_needed": row.needed, "at": row_place(row), "env_step": _spans(row, 0),
        "update": _spans(row, 1), "obstacle": row.obstacle,
    }


def _spans(row: Row, coordinate: int) -> dict | None:
    """The first and last env step, or update, of both sides' points; None where there is none, or it is not known."""
    sides = [[point[coordinate] for point in points] for points in row.points]
    if not all(sides) or min(map(min, sides)) < 0:
        return None
    return {name: [min(side), max(side)] for name, side in zip(("baseline", "new"), sides, strict=True)}
