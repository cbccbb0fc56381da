"""The pictures of SEEM: by arm with what became of lanes, over training beside Q, and beside other numbers.

matplotlib is imported inside the functions. The sheet that they are drawn on is that of `figures`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from divbench.experiments.evidence import SEEM, Evidence, Lane
from divbench.experiments.figures import BOUND, BOUND_NAME, legend, sheet
from divbench.report.style import decade_label, looks, magnitude_axis, short_count

STAYED, LEFT = ("o", "a lane that did not end diverged"), ("X", "a lane that ended diverged")
COLOURS = {False: "#0072B2", True: "#D55E00"}  # by whether the lane diverged


def seem_by_arm(evidence: Evidence, positive: float, ended: Callable[[Lane], bool], title: str):
    """Normalised SEEM of the last measurement of every lane, arms side by side.

    Args:
      evidence: of the experiment.
      positive: above it SEEM counts as above 0; a line.
      ended: whether a lane ended diverged.
      title: of the picture.
    """
    height, arms = 4.6, evidence.arms
    figure, panels = sheet(len(evidence.tasks), title, evidence, height, width=8.6, entries=3)
    for axes, task in zip(panels, evidence.tasks, strict=True):
        axes.set_title(task, loc="left")
        for place, arm in enumerate(arms):
            lanes = [(lane.last(SEEM), ended(lane)) for lane in evidence.of(arm, task) if lane.judged]
            _spread(axes, place, [(value, diverged) for value, diverged in lanes if value is not None])
        axes.axhline(positive, zorder=1, **BOUND)
        axes.set_yscale("symlog", linthresh=positive)
        axes.set_ylim(top=2.0)
        axes.set_xticks(range(len(arms)), [arm.replace(" ", "\n", 1) for arm in arms])
        axes.set_ylabel("normalised SEEM at the end")
    legend(figure, _marks("above this line SEEM counts as above 0"), height)
    return figure


def q_and_seem(evidence: Evidence, title: str):
    """Above, mean Q of every lane with its bound; below, normalised SEEM; a column per task, updates to the right."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter

    height, tasks, look = 6.2, evidence.tasks, looks(evidence.arms)
    figure, panels = sheet(len(tasks), title, evidence, height, rows=2, entries=len(look) + 1)
    for place, task in enumerate(tasks):
        upper, lower = panels[place], panels[len(tasks) + place]
        upper.set_title(task, loc="left")
        shown: list[float] = []
        for lane in (lane for lane in evidence.lanes if lane.task == task):
            xs = [update for _, update in lane.values.points]
            for column, style in (("q_replay_mean", {"linewidth": 1.2, **look[lane.arm]}), ("q_bound", BOUND)):
                upper.plot(xs, [y if math.isfinite(y) else math.nan for y in lane.values.columns[column]], **style)
                shown += lane.values.finite(column)
            lower.plot(*zip(*lane.noted.get(SEEM, ((math.nan, math.nan),)), strict=True), linewidth=1.2,
                       **look[lane.arm])
        upper.set_ylabel("mean Q on the data")
        lower.set_ylabel("normalised SEEM")
        lower.set_xlabel("updates")
        if shown:
            magnitude_axis(upper, min(shown), max(shown))
            upper.yaxis.set_major_formatter(FuncFormatter(decade_label))
    for axes in panels:
        axes.xaxis.set_major_formatter(FuncFormatter(short_count))
    handles = [Line2D([], [], linewidth=2.2, label=name, **style) for name, style in look.items()]
    legend(figure, [*handles, Line2D([], [], label=BOUND_NAME, **BOUND)], height)
    return figure


def measures(evidence: Evidence, names: Sequence[str], ended: Callable[[Lane], bool], title: str):
    """The last value of several metrics, a panel for each: lanes that ended diverged to the right, the others left."""
    height = 4.2
    figure, panels = sheet(len(names), title, evidence, height, width=2.9 * len(names) + 0.6, entries=2)
    for axes, name in zip(panels, names, strict=True):
        axes.set_title(name, loc="left")
        shown: list[float] = []
        for diverged in (False, True):
            found = [lane.last(name) for lane in evidence.lanes if lane.judged and ended(lane) == diverged]
            _spread(axes, int(diverged), [(value, diverged) for value in found if value is not None])
            shown += [value for value in found if value is not None]
        if shown and not 0.0 < max(shown) < 100.0 * min(shown):  # many decades, or values around 0
            axes.set_yscale("symlog", linthresh=1e-4)
        axes.set_xticks((0, 1), ("did not", "diverged"))
        axes.set_xlim(-0.5, 1.5)
    legend(figure, _marks(), height)
    return figure


def _spread(axes, place: int, points: Sequence[tuple[float, bool]]) -> None:
    """Points (value, diverged) at a place of the axis, side by side."""
    for rank, (value, diverged) in enumerate(points):
        shift = 0.5 * (rank / (len(points) - 1) - 0.5) if len(points) > 1 else 0.0
        axes.plot([place + shift], [value], marker=(LEFT if diverged else STAYED)[0], markersize=7, linestyle="",
                  markeredgecolor="white", color=COLOURS[diverged], zorder=3)


def _marks(line: str = "") -> list:
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], marker=marker, color=COLOURS[kind], linestyle="", label=text)
             for kind, (marker, text) in ((False, STAYED), (True, LEFT))]
    return [*marks, *([Line2D([], [], label=line, **BOUND)] if line else [])]
