"""The look of a variant on a light and on a dark page: colours of `divbench.report.style`, dashes as lengths."""

from __future__ import annotations

from collections.abc import Sequence

from divbench.report.style import BLACK, BLUE, GREEN, OTHER_LINES, VERMILLION, looks

DARK = {BLACK: "#F0F0F0", BLUE: "#3A94DB", GREEN: "#1DB88A", VERMILLION: "#F07A2E"}  # the others stand out on both
DASHES = {"-": [], "-.": [8, 3, 2, 3], "--": [6, 3]}


def line_looks(variants: Sequence[str], runs: int) -> list[dict]:
    """For each variant its colours and the dashes of its lines in each run.

    With one run a dash tells variants apart that share a colour; with several it tells the runs apart.
    """
    found = []
    for name, look in looks(tuple(variants)).items():
        dashes = [OTHER_LINES[run % len(OTHER_LINES)] for run in range(runs)] if runs > 1 else [look["linestyle"]]
        found.append({"variant": name, "light": look["color"], "dark": DARK.get(look["color"], look["color"]),
                      "dashes": [dash_lengths(dash) for dash in dashes]})
    return found


def dash_lengths(style) -> list[float]:
    """A line style of matplotlib as lengths drawn and left out, in pixels; empty for a solid line."""
    return DASHES[style] if isinstance(style, str) else [2 * length for length in style[1]]
