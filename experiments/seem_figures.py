"""The pictures of SEEM: by arm with what became of lanes, and beside other numbers of the kernel.

matplotlib is imported inside the functions. The sheet that they are drawn on is that of `figures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from divbench.experiments.evidence import SEEM, Evidence, Lane
from divbench.experiments.figures import BOUND, legend, sheet
from divbench.report.style import BLUE, VERMILLION

STAYED, LEFT = ("o", "a lane that did not end diverged"), ("X", "a lane that ended diverged")
COLOURS = {False: BLUE, True: VERMILLION}  # by whether the lane diverged


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
