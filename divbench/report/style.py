"""The look of every picture: styles of its lines, fonts, axes of many decades. Colours are in `colours`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from divbench.report.colours import GREY, as_dots, assign

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 2  # points measured up to which they are dots: nothing was measured between them
SPARSE = 8  # points up to which a thick line has a dot at each

RC: Any = {  # matplotlib's own type of it names every key
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "legend.frameon": False,
    "legend.fontsize": 10,
    "figure.facecolor": "white",
    "svg.hashsalt": "divbench",
    "svg.fonttype": "path",
    "path.simplify": True,
}


def looks(variants: Sequence[str]) -> dict[str, dict]:
    """Colour and line style of each variant. A variant has its colour in every picture; a line style that is not solid
    tells it from another one of the same colour in this picture."""
    found = assign({name: (name, 0) for name in variants})
    return {name: found[name].style() for name in variants}


def draw_line(axes: Axes, xs: Sequence[float], ys: Sequence[float], look: dict, *, dots: bool = False,
              **style: Any) -> None:
    """A line through points; with up to `FEW` points these alone, as dots.

    Args:
      axes: of matplotlib.
      xs, ys: the points; where y is not finite the line has a gap.
      look: colour and line style.
      dots: whether a line with up to `SPARSE` points has dots at them too.
      style: further arguments of `plot`.
    """
    measured = sum(map(math.isfinite, ys))
    if measured <= FEW:
        look = as_dots(look)
    elif dots and measured <= SPARSE:
        look = as_dots(look) | look
    axes.plot(xs, ys, **{"markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.5, **style, **look})


def short_count(value: float, _position: object = None) -> str:
    """Steps on an axis: `0`, `500`, `20k`, `2.5M`."""
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{suffix}"
    return f"{value:.4g}"


def decade_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Ticks of a symlog axis that is linear between -1 and 1: 0 and powers of ten, about `most` at most."""
    up = max(0, math.ceil(math.log10(high))) if high > 1 else 0
    down = max(0, math.ceil(math.log10(-low))) if low < -1 else 0
    step = max(1, math.ceil((up + down) / most))
    ticks = [10.0**k for k in range(0 if step == 1 else step, up + step, step)]
    if low <= 0:
        ticks.append(0.0)
    if low <= -1:
        ticks += [-(10.0**k) for k in range(0 if step == 1 else step, down + step, step)]
    return sorted(ticks)


def as_it_is(text: str) -> str:
    """A name as matplotlib shows it letter by letter: between two dollar signs it would read a formula."""
    return text.replace("$", r"\$")


def decade_label(value: float, _position: object = None) -> str:
    """`0`, `1`, `10`, `1,000`, then powers of ten."""
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    return f"${'-' if value < 0 else ''}10^{{{round(math.log10(abs(value)))}}}$"


def magnitude_axis(axes: Axes, low: float, high: float) -> None:
    """Make the y axis of `axes` show numbers of any sign and size from `low` to `high` (both finite)."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_yscale("symlog", linthresh=1.0, linscale=0.5)
    ticks = decade_ticks(low, high)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(decade_label))
    axes.set_ylim(_margin(low, -1), _margin(high, +1))


def _margin(value: float, side: int) -> float:
    """`value` moved outward by a little of what the symlog axis shows as its size."""
    if value * side > 1:
        return value * 2.0
    if value * side < -1:
        return value / 1.5
    return value + 0.3 * side
