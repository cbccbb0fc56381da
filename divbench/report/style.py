"""The look of every picture: colours that colour-blind readers can tell apart, fonts, axes of many decades.

Colours are those of Okabe and Ito, "Color Universal Design" (2008). A built-in variant has the same colour in
every picture.
"""

from __future__ import annotations

import math

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#595959"

OWN_COLOURS = {"baseline": VERMILLION, "ofn": BLUE, "layernorm": GREEN, "reset": PURPLE}
OTHER_COLOURS = (PURPLE, SKY, ORANGE, BLACK, GREEN, BLUE, VERMILLION)
# Told apart by the line once the colours are used up: at least 28 variants.
OTHER_LINES = ("-", "-.", (0, (5, 1.2)), (0, (1.5, 1)), (0, (6, 1.5, 1, 1.5, 1, 1.5)), (0, (9, 1.5)),
               (0, (3, 1, 3, 2.5)), (0, (0.8, 2)))

RC = {
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


def looks(variants: tuple[str, ...]) -> dict[str, dict]:
    """Colour and line style of each variant. Built-in variants keep their own colour in every picture."""
    chosen: dict[str, dict] = {
        name: {"color": OWN_COLOURS[name], "linestyle": "-"} for name in variants if name in OWN_COLOURS
    }
    free = [colour for colour in OTHER_COLOURS if all(look["color"] != colour for look in chosen.values())]
    others = [name for name in variants if name not in chosen]
    for place, name in enumerate(others):
        lap, colour = divmod(place, len(free))
        chosen[name] = {"color": free[colour], "linestyle": OTHER_LINES[lap % len(OTHER_LINES)]}
    return {name: chosen[name] for name in variants}


def short_count(value: float, _position=None) -> str:
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


def decade_label(value: float, _position=None) -> str:
    """`0`, `1`, `10`, `1,000`, then powers of ten."""
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    return f"${'-' if value < 0 else ''}10^{{{round(math.log10(abs(value)))}}}$"


def magnitude_axis(axes, low: float, high: float) -> None:
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
