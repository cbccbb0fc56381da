"""All that a report says about one run folder, read and aggregated once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.report.aggregate import (
    Q_COLUMNS,
    SCORE_COLUMNS,
    QRow,
    ScoreRow,
    q_rows,
    score_rows,
    verdict_counts,
)
from divbench.report.counting import count_lanes
from divbench.report.facts import Facts, read_facts
from divbench.report.layout import LaneVerdict, read_lanes, unlike_text
from divbench.report.overall import Overall, overall
from divbench.report.pairing import why_unpaired
from divbench.report.rewards import REWARD_COLUMNS
from divbench.report.series import Cell, Cells, read_cells, stopped_lanes

if TYPE_CHECKING:
    import pyarrow

    from divbench.records.tables import Tables
    from divbench.verdict import CriticalPoint


@dataclasses.dataclass(frozen=True)
class RunEvidence:
    """A run folder as the report sees it.

    Attributes:
      path: the run folder.
      tables: its `divbench.records.tables.Tables`; a growing run is judged by what it has so far.
      facts: suite, physics, seeds, ...
      scores, q: one row per (task, variant, UTD).
      overall: the returns of all tasks together.
      lanes: every lane's verdict.
      counts: verdicts per (task, variant, UTD).
      notes: lanes and tasks that do not count in tables, a sentence each.
      left_out: the lanes that do not count, by `scores` and `values`.
    """

    path: Path
    tables: Tables
    facts: Facts
    scores: list[ScoreRow]
    q: list[QRow]
    overall: Overall
    lanes: list[LaneVerdict]
    counts: dict[Cell, dict[str, int]]
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, set[tuple[Cell, int]]] = dataclasses.field(default_factory=dict)

    @property
    def rewards(self) -> Cells:
        """The rewards of all lanes' replays over time, columns `REWARD_COLUMNS`."""
        return read_cells(self.tables.values, REWARD_COLUMNS, self.facts.order, stopped_lanes(self.tables.values),
                          last_words=True)

    def critical_points(self) -> dict[tuple, CriticalPoint] | None:
        """Those of lanes that have one, by (task, variant, UTD, seed); None if the run was not measured for them, which
        `--diagnose seem` does."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from divbench.verdict.critical_point import RESTING, critical_points

        details = self.tables.diagnostics
        resting = details.filter(pc.is_in(details["metric"], value_set=pa.array(RESTING))).to_pylist()
        return critical_points(self.tables.values.to_pylist(), resting) if resting else None


def gather(path: str | os.PathLike) -> RunEvidence:
    """Read a run folder, finished or growing.

    Raises:
      UsageError: a missing or foreign folder, a damaged card, journal or table.
    """
    from divbench.records.tables import load

    return weigh(load(path), Path(path))


def weigh(tables: Tables, path: Path) -> RunEvidence:
    """`gather` for tables that are loaded already."""
    if tables.verdicts.num_rows == 0 and tables.values.num_rows:
        tables = dataclasses.replace(tables, verdicts=_judge_now(tables.values))
    facts = read_facts(tables)
    stopped = stopped_lanes(tables.values)
    finished = tables.card.get("finished") is not None
    scores = read_cells(tables.scores, SCORE_COLUMNS, facts.order, stopped)
    values = read_cells(tables.values, Q_COLUMNS, facts.order, stopped, last_words=True)
    returns, q_values = (count_lanes(cells, finished=finished) for cells in (scores, values))
    together = overall(returns.cells, facts.metric, why_unpaired(tables.card))
    notes = dict.fromkeys([*returns.notes, *q_values.notes, *_unlike(together)])
    return RunEvidence(
        path,
        tables,
        facts,
        score_rows(returns.cells),
        q_rows(q_values.cells, stopped),
        together,
        read_lanes(tables.verdicts, facts.order),
        verdict_counts(tables.verdicts, facts.order),
        tuple(notes),
        {"scores": returns.lacking(scores), "values": q_values.lacking(values)},
    )


def _unlike(together: Overall) -> list[str]:
    """Named here where there is no table over all tasks that could name them, though there are several tasks."""
    several = len(together.tasks) + len(together.missing) + len(together.unlike) > 1
    return [f"no numbers over all tasks: {unlike_text(together)}"] if together.unlike and several and not (
        together.rows) else []


def _judge_now(values: pyarrow.Table) -> pyarrow.Table:
    from divbench.records.schema import check_rows
    from divbench.records.tables import to_arrow
    from divbench.verdict import verdict_rows

    return to_arrow("verdicts", check_rows("verdicts", verdict_rows(values.to_pylist())))
