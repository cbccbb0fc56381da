"""The look of a variant on a light and on a dark page: colours of `divbench.report.colours`, dashes as lengths."""

from __future__ import annotations

from collections.abc import Sequence

from divbench.report.colours import (
    BLUE,
    BROWN,
    GREEN,
    INDIGO,
    LINES,
    OLIVE,
    SHADES,
    VERMILLION,
    WINE,
    assign,
    shaded,
)

# Colours that would be too dark on a dark page; the others stand out on both.
DARK = {BLUE: "#3A94DB", GREEN: "#1DB88A", VERMILLION: "#F07A2E", WINE: "#D0649A", INDIGO: "#9C8FF0", OLIVE: "#BDBD2E",
        BROWN: "#C08A55"}
DASHES: dict[str, list[float]] = {"-": [], "-.": [8, 3, 2, 3]}


def line_looks(variants: Sequence[str], runs: int) -> list[dict]:
    """For each variant its colours and the dashes of its lines in each run.

    Dashes tell runs apart, and variants that share a colour.
    """
    chosen = assign({(name, run): (name, run) for name in variants for run in range(runs)})
    found = []
    for name in variants:
        colour, _, shade = chosen[name, 0]
        found.append({"variant": name, "light": shaded(colour, SHADES[shade]),
                      "dark": shaded(DARK.get(colour, colour), SHADES[shade]),
                      "dashes": [dash_lengths(LINES[chosen[name, run].line]) for run in range(runs)]})
    return found


def dash_lengths(style: str | tuple[float, Sequence[float]]) -> list[float]:
    """A line style of matplotlib as lengths drawn and left out, in pixels; empty for a solid line."""
    return DASHES[style] if isinstance(style, str) else [2 * length for length in style[1]]
