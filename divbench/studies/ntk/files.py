"""The files of `divbench ntk`: tables and pictures of one measurement, each there as a whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from divbench.report.build import write_files
from divbench.report.figures import FORMATS, render
from divbench.studies.ntk.figures import kernel_figure
from divbench.studies.ntk.request import PUBLISHED_DEPTH, PUBLISHED_WIDTH, TABLE
from divbench.studies.ntk.rows import KernelRow
from divbench.studies.ntk.summary import as_csv, as_markdown, summarise, summary_csv


def write_kernels(folder: Path, rows: Sequence[KernelRow]) -> list[str]:
    """Write `kernels.csv` (a row for each critic), `summary.csv`, `kernels.md`, and the pictures; return their names.

    `kernels.csv` is written last: where it is, the others are.

    Raises:
      UsageError: a folder that cannot be written.
    """
    files: dict[str, bytes] = {}
    summaries = summarise(rows)
    for across, figure in _figures(rows).items():
        files |= {f"{across}.{kind}": render(figure, kind) for kind in FORMATS}
    pictures = [name for name in files if name.endswith(".png")]
    files["summary.csv"] = summary_csv(summaries)
    files["kernels.md"] = as_markdown(rows, summaries, pictures).encode()
    files[TABLE] = as_csv(rows)
    write_files(folder, files, "kernels")
    return list(files)


def _figures(rows: Sequence[KernelRow]) -> dict:
    """A picture against width at one depth, and one against depth at one width, where more than one was measured; at
    the published depth and width, or the next to them. A single size is a picture against width. A critic from outside
    is one picture."""
    if not rows[0].activation:
        return {"network": kernel_figure(rows, "network", "Kernels of a critic")}
    widths, depths = ({getattr(row, name) for row in rows} for name in ("width", "depth"))
    depth = min(depths, key=lambda size: (abs(size - PUBLISHED_DEPTH), size))
    width = min(widths, key=lambda size: (abs(size - PUBLISHED_WIDTH), size))
    found = {}
    if len(widths) > 1 or len(depths) == 1:
        found["width"] = kernel_figure([row for row in rows if row.depth == depth], "width", "Kernels by width")
    if len(depths) > 1:
        found["depth"] = kernel_figure([row for row in rows if row.width == width], "depth", "Kernels by depth")
    return found
