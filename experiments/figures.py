"""The pictures of experiments: series by arm, final Q of every lane, returns, and one number against another.

Lives here: what is drawn where. Colours, panels, axes of many decades and the files are the report's. matplotlib is
imported inside the functions; nothing global changes.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from divbench.experiments.evidence import ArmLane, Evidence
from divbench.report.bounds import BOUND as BOUND_COLUMN
from divbench.report.bounds import NAMES, STYLES
from divbench.report.colours import GREY, as_dots, assign, colour_of
from divbench.report.curves import Panel, bound_entries, draw_bounds, finite_range, make_panels
from divbench.report.series import Cell, Cells, Series
from divbench.report.sheet import draw_bundle, legend_columns, make_sheet, share_limits
from divbench.report.style import RC, magnitude_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from divbench.report.facts import Facts

BOUND, BOUND_NAME = STYLES[BOUND_COLUMN], NAMES[BOUND_COLUMN]
LETTERS = 13  # of a legend to an inch
MEASURED, RETURN = "mean Q on replay", "return"
HEIGHT, WIDTH = 0.34, 4.6  # inches of an arm's row, and of a task's panel, in the picture of final values


def arm_looks(evidence: Evidence) -> dict[str, dict]:
    """Colour and line style of each arm: the colour of its variant. Dashes tell UTDs of a variant apart, the highest of
    the experiment is solid, and other arms of one colour."""
    first = {arm: evidence.of(arm)[0] for arm in evidence.arms}
    ratios = sorted({Fraction(lane.utd) for lane in first.values()}, reverse=True)
    chosen = assign({arm: (lane.variant, ratios.index(Fraction(lane.utd))) for arm, lane in first.items()})
    return {arm: look.style() for arm, look in chosen.items()}


def q_curves(evidence: Evidence, title: str) -> Figure:
    """Mean Q on replay of every lane against updates, with the bound; a panel per task."""
    return value_curves(evidence, {"q_replay_mean": MEASURED}, title)


def value_curves(evidence: Evidence, columns: Mapping[str, str], title: str) -> Figure:
    """Columns of `values` against updates, on axes of many decades; a panel per column and task.

    Args:
      evidence: of the experiment.
      columns: what is drawn and what people call it.
      title: of the picture.
    """
    return _curves(evidence, {label: _values(column) for column, label in columns.items()}, title)


def return_curves(evidence: Evidence, title: str) -> Figure:
    """Return of every evaluation against env steps; a panel per task."""
    return _curves(evidence, {RETURN: _returns}, title, by_updates=False, middle=statistics.fmean, linear=(RETURN,))


def q_and_returns(evidence: Evidence, title: str) -> Figure:
    """Mean Q on replay, with the bound, and the return of every evaluation against env steps; two panels a task."""
    return _curves(evidence, {MEASURED: _values("q_replay_mean"), RETURN: _returns}, title, by_updates=False,
                   linear=(RETURN,))


def q_and_metric(evidence: Evidence, metric: str, label: str, title: str) -> Figure:
    """Mean Q of every lane with the bound, and a metric of `ArmLane.noted` where it was measured, against updates.

    Args:
      evidence: of the experiment.
      metric: of `evidence.NOTED`.
      label: what people call it.
      title: of the picture.
    """
    def noted(lane: ArmLane) -> Series | None:
        pairs = lane.noted.get(metric)
        if not pairs:
            return None
        return Series(tuple((update, update) for update, _ in pairs), {"drawn": tuple(y for _, y in pairs)})

    return _curves(evidence, {MEASURED: _values("q_replay_mean"), label: noted}, title, linear=(label,))


def _values(column: str) -> Callable[[ArmLane], Series]:
    """A column of a lane's values as it is drawn, with bounds if it is of Q."""
    def of(lane: ArmLane) -> Series:
        bounds = {name: lane.values.columns[name] for name in NAMES} if column == "q_replay_mean" else {}
        return Series(lane.values.points, {"drawn": lane.drawn(lane.values, column), **bounds})

    return of


def _returns(lane: ArmLane) -> Series:
    return Series(lane.scores.points, {"drawn": lane.drawn(lane.scores, "return_mean")})


def _curves(evidence: Evidence, quantities: Mapping[str, Callable[[ArmLane], Series | None]], title: str, *,
            by_updates: bool = True, middle: Callable[[list[float]], float] = statistics.median,
            linear: Sequence[str] = ()) -> Figure:
    """A panel for each quantity and task, with a line for every lane and a thick one for the middle of each arm.

    Args:
      evidence: of the experiment.
      quantities: by name, the series of a lane; None for a lane that was not measured for it.
      title: of the picture.
      by_updates: x is the update count; otherwise the env step.
      middle: how the lanes of one point are made one number.
      linear: quantities whose axis is linear; that of the others has many decades.
    """
    panels: list[Panel] = []
    limits = {}
    for quantity, series_of in quantities.items():
        cells: Cells = {}
        for lane in evidence.lanes:
            series = series_of(lane)
            if series is not None:
                cells.setdefault(Cell(lane.task, lane.arm, "all"), {})[lane.seed] = series
        own = make_panels(cells, "drawn", quantity, by_updates=by_updates, middle=middle)
        panels += own
        limits[quantity] = finite_range(own)

    def draw(axes: Axes, panel: Panel, look: Mapping[str, dict]) -> None:
        for bundle in panel.bundles:
            draw_bundle(axes, bundle, look[bundle.variant])
        draw_bounds(axes, panel)
        found = limits[panel.quantity]
        if panel.quantity == RETURN:
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        elif panel.quantity in linear or found is None:
            return
        elif found[0] > 0 and not panel.bound[0]:
            axes.set_yscale("log")  # norms, all of them positive and often far below 1
        else:
            magnitude_axis(axes, *found)

    return make_sheet(panels, _facts(evidence), draw, title=title,
                      middle="mean" if middle is statistics.fmean else "median",
                      x_label="updates" if by_updates else "env steps", extra=bound_entries(panels),
                      look=arm_looks(evidence))


def final_values(evidence: Evidence, title: str, *, number: Callable[[ArmLane], float | None] | None = None,
                 label: str = "mean Q over the bound, where it is compared") -> Figure:
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
    marks = [Line2D([], [], marker=marker, color=GREY, linestyle="", label=text)
             for marker, text in (("o", "a lane that did not diverge"), ("X", "a lane that diverged"))]
    marks += [Line2D([], [], label=BOUND_NAME, **BOUND), Line2D([], [], color=GREY, linewidth=2.2, label="median")]
    figure, panels = sheet(len(tasks), title, evidence, height, marks)
    for place, (axes, task) in enumerate(zip(panels, tasks, strict=True)):
        axes.set_title(task, loc="left")
        for row, arm in enumerate(arms):
            colour = colour_of(evidence.of(arm)[0].variant)
            lanes = [(number(lane), lane.diverged) for lane in evidence.of(arm, task)]
            lanes = [(value, diverged) for value, diverged in lanes if value is not None]
            for rank, (value, diverged) in enumerate(lanes):
                shift = 0.4 * (rank / (len(lanes) - 1) - 0.5) if len(lanes) > 1 else 0.0  # seeds one below the other
                axes.plot([value], [row + shift], marker="X" if diverged else "o", markersize=7, linestyle="",
                          markeredgecolor="white", color=colour, alpha=0.55, zorder=3)
            if lanes:
                middle = statistics.median(value for value, _ in lanes)
                axes.plot([middle, middle], [row - 0.36, row + 0.36], color=colour, linewidth=2.6, zorder=4)
        axes.axvline(0.0, zorder=1, **BOUND)
        axes.set_yticks(range(len(arms)), arms if place == 0 else [""] * len(arms))
        axes.set_ylim(len(arms) - 0.5, -0.5)
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(_power))
        axes.set_xlabel(label)
    share_limits(panels, [label] * len(tasks), "x")
    return figure


def scatter(evidence: Evidence, arm: str, number: Callable[[ArmLane], float | None], *, x_label: str,
            title: str) -> Figure:
    """log10 of Q over the bound of every lane of an arm against another number of it; a marker per task."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    variant = evidence.of(arm)[0].variant
    looks = assign({task: (variant, place) for place, task in enumerate(evidence.tasks)})
    styles = {task: {"markersize": 7, "markeredgecolor": "white", **as_dots(look.style())}
              for task, look in looks.items()}
    handles = [*(Line2D([], [], label=task, **style) for task, style in styles.items()),
               Line2D([], [], label=BOUND_NAME, **BOUND)]
    figure, (axes,) = sheet(1, title, evidence, 4.8, handles, width=7.4)
    for task, style in styles.items():
        points = [(x, y) for lane in evidence.of(arm, task) if (x := number(lane)) is not None
                  and (y := lane.log_excess(lane.measured_at)) is not None]
        axes.plot([x for x, _ in points], [y for _, y in points], **style)
    axes.axhline(0.0, zorder=1, **BOUND)
    axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(_power))
    axes.set_xlabel(x_label)
    axes.set_ylabel("mean Q over the bound")
    return figure


def _power(exponent: float, _: object) -> str:
    """A tick of an axis that shows exponents of 10."""
    return f"$10^{{{round(exponent, 3):g}}}$"


def sheet(count: int, title: str, evidence: Evidence, height: float, handles: list, *,
          width: float | None = None) -> tuple[Figure, list[Axes]]:
    """An empty figure with a headline, `count` panels side by side, and a legend of these handles below.

    Returns:
      The figure and its axes.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = width or max(7.4, WIDTH * count + 1.2)
    facts = _facts(evidence)
    columns = legend_columns([handle.get_label() for handle in handles], int(width * LETTERS))
    foot = 0.2 + 0.23 * -(-len(handles) // columns)
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained", rect=(0, foot / height, 1, 1 - (0.7 + foot) / height))
        panels = list(figure.subplots(1, count, squeeze=False).flat)
        figure.text(0.12 / width, 1 - 0.12 / height, title, ha="left", va="top", fontsize=13, fontweight="bold")
        line = (f"{evidence.scale} scale, physics {facts.physics}, {facts.utd_text}, {facts.seeds_text}, "
                f"network {facts.network}")
        figure.text(0.12 / width, 1 - 0.40 / height, line, ha="left", va="top", fontsize=9, color=GREY)
        figure.legend(handles=handles, loc="lower center", ncol=columns, frameon=False, fontsize=9, columnspacing=1.4,
                      bbox_to_anchor=(0.5, 0.03 / height))
    return figure, panels


def _facts(evidence: Evidence) -> Facts:
    """The facts of all runs as those of one whose variants are the arms."""
    each = list(evidence.facts.values())

    def joined(name: str) -> str:
        return ", ".join(dict.fromkeys(getattr(facts, name) for facts in each))

    def union(values: Sequence[Sequence]) -> tuple:
        return tuple(dict.fromkeys(value for some in values for value in some))

    seeds = union([facts.seeds for facts in each])
    of_tasks = {tuple(sorted({lane.seed for lane in evidence.lanes if lane.task == task})) for task in evidence.tasks}
    counts = {len(own) for own in of_tasks}
    texts: dict[str, Any] = {name: joined(name) for name in ("suite", "physics", "precision", "device",
                                                             "action_repeat", "network")}
    return dataclasses.replace(each[0], **texts, tasks=evidence.tasks, variants=evidence.arms,
                               utd=union([facts.utd for facts in each]), seeds=seeds,
                               seeds_a_task=counts.pop() if len(of_tasks) > 1 and len(counts) == 1 else 0,
                               primes=any(facts.primes for facts in each))
