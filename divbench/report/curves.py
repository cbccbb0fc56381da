"""What a picture shows, as numbers: per panel each variant's lines, thin for seeds, thick for their middle.

Lives here: which x axis, where a middle may be drawn, the envelopes of the bounds and how they are drawn.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from divbench.report.bounds import ANY, BOUND, NAMES, STYLES
from divbench.report.series import Cell, Cells, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Line = tuple[list[float], list[float]]  # x and y; y may hold nan, which breaks the line


@dataclasses.dataclass(frozen=True)
class Bundle:
    """The lines of one cell.

    Attributes:
      variant: its variant.
      seeds: one line per lane.
      middle: one line, at the points where every lane has a finite value.
      ends: last finite point of each lane whose values stop being finite.
    """

    variant: str
    seeds: tuple[Line, ...]
    middle: Line
    ends: tuple[tuple[float, float], ...]


@dataclasses.dataclass(frozen=True)
class Panel:
    """One quantity of one task and UTD: the bundles of its variants, and the envelopes of the upper bounds: at the
    entropies seen so far, and of any policy, empty where that is the same."""

    task: str
    utd: str
    quantity: str
    bundles: tuple[Bundle, ...]
    bound: Line
    acting_from: float | None
    bound_any: Line = ([], [])


def make_panels(
    cells: Cells,
    column: str,
    quantity: str,
    *,
    by_updates: bool,
    middle: Callable[[list[float]], float] = statistics.fmean,
    sparse: bool = False,
) -> list[Panel]:
    """Panels in the order of the cells' tasks and UTDs.

    Args:
      cells: series that hold `column`, and `q_bound` and `q_bound_any` if bounds are to be drawn.
      column: what is drawn.
      quantity: what people call it.
      by_updates: x is the update count; otherwise the env step.
      middle: how the lanes of one point are made one number.
      sparse: whether the column is not measured every time: lines pass over points without a number.
    """
    places: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        places.setdefault((cell.task, cell.utd), []).append(cell)
    panels = []
    for (task, utd), members in places.items():
        bundles = tuple(_bundle(cell.variant, cells[cell], column, by_updates, middle, sparse) for cell in members)
        lanes = [series for cell in members for series in cells[cell].values()]
        bound, bound_any = (_envelope(lanes, by_updates, name) for name in (BOUND, ANY))
        panels.append(Panel(task, utd, quantity, bundles, bound, _acting_from(lanes, by_updates),
                            ([], []) if bound_any == bound else bound_any))
    return panels


def finite_range(panels: Iterable[Panel]) -> tuple[float, float] | None:
    """Smallest and largest finite y of the lines of panels and of their bounds; None without any."""
    panels = list(panels)
    found = [y for panel in panels for bundle in panel.bundles for _, ys in bundle.seeds for y in ys
             if math.isfinite(y)]
    found += [y for panel in panels for _, ys in (panel.bound, panel.bound_any) for y in ys if math.isfinite(y)]
    return (min(found), max(found)) if found else None


def _bundle(
    variant: str,
    lanes: dict[int, Series],
    column: str,
    by_updates: bool,
    middle: Callable[[list[float]], float],
    sparse: bool,
) -> Bundle:
    lines, ends = [], []
    at: dict[tuple[int, int], list[float]] = {}
    for series in lanes.values():
        xs = [float(point[by_updates]) for point in series.points]
        ys = [y if math.isfinite(y) else math.nan for y in series.columns[column]]
        finite = [i for i, y in enumerate(ys) if math.isfinite(y)]
        lines.append(([xs[i] for i in finite], [ys[i] for i in finite]) if sparse else (xs, ys))
        if not sparse and finite and finite[-1] < len(ys) - 1 and len(finite) == finite[-1] + 1:
            ends.append((xs[finite[-1]], ys[finite[-1]]))
        for point, y in zip(series.points, ys, strict=True):
            if math.isfinite(y):
                at.setdefault(point, []).append(y)
    shared = sorted(point for point, values in at.items() if len(values) == len(lanes))
    line = [float(point[by_updates]) for point in shared], [middle(at[point]) for point in shared]
    return Bundle(variant, tuple(lines), line, tuple(ends))


def draw_bounds(axes: Axes, panel: Panel) -> None:
    """The upper bounds of a panel, as black lines."""
    axes.plot(*panel.bound, zorder=4, **STYLES[BOUND])
    axes.plot(*panel.bound_any, zorder=4, **STYLES[ANY])


def bound_entries(panels: list[Panel]) -> tuple[tuple[str, dict], ...]:
    """Entries of a legend, name and style, for the bounds that panels have."""
    lines = {BOUND: [panel.bound for panel in panels], ANY: [panel.bound_any for panel in panels]}
    return tuple((NAMES[name], STYLES[name]) for name, found in lines.items() if any(xs for xs, _ in found))


def _envelope(lanes: list[Series], by_updates: bool, column: str) -> Line:
    """The largest bound of any lane at each x."""
    largest: dict[float, float] = {}
    for series in lanes:
        for point, bound in zip(series.points, series.columns.get(column, ()), strict=False):
            if math.isfinite(bound):
                x = float(point[by_updates])
                largest[x] = max(bound, largest.get(x, bound))
    xs = sorted(largest)
    return xs, [largest[x] for x in xs]


def _acting_from(lanes: list[Series], by_updates: bool) -> float | None:
    """The update at which acting resumes after priming; None where the series show no priming."""
    if not by_updates:
        return None
    for series in lanes:
        steps = [point[0] for point in series.points]
        primed = {step for step in steps if step and steps.count(step) > 1}
        if primed and max(steps) > max(primed):
            return float(max(update for step, update in series.points if step == max(primed)))
    return None
