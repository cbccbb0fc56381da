"""The report as Markdown and CSV text. Every table carries a caption with the facts of the run."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable

from divbench.report.aggregate import QRow, ScoreRow
from divbench.report.facts import Facts
from divbench.report.layout import TextTable
from divbench.report.overall import OverallRow


def markdown_table(table: TextTable, facts: Facts) -> str:
    """A pipe table with its note and the caption of facts below."""
    widths = [
        max([len(column.heading), 3, *(len(_escaped(row[i])) for row in table.rows)])
        for i, column in enumerate(table.columns)
    ]
    right = [column.right for column in table.columns]
    lines = [
        _pipes([column.heading for column in table.columns], widths, right),
        "|"
        + "|".join(
            f"{'-' * (width + 1)}:" if column.right else f"{'-' * (width + 2)}"
            for column, width in zip(table.columns, widths, strict=True)
        )
        + "|",
    ]
    lines += [_pipes([_escaped(cell) for cell in row], widths, right) for row in table.rows]
    return "\n".join(
        [f"## {table.title}", "", *lines, "", f"*{facts.caption()}.* {_sentence(table.note)}", ""]
    )


def markdown_report(facts: Facts, tables: list[TextTable], pictures: list[str], notes: Iterable[str] = ()) -> str:
    """The whole summary: facts, what does not count, tables, and the pictures by file name."""
    head = [f"# {facts.suite}", "", f"{_sentence(facts.caption())}"]
    head.append(f"Device: {facts.device}. State: {facts.state}.")
    if facts.versions:
        head.append(f"Versions: {', '.join(facts.versions)}.")
    head += ["", *(f"- {_escaped(note)}." for note in notes)] if notes else []
    body = [markdown_table(table, facts) for table in tables if table.rows]
    if not body:
        body = ["Nothing is recorded yet.\n"]
    images = [f"![{name.rsplit('.', 1)[0].replace('_', ' ')}]({name})\n" for name in pictures]
    return "\n".join(["\n".join([*head, ""]), *body, *images])


def score_csv(rows: list[ScoreRow]) -> str:
    """`ScoreRow`s, one per line, full precision."""
    return _csv(ScoreRow, rows)


def q_csv(rows: list[QRow]) -> str:
    """`QRow`s, one per line, full precision."""
    return _csv(QRow, rows)


def overall_csv(rows: Iterable[OverallRow]) -> str:
    """`OverallRow`s, one per line, full precision. An estimate has four columns: the number, the ends of its interval
    and the interval's measured coverage. Wins by seed have four, the sign test's p-value in the last."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    estimates = [field.name for field in dataclasses.fields(OverallRow)][4:-1]
    parts, pairs = ("effect", "low", "high", "level"), ("wins", "losses", "ties", "chance")
    writer.writerow(["variant", "utd", "seeds", "lost",
                     *(name if part == "effect" else f"{name}_{part}" for name in estimates for part in parts),
                     "wins", "losses", "ties", "sign_test"])
    for row in rows:
        found = [getattr(getattr(row, name), part, None) for name in estimates for part in parts]
        found += [getattr(row.wins, part, None) for part in pairs]
        writer.writerow([row.variant, row.utd, row.seeds, row.lost, *("" if x is None else x for x in found)])
    return text.getvalue()


def _csv(kind: type, rows: list) -> str:
    names = [field.name for field in dataclasses.fields(kind) if field.name != "cell"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["task", "variant", "utd", *names])
    for row in rows:
        values = [getattr(row, name) for name in names]
        writer.writerow([*row.cell, *("" if value is None else value for value in values)])
    return text.getvalue()


def _pipes(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = [
        cell.rjust(width) if flush else cell.ljust(width)
        for cell, width, flush in zip(cells, widths, right, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", " ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
