"""Write the report of a run folder: tables as Markdown and CSV, curves as PNG and SVG, a page; print the summary.

Everything goes to `report/` inside the run folder; each file appears whole or not at all.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from divbench.report.evidence import RunEvidence, gather
from divbench.report.lanes import lanes_section
from divbench.report.latex import latex_table
from divbench.report.layers import layer_table
from divbench.report.layout import count_table, lane_table, overall_table, q_table, score_table
from divbench.report.markdown import markdown_report, markdown_table, overall_csv, q_csv, score_csv
from divbench.report.networks import network_table
from divbench.report.rewards import reward_rows, reward_table, rewards_in_words

FOLDER = "report"


def report(path: str | os.PathLike, *, quiet: bool = False, html: bool = False,
           others: Sequence[str | os.PathLike] = (), against: Iterable | None = None) -> list[Path]:
    """`write_report`, and the summary on the terminal unless `quiet`.

    Returns:
      The files written.
    """
    evidence, files = write_report(path, html=html, others=others, against=against)
    if not quiet:
        from divbench.report.summary import show_summary

        show_summary(evidence)
    return files


def write_report(path: str | os.PathLike, *, html: bool = False, others: Sequence[str | os.PathLike] = (),
                 against: Iterable | None = None) -> tuple[RunEvidence, list[Path]]:
    """Turn a run folder, finished or still growing, into tables and pictures.

    Args:
      path: the run folder.
      html: write the page `report.html` too.
      others: more run folders, in the page only.
      against: published curves, in the page only; see `divbench.report.page.write.write_page`.

    Returns:
      What was read, and the files written. A picture without any number to draw is not written.

    Raises:
      UsageError: a missing, foreign or damaged folder, or one that cannot be written.
    """
    evidence = gather(path)
    folder = evidence.path / FOLDER
    files = contents(evidence)
    if html:
        from divbench.report.page.write import NAME, distinct, page

        _, *more = distinct([path, *others])
        files[NAME] = page([evidence, *map(gather, more)], against)
    write_files(folder, files, "report")
    return evidence, [folder / name for name in files]


def report_record(evidence: RunEvidence, files: Sequence[Path]) -> dict:
    """The report for programs: facts, aggregates, notes, scores, sizes of Q, verdicts and files."""
    def row(record: Any) -> dict:
        fields = {f.name: getattr(record, f.name) for f in dataclasses.fields(record) if f.name != "cell"}
        return {**record.cell._asdict(), **fields}

    return {"facts": evidence.facts, "overall": evidence.overall, "notes": evidence.notes,
            "scores": list(map(row, evidence.scores)), "q": list(map(row, evidence.q)),
            "verdicts": list(map(row, evidence.lanes)), "files": files}


def write_files(folder: Path, files: Mapping[str, bytes], what: str) -> None:
    """Write files by name, in order, each so that it is there as a whole or not at all; the folder is made.

    Raises:
      UsageError: they cannot be written; it says `what` they are.
    """
    from divbench.records.durable import write_atomically
    from divbench.spec.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(folder / name, content)
    except OSError as error:
        raise UsageError(f"{folder}: {what} cannot be written ({error.strerror})") from None


def contents(evidence: RunEvidence) -> dict[str, bytes]:
    """The files of a report by name: pictures as far as there is something to draw, then tables."""
    from divbench.report.figures import FORMATS, learning_figure, q_figure, render
    from divbench.report.overall_figure import overall_figure

    files, pictures = {}, []
    figures = {
        "learning_curves": learning_figure(evidence.tables, evidence.facts),
        "q_curves": q_figure(evidence.tables, evidence.facts),
        "all_tasks": overall_figure(evidence.tables, evidence.facts, evidence.overall),
    }
    for name, figure in figures.items():
        if figure is not None:
            files.update({f"{name}.{kind}": render(figure, kind) for kind in FORMATS})
            pictures.append(f"{name}.png")
    tables = [
        count_table(evidence.counts),
        overall_table(evidence.overall),
        score_table(evidence.scores, evidence.facts.metric),
        q_table(evidence.q),
        lane_table(evidence.lanes),
        reward_table(reward_rows(evidence.rewards)),
        network_table(evidence.tables.card),
    ]
    for name, table in zip(("verdicts", "overall", "scores", "q"), tables, strict=False):
        if table.rows:
            files[f"{name}.tex"] = latex_table(name, table, evidence.facts).encode()
    files["summary.md"] = markdown_report(evidence.facts, tables, pictures, evidence.notes).encode()
    explained = lanes_section(evidence.tables.verdicts.to_pylist(), evidence.critical_points(),
                              rewards_in_words(evidence.rewards))
    if explained:
        files["lanes.md"] = explained.encode()
    layers = layer_table(evidence.tables.values, evidence.tables.diagnostics, evidence.lanes)
    if layers.rows:
        files["layers.md"] = markdown_table(layers, evidence.facts).encode()
    files["summary.csv"] = score_csv(evidence.scores).encode()
    files["q.csv"] = q_csv(evidence.q).encode()
    if evidence.overall.rows:
        files["overall.csv"] = overall_csv(evidence.overall.rows).encode()
    return files
