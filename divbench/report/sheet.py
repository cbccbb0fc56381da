"""A sheet of panels: one axes per task and UTD, a headline with the facts of the run, one legend for all.

Lives here: layout and the way a bundle of lines is drawn. What is drawn on which axis is for `figures`.
"""

from __future__ import annotations

import textwrap

from divbench.report.curves import Bundle, Panel
from divbench.report.facts import Facts
from divbench.report.style import GREY, RC, as_it_is, looks, short_count

MOST_COLUMNS = 4
LETTERS = 13  # of the subtitle to an inch
END = {"marker": "X", "markersize": 8, "markeredgecolor": "white", "linestyle": ""}


def make_sheet(
    panels: list[Panel],
    facts: Facts,
    draw,
    *,
    title: str,
    y_label: str,
    middle: str,
    x_label: str,
    share_y: bool,
    extra: tuple[tuple[str, dict], ...],
):
    """Lay out one panel per task and UTD, a headline with the facts, and one legend for all."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    drawn = {bundle.variant for panel in panels for bundles in panel.bundles.values() for bundle in bundles}
    variants = tuple(dict.fromkeys([*(name for name in facts.variants if name in drawn), *sorted(drawn)]))
    look = looks(variants)
    columns = _columns(panels)
    rows = -(-len(panels) // columns)
    width = max(6.4, 3.7 * columns + 0.6)
    entries = [Line2D([], [], linewidth=2.2, label=as_it_is(name), **look[name]) for name in variants]
    entries += [Line2D([], [], label=label, **style) for label, style in extra]
    if any(bundle.ends for panel in panels for bundles in panel.bundles.values() for bundle in bundles):
        entries.append(Line2D([], [], label="no longer finite", color=GREY, **END))
    legend_columns = _legend_columns([entry.get_label() for entry in entries], int(width * 12))
    legend_rows = -(-len(entries) // legend_columns)
    subtitle = [line for text in _subtitle(facts, middle) for line in textwrap.wrap(text, int(width * LETTERS))]
    head, foot = 0.47 + 0.19 * len(subtitle), 0.12 + 0.23 * legend_rows
    height = 2.7 * rows + head + foot
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.get_layout_engine().set(
            rect=(0, foot / height, 1, 1 - (head + foot) / height), w_pad=0.08, h_pad=0.08
        )
        grid = figure.subplots(rows, columns, squeeze=False, sharey=share_y)
        for place, axes in enumerate(grid.flat):
            if place >= len(panels):
                axes.set_axis_off()
                continue
            panel = panels[place]
            many_utd = len({other.utd for other in panels}) > 1
            task = as_it_is(panel.task)
            axes.set_title(f"{task}, UTD {panel.utd}" if many_utd else task, loc="left")
            draw(axes, panel, look)
            _mark_acting(axes, panel)
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.xaxis.set_major_formatter(FuncFormatter(short_count))
            axes.set_xlabel(x_label)
            if place % columns == 0:
                axes.set_ylabel(y_label)
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
            ncol=legend_columns,
            handlelength=2.4,
            columnspacing=1.6,
            bbox_to_anchor=(0.5, 0.02 / height),
        )
    return figure


def _legend_columns(labels: list[str], room: int) -> int:
    """The most columns of a legend that `room` letters have place for; a column is as wide as its longest label."""
    for count in range(len(labels), 1, -1):
        whole, more = divmod(len(labels), count)
        ends = [(column + 1) * whole + min(column + 1, more) for column in range(count)]
        parts = [labels[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        if sum(max(map(len, part)) + 8 for part in parts) <= room:
            return count
    return 1


def _columns(panels: list[Panel]) -> int:
    """A row per task where there are several UTDs, else rows of about equal length."""
    ratios = len({panel.utd for panel in panels})
    if 1 < ratios <= MOST_COLUMNS:
        return ratios
    rows = -(-len(panels) // MOST_COLUMNS)
    return -(-len(panels) // rows)


def draw_bundle(axes, bundle: Bundle, look: dict) -> None:
    """Thin lines for seeds, a thick one for their middle, a cross where a lane stops being finite."""
    for xs, ys in bundle.seeds:
        axes.plot(xs, ys, linewidth=0.8, alpha=0.35, zorder=3, **look)
    only_one = len(bundle.middle[0]) == 1
    axes.plot(*bundle.middle, linewidth=2.2, zorder=5, marker="o" if only_one else "", markersize=4, **look)
    for x, y in bundle.ends:
        axes.plot(
            [x],
            [y],
            color=look["color"],
            zorder=6,
            clip_on=False,
            **END,
        )


def _mark_acting(axes, panel: Panel) -> None:
    """A thin line where priming ends and the policy acts."""
    if panel.acting_from is None:
        return
    axes.axvline(panel.acting_from, color=GREY, linewidth=0.9, zorder=1)
    axes.annotate(
        "policy acts",
        (panel.acting_from, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8,
        color=GREY,
        va="bottom",
        ha="center",
    )


def _subtitle(facts: Facts, middle: str) -> list[str]:
    lines = f"; thick: {middle} over seeds, thin: each seed" if len(facts.seeds) != 1 else ""
    return [
        f"{facts.suite}, physics {facts.physics}, {facts.utd_text}, {facts.seeds_text}{lines}",
        f"network {facts.network}, precision {facts.precision}, action repeat {facts.action_repeat}",
    ]
