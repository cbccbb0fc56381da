"""CSV files with a header, row by row: which column is where, rows of the wrong length, a column of action repeats.

Shared by the dialects that are CSV. Columns that a dialect does not know, such as the row numbers that pandas writes,
are passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from divbench.records.dialects.lines import SourceFile
from divbench.records.dialects.numbers import read_whole
from divbench.records.dialects.request import check_repeat
from divbench.spec.errors import nearest

ACTION_REPEAT = "action_repeat"  # a column that any CSV may have


def read_columns(source: SourceFile, names: Sequence[str],
                 metric: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Line number and the cells of the named columns, for each row below the header.

    Args:
      source: the file.
      names: of the columns.
      metric: the one among them that a file of the dialect may lack, as it holds another.

    Raises:
      LeftOut: the metric's column alone is missing.
      UsageError: no header, missing or repeated columns, a row of another length, unreadable quoting, or action repeats
        that differ.
    """
    line = 0

    def texts() -> Iterator[str]:
        nonlocal line
        for number, text in source.lines():
            line = number
            yield text

    reader = csv.reader(texts(), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        places = _places(source, header, names, metric)
        repeat = header.index(ACTION_REPEAT) if ACTION_REPEAT in header else None
        for row in reader:
            if len(row) != len(header):
                raise source.refuse(f"expected {len(header)} cells as in the header, found {len(row)}", line)
            if repeat is not None:
                _note_repeat(source, row[repeat], line)
            yield line, [row[place] for place in places]
    except csv.Error as error:
        raise source.refuse(f"no readable CSV ({error})", line) from None


def _places(source: SourceFile, header: list[str], names: Sequence[str], metric: str | None) -> list[int]:
    missing = [name for name in names if name not in header]
    if missing:
        found = ", ".join(cell or "''" for cell in header) or "nothing"
        text = (f"expected the columns {', '.join(names)}; missing {', '.join(missing)}"
                f"{nearest(missing[0], header) or ','} found {found[:200]}")
        raise source.leave_out(f"{text}; --metric names another") if missing == [metric] else source.refuse(text)
    for name in (*names, ACTION_REPEAT):
        if header.count(name) > 1:
            raise source.refuse(f"column '{name}' stands there twice")
    return [header.index(name) for name in names]


def _note_repeat(source: SourceFile, text: str, line: int) -> None:
    try:
        repeat = check_repeat(read_whole(text, "the action repeat"), ACTION_REPEAT)
    except ValueError as error:  # a UsageError is one
        raise source.refuse(str(error), line) from None
    if source.repeat not in (None, repeat):
        raise source.refuse(f"mixed action repeats, {source.repeat} and {repeat}; a result folder has one", line)
    source.repeat = repeat
