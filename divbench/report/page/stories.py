"""The verdicts of a run with an explanation for every lane: where the table has none, worked out from the values.

Runs of an older schema have verdicts without first cause, explanation and warning. The rules are in `divbench.verdict`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.verdict import verdict_rows
from divbench.verdict.rows import lane_of

if TYPE_CHECKING:
    from divbench.records.tables import Tables

ADDED = ("first_cause", "first_update", "explanation", "warning")


def told_verdicts(tables: Tables) -> list[dict]:
    """The rows of the table of verdicts.

    A row without explanation gets what today's rules say of its lane's values, and `explained_now`, if they come to the
    verdict that was recorded; a verdict itself is never changed.

    Args:
      tables: a `divbench.records.tables.Tables`.
    """
    rows = tables.verdicts.to_pylist()
    if not rows or any(row["explanation"] for row in rows) or not tables.values.num_rows:
        return rows
    judged = {lane_of(row): row for row in verdict_rows(tables.values.to_pylist())}
    return [_told(row, judged.get(lane_of(row), {})) for row in rows]


def _told(row: dict, judged: dict) -> dict:
    if any(judged.get(name) != row[name] for name in ("verdict", "update")):
        return row
    return row | {name: judged[name] for name in ADDED} | {"explained_now": True}
