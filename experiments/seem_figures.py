"""The pictures of SEEM: by arm with the ends of lanes, and beside other numbers of the kernel.

matplotlib is imported inside the functions. The sheet that they are drawn on is that of `figures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from divbench.experiments.evidence import KERNEL, SEEM, ArmLane, Evidence
from divbench.experiments.figures import sheet
from divbench.report.colours import GREY, colour_of
from divbench.report.sheet import share_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STAYED, LEFT = ("o", "a lane that did not end diverged"), ("X", "a lane that ended diverged")
ENOUGH: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.2}  # where SEEM counts as above 0
SAID = dict(zip((SEEM, *KERNEL), ("normalised SEEM", "row ratio", "average diagonal", "numerical rank"), strict=True))


def seem_by_arm(evidence: Evidence, positive: float, ended: Callable[[ArmLane], bool], title: str) -> Figure:
    """Normalised SEEM of the last measurement of every lane, arms side by side.

    Args:
      evidence: of the experiment.
      positive: above it SEEM counts as above 0; a line.
      ended: whether a lane ended diverged.
      title: of the picture.
    """
    arms = evidence.arms
    marks = _marks("above this line SEEM counts as above 0")
    figure, panels = sheet(len(evidence.tasks), title, evidence, 4.6, marks, width=8.6)
    for axes, task in zip(panels, evidence.tasks, strict=True):
        axes.set_title(task, loc="left")
        for place, arm in enumerate(arms):
            _spread(axes, place, [(value, ended(lane), lane.variant) for lane in evidence.of(arm, task)
                                  if lane.judged and (value := lane.last(SEEM)) is not None])
        axes.axhline(positive, zorder=1, **ENOUGH)
        axes.set_yscale("symlog", linthresh=positive)
        axes.set_ylim(top=2.0)
        axes.set_xticks(range(len(arms)), [arm.replace(" ", "\n", 1) for arm in arms])
        axes.set_ylabel("normalised SEEM at the end")
    share_limits(panels, [SEEM] * len(panels), "y")
    return figure


def measures(evidence: Evidence, names: Sequence[str], ended: Callable[[ArmLane], bool], title: str) -> Figure:
    """The last value of several metrics, a panel for each: lanes that ended diverged to the right, the others left."""
    figure, panels = sheet(len(names), title, evidence, 4.2, _marks(), width=2.9 * len(names) + 0.6)
    for axes, name in zip(panels, names, strict=True):
        axes.set_title(SAID[name], loc="left")
        shown: list[float] = []
        for diverged in (False, True):
            found = [(value, diverged, lane.variant) for lane in evidence.lanes
                     if lane.judged and ended(lane) == diverged and (value := lane.last(name)) is not None]
            _spread(axes, int(diverged), found)
            shown += [value for value, *_ in found]
        if shown and not 0.0 < max(shown) < 100.0 * min(shown):  # many decades, or values around 0
            axes.set_yscale("symlog", linthresh=1e-4)
        axes.set_xticks((0, 1), ("did not", "diverged"))
        axes.set_xlim(-0.5, 1.5)
    return figure


def _spread(axes: Axes, place: int, points: Sequence[tuple[float, bool, str]]) -> None:
    """Points (value, diverged, variant) at a place of the axis, side by side."""
    for rank, (value, diverged, variant) in enumerate(points):
        shift = 0.5 * (rank / (len(points) - 1) - 0.5) if len(points) > 1 else 0.0
        axes.plot([place + shift], [value], marker=(LEFT if diverged else STAYED)[0], markersize=7, linestyle="",
                  markeredgecolor="white", color=colour_of(variant), zorder=3)


def _marks(line: str = "") -> list:
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], marker=marker, color=GREY, linestyle="", label=text) for marker, text in (STAYED, LEFT)]
    return [*marks, *([Line2D([], [], label=line, **ENOUGH)] if line else [])]
