"""The picture of `divbench bench`: rates and shares of the ceiling against lanes. matplotlib is imported inside."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from divbench.report.colours import GREY, as_dots, assign
from divbench.report.sheet import LETTERS, legend_columns
from divbench.report.style import FEW, RC, SPARSE, as_it_is, draw_line, short_count
from divbench.studies.bench.rows import SKIPPED, TRAINING, BenchRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

QUANTITIES = {"updates_per_second": "updates per second", "env_steps_per_second": "env steps per second",
              "ceiling_share": "share of matmul ceiling"}
ALONE = "alone"  # label of learning and acting, each by itself
APART = 0.05  # of a doubling of lanes, between two lines at the same number


def speed_figure(rows: Sequence[BenchRow], facts: Sequence[str]) -> Figure:
    """Three quantities against lanes, a column of panels for each task, a line for each variant and UTD.

    Args:
      rows: at least one of them measured.
      facts: what all numbers share, in a few lines.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator, PercentFormatter

    rows = [row for row in rows if row.kind != SKIPPED]
    tasks, lanes = tuple(dict.fromkeys(row.task for row in rows)), sorted({row.lanes for row in rows})
    names = list(dict.fromkeys((row.variant, _label(row)) for row in rows))
    labels = list(dict.fromkeys(label for _, label in names))
    looks = {name: look.style() for name, look in assign(
        {(variant, label): (variant, labels.index(label)) for variant, label in names}).items()}
    width = max(6.4, 3.7 * len(tasks) + 0.6)
    handles = [Line2D([], [], linewidth=2.2, markersize=5, label=as_it_is(", ".join(name)),
                      **_in_legend(looks[name], len(lanes))) for name in names]
    across = legend_columns([", ".join(name) for name in names], int(width * 12))
    subtitle = [part for text in (*facts, "points: medians of samples; bars: slowest to fastest sample; alone: "
                                          "learning while nobody acts, acting without updates")
                for part in textwrap.wrap(text, int(width * LETTERS))]
    head, foot = 0.47 + 0.19 * len(subtitle), 0.12 + 0.23 * -(-len(names) // across)
    height = 2.4 * len(QUANTITIES) + head + foot
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained", rect=(0, foot / height, 1, 1 - (head + foot) / height), w_pad=0.08,
                                 h_pad=0.08)
        grid = figure.subplots(len(QUANTITIES), len(tasks), squeeze=False, sharey="row", sharex=True)
        for axes, task in zip(grid[0], tasks, strict=True):
            axes.set_title(as_it_is(task), loc="left")
        for panels, (quantity, label) in zip(grid, QUANTITIES.items(), strict=True):
            for axes, task in zip(panels, tasks, strict=True):
                _draw(axes, [row for row in rows if row.task == task], quantity, looks)
            panels[0].set_ylabel(label)
            if quantity == "ceiling_share":
                panels[0].set_ylim(bottom=0.0)
                panels[0].yaxis.set_major_formatter(PercentFormatter(1.0))
            else:
                panels[0].set_yscale("log")
                panels[0].yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
                panels[0].yaxis.set_major_formatter(FuncFormatter(short_count))
                panels[0].yaxis.set_minor_locator(NullLocator())
        for axes in grid[-1]:
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_locator(FixedLocator(lanes))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(short_count))
            axes.set_xlabel("lanes")
        figure.text(0.12 / width, 1 - 0.12 / height, "Speed by lanes", ha="left", va="top", fontsize=13,
                    fontweight="bold")
        for number, text in enumerate(subtitle):
            figure.text(0.12 / width, 1 - (0.40 + 0.19 * number) / height, as_it_is(text), ha="left", va="top",
                        fontsize=9, color=GREY)
        figure.legend(handles=handles, loc="lower center", ncol=across, handlelength=2.4, columnspacing=1.6,
                      bbox_to_anchor=(0.5, 0.02 / height))
    return figure


def _label(row: BenchRow) -> str:
    return row.label if row.kind == TRAINING else ALONE


def _in_legend(look: dict, points: int) -> dict:
    """The style of a line with so many points, as `draw_line` draws it."""
    if points > SPARSE:
        return look
    return as_dots(look) | (look if points > FEW else {})


def _draw(axes: Any, rows: Sequence[BenchRow], quantity: str, looks: dict) -> None:
    """One quantity of one task. Lines are a little apart, so that no bar hides another."""
    for place, (name, look) in enumerate(looks.items()):
        own = sorted((row for row in rows if (row.variant, _label(row)) == name
                      and getattr(row, quantity) is not None), key=lambda row: row.lanes)
        shift = 2.0 ** (APART * (place - (len(looks) - 1) / 2))
        xs, ys = [row.lanes * shift for row in own], [getattr(row, quantity) for row in own]
        for row, x, y in zip(own, xs, ys, strict=True):
            axes.plot([x, x], [y * row.slowest, y * row.fastest], color=look["color"], linewidth=1.2, zorder=3)
        draw_line(axes, xs, ys, look, dots=True, linewidth=1.8, zorder=4)
