"""From journals to tables: sorted Parquet files with CSV twins, and reading them back.

Equal rows give equal bytes: rows are sorted, row groups have a fixed size, and nothing of the machine or the
time goes into a file. Verdicts are judged elsewhere and handed in. No jax is imported here.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.records.durable import write_atomically
from divbench.records.folder import GROUPS, RESULTS, TABLES_FOLDER, TIMING, read_card
from divbench.records.journal import Journal
from divbench.records.schema import (
    HIDDEN,
    INTEGER,
    NUMBER,
    RENEWED,
    SCHEMA_VERSION,
    TABLES,
    TEXT,
    check_rows,
    column_names,
    completed_row,
)
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    import pyarrow

ROWS_PER_GROUP = 65_536
COMPRESSION = "zstd"
FIRST_TABLES = ("scores", "values", "verdicts", "timing")  # of schema version 1


@dataclasses.dataclass(frozen=True)
class Tables:
    """The tables of a run folder, as `pyarrow.Table` (`.to_pandas()`, `.to_pylist()`), and its card.

    While a run trains, the tables hold what it has recorded so far, and `verdicts` has no rows: judge
    `values`.
    """

    scores: pyarrow.Table
    values: pyarrow.Table
    diagnostics: pyarrow.Table
    verdicts: pyarrow.Table
    timing: pyarrow.Table
    card: dict


def read_rows(path: str | os.PathLike, *, older: bool = False) -> dict[str, list[dict]]:
    """All rows in the journals of the run folder `path`, by table, sorted; the run may be unfinished.

    Args:
      older: the run may be of an older schema; columns that have come since then hold "not measured".

    Raises:
      UsageError: a damaged journal.
    """
    rows: dict[str, list[dict]] = {table: [] for table in TABLES}
    for folder in sorted((Path(path) / GROUPS).glob("*")):
        for name in (RESULTS, TIMING):
            for table, more in Journal(folder / name).rows(older=older).items():
                rows[table].extend(more)
    return {table: sort_rows(table, found) for table, found in rows.items()}


def sort_rows(table: str, rows: Iterable[dict]) -> list[dict]:
    """Rows by (task, variant, utd, seed, env_step, update), timing by group; otherwise in the order given."""
    if table == "timing":
        return sorted(rows, key=lambda row: row["group"])
    return sorted(rows, key=lambda row: (row["task"], row["variant"], Fraction(row["utd"]), row["seed"],
                                         row["env_step"], row["update"]))


def write_tables(path: str | os.PathLike, verdicts: Iterable[Mapping]) -> None:
    """Write `tables/<name>.parquet` and `.csv` of every table below the run folder `path`.

    Each file is replaced atomically. Scores, values and timing come from the journals.

    Args:
      path: the run folder, finished or still growing.
      verdicts: rows of the table of verdicts.

    Raises:
      UsageError: a damaged journal, or a folder that cannot be written.
    """
    rows = read_rows(path)
    rows["verdicts"] = sort_rows("verdicts", check_rows("verdicts", verdicts))
    folder = Path(path) / TABLES_FOLDER
    try:
        folder.mkdir(exist_ok=True)
        for table in TABLES:
            write_atomically(folder / f"{table}.parquet", to_parquet(to_arrow(table, rows[table])))
            write_atomically(folder / f"{table}.csv", to_csv(table, rows[table]))
    except OSError as error:
        raise UsageError(f"{folder}: tables cannot be written ({error.strerror})") from None


def load(path: str | os.PathLike) -> Tables:
    """The tables of a run folder: of a finished run as written, of a growing one from its journals.

    Columns that the schema of an older run did not have yet hold what "not measured" is in them: NaN, no text, -1.
    A folder with tables and without journals (published results) is read as that of a finished run.

    Args:
      path: the run folder, finished or not.

    Returns:
      An Arrow table for each table of the schema, and the card as a dictionary.

    Raises:
      UsageError: a missing or foreign folder, a damaged card, journal or table.
    """
    path = Path(path)
    card = read_card(path, older=True)
    version = card["schema_version"]
    growing = (path / GROUPS).is_dir() or not (path / TABLES_FOLDER).is_dir()
    if growing and card["finished"] is None:
        rows = read_rows(path, older=version != SCHEMA_VERSION)
        return Tables(**{table: to_arrow(table, rows[table]) for table in TABLES}, card=card)
    folder = path / TABLES_FOLDER
    return Tables(**{table: _read_parquet(folder / f"{table}.parquet", table, version) for table in TABLES}, card=card)


def to_arrow(table: str, rows: Iterable[Mapping]) -> pyarrow.Table:
    """Rows as an Arrow table with the schema's columns and types."""
    import pyarrow as pa

    types = {TEXT: pa.string(), INTEGER: pa.int64(), NUMBER: pa.float64()}
    schema = pa.schema([pa.field(c.name, types[c.kind], nullable=False) for c in TABLES[table]],
                       metadata={"divbench_schema_version": str(SCHEMA_VERSION)})
    rows = list(rows)
    columns = [pa.array([row[c.name] for row in rows], types[c.kind]) for c in TABLES[table]]
    return pa.Table.from_arrays(columns, schema=schema)


def to_parquet(table: pyarrow.Table) -> bytes:
    """A Parquet file, the same bytes for equal tables under equal versions of pyarrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, row_group_size=ROWS_PER_GROUP, compression=COMPRESSION,
                   version="2.6")
    return sink.getvalue().to_pybytes()


def to_csv(table: str, rows: Iterable[Mapping]) -> bytes:
    """A CSV file with a header; numbers by `repr`, so that they read back bit for bit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = column_names(table)
    writer.writerow(names)
    for row in rows:
        writer.writerow([row[name] if isinstance(row[name], str) else repr(row[name]) for name in names])
    return text.getvalue().encode()


def _read_parquet(path: Path, table: str, version: int) -> pyarrow.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.ParquetFile(io.BytesIO(path.read_bytes())).read()
    except FileNotFoundError:
        if version == 1 and table not in FIRST_TABLES:
            return to_arrow(table, [])
        raise UsageError(f"{path}: no such table; the run folder is not complete") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0][:120]
        raise UsageError(f"{path}: table cannot be read ({reason})") from None
    if version != SCHEMA_VERSION:
        found = _completed(found, table, version)
    if tuple(found.column_names) != column_names(table):
        columns = ", ".join(found.column_names)
        raise UsageError(f"{path}: expected the columns of table '{table}', found {columns}")
    return found


def _completed(found: pyarrow.Table, table: str, version: int) -> pyarrow.Table:
    """A table of an older schema in today's order; columns that have come or changed since hold "not measured"."""
    if not set(found.column_names) <= {*column_names(table), HIDDEN}:
        return found
    written = int((found.schema.metadata or {}).get(b"divbench_schema_version", version))  # verdicts may be judged anew
    changed = {name for name, since in RENEWED.get(table, {}).items() if written < since}
    kept = found.select([name for name in found.column_names if name not in changed])
    return to_arrow(table, [completed_row(table, row) for row in kept.to_pylist()])
