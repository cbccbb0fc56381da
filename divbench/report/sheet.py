"""A sheet of panels: one axes per quantity, task and UTD, a headline with the facts of the run, one legend for all.

Lives here: layout and the way a bundle of lines is drawn. What is drawn on which axis is for `figures`.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from divbench.report.colours import GREY, as_dots
from divbench.report.curves import Bundle, Panel
from divbench.report.facts import Facts
from divbench.report.style import RC, SPARSE, as_it_is, draw_line, looks, short_count

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 4
LETTERS = 13  # of the subtitle to an inch
END: dict[str, Any] = {"marker": "X", "markersize": 8, "markeredgecolor": "white", "linestyle": ""}


def make_sheet(
    panels: list[Panel],
    facts: Facts,
    draw: Callable[[Axes, Panel, Mapping[str, dict]], None],
    *,
    title: str,
    middle: str,
    x_label: str,
    extra: tuple[tuple[str, dict], ...] = (),
    look: Mapping[str, dict] | None = None,
) -> Figure:
    """Lay out one panel per quantity, task and UTD, a headline with the facts, and one legend for all.

    Panels of one quantity share their range. Their x axes share theirs too, those of updates among panels of one UTD.

    Args:
      panels: all of a quantity one after the other; a quantity begins a new row, unless each has one panel only.
      facts: of the run.
      draw: called with the axes, the panel and the look of every variant.
      title, x_label: in words.
      middle: what the thick lines are over seeds.
      extra: more entries of the legend, name and style.
      look: colour and line style by variant; by default that of `looks`.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    drawn = {bundle.variant for panel in panels for bundle in panel.bundles}
    variants = tuple(dict.fromkeys([*(name for name in facts.variants if name in drawn), *sorted(drawn)]))
    look = look or looks(variants)
    places, rows, columns = _places(panels)
    width = max(6.4, 3.7 * columns + 0.6)
    sparse = {bundle.variant for panel in panels for bundle in panel.bundles if 0 < len(bundle.middle[0]) <= SPARSE}
    entries = [Line2D([], [], linewidth=2.2, markersize=5, label=as_it_is(name),
                      **(as_dots(look[name]) if name in sparse else {}) | look[name]) for name in variants]
    entries += [Line2D([], [], label=label, **style) for label, style in extra]
    if any(bundle.ends for panel in panels for bundle in panel.bundles):
        entries.append(Line2D([], [], label="no longer finite", color=GREY, **END))
    across = legend_columns([str(entry.get_label()) for entry in entries], int(width * 12))
    legend_rows = -(-len(entries) // across)
    subtitle = [line for text in _subtitle(facts, middle) for line in textwrap.wrap(text, int(width * LETTERS))]
    head, foot = 0.47 + 0.19 * len(subtitle), 0.12 + 0.23 * legend_rows
    height = 2.7 * rows + head + foot
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained", 
            rect=(0, foot / height, 1, 1 - (head + foot) / height), w_pad=0.08, h_pad=0.08
        )
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        several, many_utd = (len({getattr(panel, name) for panel in panels}) > 1 for name in ("quantity", "utd"))
        for panel, place in zip(panels, places, strict=True):
            axes = grid[place]
            axes.set_axis_on()
            named = [*([panel.quantity] if several else []), as_it_is(panel.task),
                     *([f"UTD {panel.utd}"] if many_utd else [])]
            axes.set_title(", ".join(named), loc="left")
            draw(axes, panel, look)
            _mark_acting(axes, panel)
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.xaxis.set_major_formatter(FuncFormatter(short_count))
            axes.set_xlabel(x_label)
            if place[1] == 0 and not several:
                axes.set_ylabel(panel.quantity)
        drawn_on = [grid[place] for place in places]
        share_limits(drawn_on, [panel.quantity for panel in panels], "y")
        share_limits(drawn_on, [panel.utd if x_label == "updates" else "" for panel in panels], "x")
        figure.text(
            0.12 / width, 1 - 0.12 / height, title, ha="left", va="top", fontsize=13, fontweight="bold"
        )
        for line, text in enumerate(subtitle):
            figure.text(
                0.12 / width,
                1 - (0.40 + 0.19 * line) / height,
                as_it_is(text),
                ha="left",
                va="top",
                fontsize=9,
                color=GREY,
            )
        figure.legend(
            handles=entries,
            loc="lower center",
            ncol=across,
            handlelength=2.4,
            columnspacing=1.6,
            bbox_to_anchor=(0.5, 0.02 / height),
        )
    return figure


def legend_columns(labels: list[str], room: int) -> int:
    """The most columns of a legend that `room` letters have place for; a column is as wide as its longest label."""
    for count in range(len(labels), 1, -1):
        whole, more = divmod(len(labels), count)
        ends = [(column + 1) * whole + min(column + 1, more) for column in range(count)]
        parts = [labels[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        if sum(max(map(len, part)) + 8 for part in parts) <= room:
            return count
    return 1


def share_limits(axes: Sequence[Axes] | np.ndarray, kinds: Sequence, axis: str) -> None:
    """Give all axes of one kind the range, along `x` or `y`, that holds what each of them shows."""
    for kind in dict.fromkeys(kinds):
        own = [one for one, other in zip(axes, kinds, strict=True) if other == kind]
        ends = [getattr(one, f"get_{axis}lim")() for one in own]
        for one in own:
            getattr(one, f"set_{axis}lim")(min(low for low, _ in ends), max(high for _, high in ends))


def _places(panels: list[Panel]) -> tuple[list[tuple[int, int]], int, int]:
    """Row and column of each panel, and how many rows and columns there are."""
    counts = Counter(panel.quantity for panel in panels)
    if max(counts.values()) == 1 and len(counts) <= MOST_COLUMNS:
        return [(0, place) for place in range(len(panels))], 1, len(panels)
    columns = _columns(max(counts.values()), len({panel.utd for panel in panels}))
    places, first = [], 0
    for count in counts.values():
        places += [(first + place // columns, place % columns) for place in range(count)]
        first += -(-count // columns)
    return places, first, columns


def _columns(count: int, ratios: int) -> int:
    """A row per task where there are several UTDs, else rows of about equal length."""
    if 1 < ratios <= MOST_COLUMNS:
        return ratios
    rows = -(-count // MOST_COLUMNS)
    return -(-count // rows)


def draw_bundle(axes: Axes, bundle: Bundle, look: dict) -> None:
    """Thin lines for seeds, above all of them a thick one for their middle, a cross where a lane stops being finite."""
    for xs, ys in bundle.seeds:
        draw_line(axes, xs, ys, look, linewidth=0.8, alpha=0.35, zorder=3, markersize=3.5)
    draw_line(axes, *bundle.middle, look, dots=True, linewidth=2.2, zorder=5)
    for x, y in bundle.ends:
        axes.plot([x], [y], color=look["color"], zorder=6, clip_on=False, **END)


def _mark_acting(axes: Axes, panel: Panel) -> None:
    """A thin line where priming ends and the policy acts."""
    if panel.acting_from is None:
        return
    axes.axvline(panel.acting_from, color=GREY, linewidth=0.9, zorder=1)
    axes.annotate("policy acts", (panel.acting_from, 0.0), xycoords=("data", "axes fraction"), xytext=(-3, 3),
                  textcoords="offset points", fontsize=8, color=GREY, va="bottom", ha="right")


def _subtitle(facts: Facts, middle: str) -> list[str]:
    lines = f"; thick: {middle} over seeds, thin: each seed" if len(facts.seeds) != 1 else ""
    return [
        f"{facts.suite}, physics {facts.physics}, {facts.utd_text}, {facts.seeds_text}{lines}",
        f"network {facts.network}, precision {facts.precision}, action repeat {facts.action_repeat}",
    ]
