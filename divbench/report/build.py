"""Write the report of a run folder: tables as Markdown and CSV, curves as PNG and SVG; print the summary.

Everything goes to `report/` inside the run folder; each file appears whole or not at all.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

from divbench.report.evidence import Evidence, gather
from divbench.report.lanes import lanes_section
from divbench.report.layout import count_table, lane_table, q_table, score_table
from divbench.report.markdown import markdown_report, q_csv, score_csv

FOLDER = "report"


def report(path: str | os.PathLike, *, quiet: bool = False, json: bool = False) -> list[Path]:
    """Turn a run folder, finished or still growing, into tables and pictures.

    Args:
      path: the run folder.
      quiet: print nothing.
      json: print one JSON object (facts, scores, q, verdicts, files) instead of tables; wins over `quiet`.

    Returns:
      The files written. A picture without any number to draw is not written.

    Raises:
      UsageError: a missing, foreign or damaged folder, or one that cannot be written.
    """
    from divbench.spec.errors import UsageError

    evidence = gather(path)
    folder = evidence.path / FOLDER
    files = {folder / name: content for name, content in contents(evidence).items()}
    try:
        folder.mkdir(exist_ok=True)
        for file, content in files.items():
            write_file(file, content)
    except OSError as error:
        raise UsageError(f"{folder}: report cannot be written ({error.strerror})") from None
    if json:
        _print_json(evidence, list(files))
    elif not quiet:
        from divbench.report.summary import show_summary

        show_summary(evidence)
    return list(files)


def write_file(file: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all."""
    from divbench.records.durable import write_atomically

    write_atomically(file, content)


def contents(evidence: Evidence) -> dict[str, bytes]:
    """The files of a report by name: pictures as far as there is something to draw, then tables."""
    from divbench.report.figures import FORMATS, learning_figure, q_figure, render

    files, pictures = {}, []
    for name, make in (("learning_curves", learning_figure), ("q_curves", q_figure)):
        figure = make(evidence.tables, evidence.facts)
        if figure is not None:
            files.update({f"{name}.{kind}": render(figure, kind) for kind in FORMATS})
            pictures.append(f"{name}.png")
    tables = [
        count_table(evidence.counts),
        score_table(evidence.scores),
        q_table(evidence.q),
        lane_table(evidence.lanes),
    ]
    files["summary.md"] = markdown_report(evidence.facts, tables, pictures).encode()
    explained = lanes_section(evidence.tables.verdicts.to_pylist())
    if explained:
        files["lanes.md"] = explained.encode()
    files["summary.csv"] = score_csv(evidence.scores).encode()
    files["q.csv"] = q_csv(evidence.q).encode()
    return files


def _print_json(evidence: Evidence, files: list[Path]) -> None:
    import json

    def plain(row) -> dict:
        fields = {f.name: getattr(row, f.name) for f in dataclasses.fields(row) if f.name != "cell"}
        return {**row.cell._asdict(), **fields}

    answer = {
        "facts": dataclasses.asdict(evidence.facts),
        "scores": [plain(row) for row in evidence.scores],
        "q": [plain(row) for row in evidence.q],
        "verdicts": [plain(lane) for lane in evidence.lanes],
        "files": [str(file) for file in files],
    }
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
