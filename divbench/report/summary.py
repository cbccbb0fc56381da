"""The report on a terminal: header, verdict of each lane, scores, sizes of Q, and where the files lie.

Plain text without colour where the output is no terminal; nothing is cut off at 80 columns.
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.report.evidence import RunEvidence, gather
from divbench.report.facts import Facts
from divbench.report.layout import (
    LaneVerdict,
    TextTable,
    count_table,
    lane_table,
    overall_table,
    q_table,
    score_table,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_LANES = 60  # beyond, stable lanes are counted and no longer listed
WIDE = 110  # columns from which spare columns are shown
UNBOUNDED = 10_000  # columns: a table is measured as if there were no edge
STYLES = {
    "stable": "green",
    "overestimating": "yellow",
    "recovered": "cyan",
    "diverged": "bold red",
    "exploded": "bold magenta",
}


def print_summary(path: str | os.PathLike, console: Console | None = None) -> None:
    """Print what a run folder holds so far.

    Args:
      path: a run folder, finished or growing.
      console: a `rich.console.Console`; by default one on standard output.

    Raises:
      UsageError: no such folder.
    """
    show_summary(gather(path), console)


def show_summary(evidence: RunEvidence, console: Console | None = None) -> None:
    """`print_summary` of a folder that is read already."""
    from rich.console import Console

    console = console or Console()
    facts = evidence.facts
    _header(console, facts)
    for note in evidence.notes:
        _say(console, f"note: {note}")
    _lanes(console, evidence.lanes, many_utd=len(facts.utd) > 1)
    if len(evidence.lanes) > MOST_LANES:
        _table(console, count_table(evidence.counts), facts)
    if evidence.overall.rows:
        _table(console, overall_table(evidence.overall), facts)
    if evidence.scores:
        _table(console, score_table(evidence.scores, facts.metric), facts)
    if evidence.q:
        _table(console, q_table(evidence.q), facts)
    if not (evidence.scores or evidence.q):
        console.print("\nNothing is recorded yet.")
    _places(console, evidence.path)


def _header(console: Console, facts: Facts) -> None:
    from rich.text import Text

    console.print(Text.assemble((f"divbench {facts.suite}", "bold"), f"  {facts.state}"))
    _say(
        console,
        f"physics {facts.physics}, action repeat {facts.action_repeat}, {facts.utd_text}, {facts.seeds_text}",
    )
    _say(console, f"network {facts.network}, precision {facts.precision}, device {facts.device}")
    _say(console, ", ".join(facts.versions))


def _lanes(console: Console, lanes: list[LaneVerdict], *, many_utd: bool) -> None:
    """One line per lane. Causes are on that line where all fit; else below, those of stable lanes left out."""
    from rich.text import Text

    listed = lanes if len(lanes) <= MOST_LANES else [lane for lane in lanes if lane.verdict != "stable"]
    if not listed:
        return
    table = lane_table(listed)
    shown = [i for i, column in enumerate(table.columns[:-1]) if column.heading != "UTD" or many_utd]
    widths = {i: max(len(row[i]) for row in (table.headings, *table.rows)) for i in shown}
    room = console.width - sum(width + 2 for width in widths.values())
    beside = all(len(row[-1]) <= room for row in table.rows)

    def line(row: tuple[str, ...], style: str) -> Text:
        text = Text()
        for i in shown:
            cell = row[i].rjust(widths[i]) if table.columns[i].right else row[i].ljust(widths[i])
            text.append(f"{cell}  ", style=style if table.columns[i].heading == "verdict" else "")
        text.append(row[-1] if beside else "")
        text.rstrip()
        return text

    _title(console, "Verdicts" if len(listed) == len(lanes) else "Verdicts of the lanes that are not stable")
    header = line(table.headings, "")
    header.stylize("bold")
    console.print(header, soft_wrap=True)
    task = listed[0].cell.task
    for lane, row in zip(listed, table.rows, strict=True):
        if lane.cell.task != task:
            console.print()
            task = lane.cell.task
        console.print(line(row, STYLES.get(lane.verdict, "")), soft_wrap=True)
        if lane.verdict != "stable" and not beside:
            _say(console, lane.cause, indent="    ")


def _table(console: Console, table: TextTable, facts: Facts) -> None:
    """The table and its note, without the columns that can be spared where there is no room for all."""
    from rich.measure import Measurement

    def width(grid: Table) -> Measurement:
        return Measurement.get(console, console.options.update(width=UNBOUNDED), grid)

    grid = _grid(table, facts)
    if console.width < WIDE or width(grid).maximum > console.width:
        grid = _grid(table.compact(), facts)
    _title(console, table.title)
    # Long names can need more than there is: lines then run over, but no figure is cut off.
    console.print(grid, width=max(console.width, width(grid).minimum), crop=False)
    _say(console, f"{table.note}.")


def _grid(table: TextTable, facts: Facts) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = [i for i, column in enumerate(table.columns) if column.heading != "UTD" or len(facts.utd) > 1]
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for i in shown:
        column = table.columns[i]
        may_fold = column.heading == "variant"
        grid.add_column(
            Text(column.heading),
            justify="right" if column.right else "left",
            overflow="fold",
            min_width=None if may_fold else max([len(row[i]) for row in table.rows]),
        )
    task = table.rows[0][0]
    for row in table.rows:
        first = row is table.rows[0]
        if table.columns[0].heading == "task" and row[0] != task:
            grid.add_section()
            task, first = row[0], True
        named = first or table.columns[0].heading != "task"
        grid.add_row(*(Text(row[i] if i or named else "") for i in shown))
    return grid


def _title(console: Console, title: str) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(title, style="bold underline"))


def _say(console: Console, text: str, indent: str = "") -> None:
    """Dim text, wrapped at words without trailing blanks."""
    from rich.text import Text

    wrapper = textwrap.TextWrapper(
        console.width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    for line in wrapper.wrap(text):
        console.print(Text(line, style="dim"), soft_wrap=True)


def _places(console: Console, path: Path) -> None:
    """Where the tables and pictures lie, as far as they exist."""
    from rich.text import Text

    places = [
        ("tables", path / "tables", "*.csv"),
        ("summary", path / "report", "*.md"),
        ("pictures", path / "report", "*.png"),
    ]
    found = [
        (what, folder, sorted(file.name for file in folder.glob(pattern)))
        for what, folder, pattern in places
        if folder.is_dir()
    ]
    found = [entry for entry in found if entry[2]]
    if found:
        console.print()
    for what, folder, names in found:
        console.print(
            Text.assemble((f"{what:<9}", "bold"), f"{folder}{os.sep}: {', '.join(names)}"), soft_wrap=True
        )
