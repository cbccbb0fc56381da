"""The journal: an append-only file of result rows, one JSON line each.

Rows are written here while a run trains and turned into sorted tables by `tables`. A checkpoint remembers
the journal's length; a continued run truncates to it, so that every row is written exactly once.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from divbench.records.schema import HIDDEN, TABLES, check_rows, column_names, completed_row
from divbench.spec.errors import UsageError


class Journal:
    """An append-only file of rows. Making one touches nothing; the file appears with the first `append` or
    `flush`.

    Numbers are written by `repr` and read back bit for bit, NaN and the infinities included. Lines that a
    kill left half-written are ignored by `rows` and removed before the first `append`.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self._file: BinaryIO | None = None

    def append(self, table: str, rows: Iterable[Mapping]) -> None:
        """Add rows of one table. Readers see them at once; they survive a power cut after the next `flush`.

        Raises:
          ValueError: rows that do not fit the table's schema; nothing is added then.
        """
        lines = [json.dumps({"table": table, "row": row}) + "\n" for row in check_rows(table, rows)]
        file = self._opened()
        file.write("".join(lines).encode())
        file.flush()

    def flush(self) -> int:
        """Force all rows to disk; returns the length of the journal in bytes."""
        file = self._opened()
        os.fsync(file.fileno())
        return file.tell()

    def truncate(self, offset: int) -> None:
        """Forget every row after the first `offset` bytes, a value that `flush` returned.

        Raises:
          UsageError: the file is shorter than that, or does not end a line there: it was changed from
            outside.
        """
        self.close()
        content = self._read()
        if len(content) < offset or (offset and content[offset - 1:offset] != b"\n"):
            raise UsageError(f"{self.path}: shorter or other than when the checkpoint was taken, so the run "
                             f"cannot be continued; --force starts over")
        if len(content) > offset:
            os.truncate(self.path, offset)

    def rows(self, *, older: bool = False) -> dict[str, list[dict]]:
        """All rows, by table, in the order of writing; every table of the schema is a key.

        Args:
          older: the journal may be of an older schema; columns that have come since then hold "not measured".

        Raises:
          UsageError: a whole line is damaged.
        """
        tables: dict[str, list[dict]] = {table: [] for table in TABLES}
        known = {table: set(column_names(table)) for table in TABLES}
        for number, line in enumerate(self._read().split(b"\n")[:-1], start=1):
            try:
                entry = json.loads(line)
                table, row = entry["table"], entry["row"]
                if older and row.keys() <= known[table] | {HIDDEN}:
                    row = completed_row(table, row)
                if row.keys() != known[table]:
                    raise ValueError("columns")
                tables[table].append(row)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise UsageError(f"{self.path}: line {number} is damaged; --force starts over") from None
        return tables

    def close(self) -> None:
        """Close the file; a later `append` opens it again. `append` has reported what could not be written."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            content = self._read()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.truncate(self.path, whole)
            self._file = open(self.path, "ab")
        return self._file

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read ({error.strerror})") from None
