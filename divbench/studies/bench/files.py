"""The files of `divbench bench`: table, record and picture of one measurement."""

from __future__ import annotations

from pathlib import Path

from divbench.report.build import write_files
from divbench.report.figures import FORMATS, render
from divbench.spec.text import to_json
from divbench.studies.bench.figures import speed_figure
from divbench.studies.bench.measuring import Bench
from divbench.studies.bench.request import TABLE
from divbench.studies.bench.wording import as_csv, as_record, facts


def write_bench(folder: Path, bench: Bench) -> list[str]:
    """Write `bench.json`, the picture and `bench.csv`; return their names.

    `bench.csv` is written last: where it is, the others are.

    Raises:
      UsageError: a folder that cannot be written.
    """
    figure = speed_figure(bench.rows, facts(bench))
    files = {"bench.json": f"{to_json(as_record(bench))}\n".encode(),
             **{f"bench.{kind}": render(figure, kind) for kind in FORMATS}, TABLE: as_csv(bench.rows)}
    write_files(folder, files, "the measurement")
    return list(files)
