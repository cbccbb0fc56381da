"""How reports and comparisons name cells and places: no holes where an import has no UTD or no count of updates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from divbench.report.series import Cell, Point
from divbench.spec.text import format_span

FIRST = 3  # cells that a sentence names


def variant_name(cell: Cell) -> str:
    """`ofn, UTD 1`; without a UTD `ofn`."""
    return f"{cell.variant}, UTD {cell.utd}" if cell.utd else cell.variant


def cell_name(cell: Cell) -> str:
    """`cheetah-run, ofn, UTD 1`; without a UTD `cheetah-run, ofn`."""
    return f"{cell.task}, {variant_name(cell)}"


def cell_names(cells: Iterable[Cell]) -> str:
    """The first cells by name, and how many more there are."""
    found = list(dict.fromkeys(cells))
    more = f"; and {len(found) - FIRST} more" if len(found) > FIRST else ""
    return "; ".join(map(cell_name, found[:FIRST])) + more


def place_name(*points: Point) -> str:
    """`env step 3,000, update 2,000`, or with spans from the first to the last of several points; an update that is not
    known is left out."""
    env_steps, updates = zip(*points, strict=True)
    update = "" if min(updates) < 0 else f", update {format_span(updates)}"
    return f"env step {format_span(env_steps)}{update}"


def places_name(baseline: Sequence[Point], new: Sequence[Point]) -> str:
    """Where both sides are compared; once if they are compared at the same points."""
    if set(baseline) == set(new):
        return place_name(*baseline)
    return f"{place_name(*baseline)} of BASELINE and {place_name(*new)} of NEW"
