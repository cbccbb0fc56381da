"""The pictures of experiments: series by arm, final Q of every lane, returns, and one number against another.

Lives here: what is drawn where. Colours, axes of many decades and the files are the report's. matplotlib is imported
inside the functions; nothing global changes.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Sequence

from divbench.experiments.evidence import Evidence, Lane
from divbench.report.bounds import ANY, NAMES, STYLES
from divbench.report.bounds import BOUND as BOUND_COLUMN
from divbench.report.curves import Panel, bound_entries, draw_bounds, finite_range, make_panels
from divbench.report.series import Cell, Cells, Series
from divbench.report.sheet import draw_bundle, make_sheet
from divbench.report.style import GREY, RC, decade_label, looks, magnitude_axis

BOUND, BOUND_NAME = STYLES[BOUND_COLUMN], NAMES[BOUND_COLUMN]
LEGEND_COLUMNS = 4
MEASURED = "mean Q on replay"
HEIGHT, WIDTH = 0.34, 4.6  # inches of an arm's row, and of a task's panel, in the picture of final values


def q_curves(evidence: Evidence, title: str):
    """Mean Q on replay of every lane against updates, with the bound; a panel per task."""
    return value_curves(evidence, {"q_replay_mean": MEASURED}, title)


def value_curves(evidence: Evidence, columns: dict[str, str], title: str):
    """Columns of `values` against updates, on axes of many decades; a panel per column and task.

    Args:
      evidence: of the experiment.
      columns: what is drawn and how its axis is called.
      title: of the picture.
    """
    cells: Cells = {}
    for column, label in columns.items():
        for lane in evidence.lanes:
            panel = lane.task if len(columns) == 1 else f"{label}, {lane.task}"
            drawn = {"drawn": lane.drawn(lane.values, column)}
            if column == "q_replay_mean":
                drawn |= {name: lane.values.columns[name] for name in NAMES}
            cells.setdefault(Cell(panel, lane.arm, "all"), {})[lane.seed] = Series(lane.values.points, drawn)
    panels = make_panels(cells, ("drawn",), by_updates=True, middle=statistics.median)
    limits = {panel.task: finite_range([panel], ("drawn",)) for panel in panels}

    def draw(axes, panel: Panel, look: dict) -> None:
        for bundle in panel.bundles["drawn"]:
            draw_bundle(axes, bundle, look[bundle.variant])
        draw_bounds(axes, panel)
        if limits[panel.task] is not None and limits[panel.task][0] > 0 and not panel.bound[0]:
            axes.set_yscale("log")  # norms, all of them positive and often far below 1
        elif limits[panel.task] is not None:
            magnitude_axis(axes, *limits[panel.task])

    label = next(iter(columns.values())) if len(columns) == 1 else ""
    return make_sheet(panels, _facts(evidence), draw, title=title, y_label=label, middle="median", x_label="updates",
                      share_y=False, extra=bound_entries(panels))


def return_curves(evidence: Evidence, title: str):
    """Return of every evaluation against env steps; a panel per task."""
    cells: Cells = {}
    for lane in evidence.lanes:
        cells.setdefault(Cell(lane.task, lane.arm, "all"), {})[lane.seed] = Series(
            lane.scores.points, {"return_mean": lane.drawn(lane.scores, "return_mean")})
    panels = make_panels(cells, ("return_mean",), by_updates=False)

    def draw(axes, panel: Panel, look: dict) -> None:
        for bundle in panel.bundles["return_mean"]:
            draw_bundle(axes, bundle, look[bundle.variant])
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))

    return make_sheet(panels, _facts(evidence), draw, title=title, y_label="return", middle="mean",
                      x_label="env steps", share_y=False, extra=())


def q_and_returns(evidence: Evidence, title: str):
    """Mean Q on replay, with the bound, and the return of every evaluation against env steps; two panels a task."""
    cells: Cells = {}
    for label, column in ((MEASURED, "q_replay_mean"), ("return", "return_mean")):
        for lane in evidence.lanes:
            series = lane.values if label == MEASURED else lane.scores
            drawn = {"drawn": lane.drawn(series, column), **{name: series.columns.get(name, ()) for name in NAMES}}
            cell = Cell(f"{label}, {lane.task}", lane.arm, "all")
            cells.setdefault(cell, {})[lane.seed] = Series(series.points, drawn)
    panels = make_panels(cells, ("drawn",), by_updates=False, middle=statistics.median)

    def draw(axes, panel: Panel, look: dict) -> None:
        for bundle in panel.bundles["drawn"]:
            draw_bundle(axes, bundle, look[bundle.variant])
        draw_bounds(axes, panel)
        limits = finite_range([panel], ("drawn",))
        if panel.task.startswith(MEASURED) and limits is not None:
            magnitude_axis(axes, *limits)

    return make_sheet(panels, _facts(evidence), draw, title=title, y_label="", middle="median", x_label="env steps",
                      share_y=False, extra=bound_entries(panels))


def final_values(evidence: Evidence, title: str, *, number: Callable[[Lane], float | None] | None = None,
                 label: str = "mean Q over the bound, where it is compared"):
    """One point for each lane, a bar at the median of each arm, a panel per task; crosses are lanes that diverged.

    Args:
      evidence: of the experiment.
      title: of the picture.
      number: what is drawn, a log10; Q over the bound by default.
      label: of its axis.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    number = number or (lambda lane: lane.log_excess(lane.measured_at))
    arms, tasks = evidence.arms, evidence.tasks
    height = HEIGHT * len(arms) + 1.9
    figure, panels = sheet(len(tasks), title, evidence, height)
    for place, (axes, task) in enumerate(zip(panels, tasks, strict=True)):
        axes.set_title(task, loc="left")
        for row, (arm, look) in enumerate(looks(arms).items()):
            lanes = [(number(lane), lane.diverged) for lane in evidence.of(arm, task)]
            lanes = [(value, diverged) for value, diverged in lanes if value is not None]
            for rank, (value, diverged) in enumerate(lanes):
                shift = 0.4 * (rank / (len(lanes) - 1) - 0.5) if len(lanes) > 1 else 0.0  # seeds one below the other
                axes.plot([value], [row + shift], marker="X" if diverged else "o", markersize=7, linestyle="",
                          markeredgecolor="white", color=look["color"], zorder=3)
            if lanes:
                middle = statistics.median(value for value, _ in lanes)
                axes.plot([middle, middle], [row - 0.3, row + 0.3], color=look["color"], linewidth=2.2, zorder=2)
        axes.axvline(0.0, zorder=1, **BOUND)
        axes.set_yticks(range(len(arms)), arms if place == 0 else [""] * len(arms))
        axes.set_ylim(len(arms) - 0.5, -0.5)
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(_power))
        axes.set_xlabel(label)
    marks = [Line2D([], [], marker=marker, color=GREY, linestyle="", label=text)
             for marker, text in (("o", "a lane that did not diverge"), ("X", "a lane that diverged"))]
    marks += [Line2D([], [], label=BOUND_NAME, **BOUND), Line2D([], [], color=GREY, linewidth=2.2, label="median")]
    legend(figure, marks, height)
    return figure


def scatter(evidence: Evidence, arm: str, number: Callable[[Lane], float | None], *, x_label: str, title: str):
    """log10 of Q over the bound of every lane of an arm against another number of it; a colour per task."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    height = 4.8
    figure, (axes,) = sheet(1, title, evidence, height, width=7.4, entries=len(evidence.tasks) + 1)
    for task, look in looks(evidence.tasks).items():
        points = [(number(lane), lane.log_excess(lane.measured_at)) for lane in evidence.of(arm, task)]
        points = [point for point in points if None not in point]
        axes.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=7, markeredgecolor="white",
                  linestyle="", color=look["color"], label=task)
    axes.axhline(0.0, zorder=1, label=BOUND_NAME, **BOUND)
    axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(_power))
    axes.set_xlabel(x_label)
    axes.set_ylabel("mean Q over the bound")
    legend(figure, axes.get_legend_handles_labels()[0], height)
    return figure


def q_and_metric(evidence: Evidence, metric: str, label: str, title: str):
    """Above, mean Q of every lane with the bound; below, a metric of `Lane.noted` where it was measured.

    Args:
      evidence: of the experiment.
      metric: of `evidence.NOTED`.
      label: of its axis.
      title: of the picture.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter

    from divbench.report.style import short_count

    rows = 2 if any(metric in lane.noted for lane in evidence.lanes) else 1
    height, tasks, look = 2.4 * rows + 1.5, evidence.tasks, looks(evidence.arms)
    figure, panels = sheet(len(tasks), title, evidence, height, rows=rows, entries=len(look) + 1)
    measured = {name: [lane.values.columns[name] for lane in evidence.lanes] for name in NAMES}
    bounds = [(BOUND_COLUMN, BOUND)]
    if measured[ANY] != measured[BOUND_COLUMN] and any(map(math.isfinite, sum(measured[ANY], ()))):
        bounds.append((ANY, STYLES[ANY]))
    for place, task in enumerate(tasks):
        upper = panels[place]
        upper.set_title(task, loc="left")
        shown: list[float] = []
        for lane in (lane for lane in evidence.lanes if lane.task == task):
            xs = [update for _, update in lane.values.points]
            for column, style in (("q_replay_mean", {"linewidth": 1.2, **look[lane.arm]}), *bounds):
                ys = [y if math.isfinite(y) else math.nan for y in lane.drawn(lane.values, column)]
                upper.plot(xs, ys, **style)
                shown += filter(math.isfinite, ys)
            if rows == 2:
                panels[len(tasks) + place].plot(*zip(*lane.noted.get(metric, ((math.nan, math.nan),)), strict=True),
                                                linewidth=1.2, **look[lane.arm])
        upper.set_ylabel("mean Q on replay")
        if shown:
            magnitude_axis(upper, min(shown), max(shown))
            upper.yaxis.set_major_formatter(FuncFormatter(decade_label))
        if rows == 2:
            panels[len(tasks) + place].set_ylabel(label)
        panels[(rows - 1) * len(tasks) + place].set_xlabel("updates")
    for axes in panels:
        axes.xaxis.set_major_formatter(FuncFormatter(short_count))
    handles = [Line2D([], [], linewidth=2.2, label=name, **style) for name, style in look.items()]
    legend(figure, [*handles, *(Line2D([], [], label=NAMES[name], **style) for name, style in bounds)], height)
    return figure


def _power(exponent: float, _) -> str:
    """A tick of an axis that shows exponents of 10."""
    return f"$10^{{{round(exponent, 3):g}}}$"


def sheet(count: int, title: str, evidence: Evidence, height: float, *, width: float | None = None, rows: int = 1,
           entries: int = LEGEND_COLUMNS):
    """An empty figure with a headline, `count` panels in each of its rows, from left to right and down, and space for
    a legend of so many entries."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = width or max(7.4, WIDTH * count + 1.2)
    facts = _facts(evidence)
    foot = 0.2 + 0.23 * -(-entries // LEGEND_COLUMNS)
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.get_layout_engine().set(rect=(0, foot / height, 1, 1 - (0.7 + foot) / height))
        panels = list(figure.subplots(rows, count, squeeze=False).flat)
        figure.text(0.12 / width, 1 - 0.12 / height, title, ha="left", va="top", fontsize=13, fontweight="bold")
        line = (f"{evidence.scale} scale, physics {facts.physics}, {facts.utd_text}, {facts.seeds_text}, "
                f"network {facts.network}")
        figure.text(0.12 / width, 1 - 0.40 / height, line, ha="left", va="top", fontsize=9, color=GREY)
    return figure, panels


def legend(figure, handles: list, height: float) -> None:
    figure.legend(handles=handles, loc="lower center", ncol=LEGEND_COLUMNS, frameon=False, fontsize=9,
                  columnspacing=1.4, bbox_to_anchor=(0.5, 0.03 / height))


def _facts(evidence: Evidence):
    """The facts of all runs as those of one whose variants are the arms."""
    each = list(evidence.facts.values())

    def joined(name: str) -> str:
        return ", ".join(dict.fromkeys(getattr(facts, name) for facts in each))

    def union(values: Sequence[Sequence]) -> tuple:
        return tuple(dict.fromkeys(value for some in values for value in some))

    texts = {name: joined(name) for name in ("suite", "physics", "precision", "device", "action_repeat", "network")}
    return dataclasses.replace(each[0], **texts, tasks=evidence.tasks, variants=evidence.arms,
                               utd=union([facts.utd for facts in each]), seeds=union([facts.seeds for facts in each]),
                               primes=any(facts.primes for facts in each))
