"""The raw rows in a page: tables as CSV, compressed, as text; left out where they are too large.

A page unpacks them when they are asked for. The files themselves stay in the run folder's `tables/`.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence

from divbench.records.folder import TABLES_FOLDER
from divbench.records.tables import to_csv
from divbench.report.evidence import RunEvidence

BUDGET = 1_000_000  # characters of all tables of a page together
MOST_CELLS = 400_000  # of a table; beyond, it is not even tried
OFFERED = ("scores", "values", "verdicts", "diagnostics")


def raw_tables(evidences: Sequence[RunEvidence], names: Sequence[str]) -> list[dict]:
    """Every table with rows: `run`, `table`, `rows`, `file`, and `data`, base64 of the gzipped CSV, or None.

    Args:
      evidences: the runs.
      names: their names, for the names of the files that a reader saves.
    """
    left, found = BUDGET, []
    for place, (evidence, name) in enumerate(zip(evidences, names, strict=True)):
        for table in OFFERED:
            arrow = getattr(evidence.tables, table)
            if not arrow.num_rows:
                continue
            data = _packed(evidence, table) if arrow.num_rows * arrow.num_columns <= MOST_CELLS else None
            data = data if data is not None and len(data) <= left else None
            left -= len(data or "")
            found.append({"run": place, "table": table, "rows": arrow.num_rows, "file": f"{name}-{table}.csv",
                          "where": f"{TABLES_FOLDER}/{table}.csv", "data": data})
    return found


def _packed(evidence: RunEvidence, table: str) -> str:
    """The CSV of a table: the run's own file where it is finished, else of what it has so far."""
    file = evidence.path / TABLES_FOLDER / f"{table}.csv"
    finished = evidence.tables.card.get("finished") is not None
    content = file.read_bytes() if finished and file.is_file() else \
        to_csv(table, getattr(evidence.tables, table).to_pylist())
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
