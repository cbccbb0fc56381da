"""Average diagonal and row ratio of random critics' kernels, by activation, against width or depth.

After figures 4 and 7 of Achiam et al., 1903.08894: one panel for each task and number, a colour for each activation.
Each initialisation is a dot, their mean a line across with its 95% interval. matplotlib is imported inside the
functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from divbench.report.colours import BROWN, GREY, INDIGO, OLIVE, SKY, colour_of
from divbench.report.style import RC
from divbench.studies.ntk.rows import KernelRow
from divbench.studies.ntk.summary import summarise

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# relu is that of plain SAC; the others are no colour of a variant that is often drawn. A critic from outside has no
# name of an activation.
COLOURS = {"relu": colour_of("baseline"), "tanh": OLIVE, "sin": INDIGO, "elu": SKY, "mish": BROWN, "": INDIGO}
NUMBERS = {"average_diagonal": "average diagonal", "row_ratio": "row ratio"}
_SHARE = 0.8  # of the distance between two sizes, for the activations together


def kernel_figure(rows: Sequence[KernelRow], across: str, title: str) -> Figure:
    """Both numbers, of every activation at every size.

    Args:
      rows: of critics that differ in activation, initialisation, task and `across` alone.
      across: `width`, `depth` or `network`, what stands on the x axis.
      title: of the picture.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    tasks, activations = (tuple(dict.fromkeys(getattr(row, name) for row in rows)) for name in ("task", "activation"))
    sizes = sorted({getattr(row, across) for row in rows})
    width, height = max(6.4, 3.9 * len(tasks) + 0.6), 6.1
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained", rect=(0, 0.4 / height, 1, 1 - 1.25 / height), w_pad=0.08, h_pad=0.08)
        grid = figure.subplots(len(NUMBERS), len(tasks), squeeze=False, sharey="row")
        for line, (name, label) in enumerate(NUMBERS.items()):
            for axes, task in zip(grid[line], tasks, strict=True):
                _draw(axes, [row for row in rows if row.task == task], name, across, sizes, activations)
                axes.set_title(task if line == 0 else "", loc="left")
                axes.set_xlabel(_AXIS[across] if line + 1 == len(NUMBERS) else "")
            grid[line][0].set_ylabel(label)
        grid[-1][0].set_ylim(bottom=0.0)
        if min(row.average_diagonal for row in rows) > 0.0:
            grid[0][0].set_yscale("log")
            grid[0][0].yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            grid[0][0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
            grid[0][0].yaxis.set_minor_locator(NullLocator())
        figure.text(0.12 / width, 1 - 0.12 / height, title, ha="left", va="top", fontsize=13, fontweight="bold")
        for line, text in enumerate(_facts(rows, across)):
            figure.text(0.12 / width, 1 - (0.40 + 0.19 * line) / height, text, ha="left", va="top", fontsize=9,
                        color=GREY)
        handles = [Line2D([], [], color=COLOURS[name], linewidth=2.2, label=name) for name in activations if name]
        figure.legend(handles=handles, loc="lower center", ncol=max(len(handles), 1),
                      bbox_to_anchor=(0.5, 0.02 / height))
    return figure


_AXIS = {"width": "units of a hidden layer", "depth": "hidden layers", "network": ""}


def _draw(axes: Axes, rows: Sequence[KernelRow], name: str, across: str, sizes: list[int],
          activations: Sequence[str]) -> None:
    step = _SHARE / len(activations)
    for summary in summarise(rows):
        own = [getattr(row, name) for row in rows
               if (row.activation, getattr(row, across)) == (summary.activation, getattr(summary, across))]
        place = sizes.index(getattr(summary, across)) + step * (activations.index(summary.activation) + 0.5)
        place -= _SHARE / 2
        found, colour = getattr(summary, name), COLOURS[summary.activation]
        axes.plot([place - 0.4 * step, place + 0.4 * step], [found.effect] * 2, color=colour, linewidth=2.2, zorder=4)
        spread = [place + 0.6 * step * (rank / (len(own) - 1) - 0.5) if len(own) > 1 else place
                  for rank in range(len(own))]
        axes.plot(spread, own, marker="o", markersize=3.4, markeredgecolor="white",
                  markeredgewidth=0.3, linestyle="", color=colour, alpha=0.7, zorder=3)
        if found.low is not None:
            axes.plot([place, place], [found.low, found.high], color=colour, linewidth=1.4, zorder=4)
    axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    axes.grid(False, axis="x")


def _facts(rows: Sequence[KernelRow], across: str) -> tuple[str, str]:
    """What the critics share, and how to read the picture."""
    first, numbers = rows[0], len({row.initialisation for row in rows})
    same = {"width": f"{first.depth} hidden layers, weights {first.weights}, ",
            "depth": f"{first.width} units a layer, weights {first.weights}, ", "network": ""}[across]
    return (f"{same}{first.points:,} rails-random points, physics {first.physics}",
            f"dots: {numbers} initialisations, lines: means with 95% intervals")
