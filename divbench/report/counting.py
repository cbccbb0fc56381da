"""Which lanes count in tables and aggregates, and what is said of those that do not.

docs/reports.md has the rules in one table. Lives here: short and copied lanes. Elsewhere: lanes that broke (`series`,
`overall`), tasks of another range (`divbench.report.scale`), rows of an import that are repeated or left out
(`divbench.records.dialects`), what a comparison lacks (`compare.completeness`).
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Iterator, Mapping

from divbench.report.naming import cell_name, place_name
from divbench.report.series import Cell, Cells, Point, Series

SHORT = 0.5  # of the way of the lane of its cell that got furthest: a lane that ends before it does not count
NEAR = 0.01  # of the way: ends this close are one end


@dataclasses.dataclass(frozen=True)
class Counted:
    """The lanes that count.

    Attributes:
      cells: them, in the order given; every cell keeps at least one lane.
      notes: a sentence for each lane that does not count, or that ends before the furthest.
    """

    cells: Cells
    notes: tuple[str, ...]

    def lacking(self, cells: Cells) -> set[tuple[Cell, int]]:
        """The lanes of `cells` that do not count."""
        return {(cell, seed) for cell, lanes in cells.items() for seed in lanes if seed not in self.cells[cell]}


def count_lanes(cells: Cells, *, finished: bool) -> Counted:
    """Leave out the lanes that do not count.

    - A *copied* lane has the rows of another seed of its cell, equal to the last bit, and its numbers vary: one of
      them counts.
    - A *short* lane of a finished folder ends before half of the way of the furthest lane of its cell. In a growing
      folder no lane is short: all are compared where the last one is.

    Args:
      cells: the lanes, with any columns.
      finished: whether the folder is that of a finished run.
    """
    kept: Cells = {}
    notes: list[str] = []
    for cell, lanes in cells.items():
        copies = dict(_copies(lanes))
        counted = {seed: series for seed, series in lanes.items() if seed not in copies}
        notes += [f"{text}, and is left out" for text in copied_notes({cell: lanes})]
        kept[cell] = counted
        if finished:
            far = max(series.points[-1] for series in counted.values())
            kept[cell] = {seed: series for seed, series in counted.items() if _way(series.points[-1], far) >= SHORT}
            notes += _ends(cell, counted, kept[cell], far)
    return Counted(kept, tuple(notes))


def copied_notes(cells: Cells) -> list[str]:
    """A sentence for each copied lane."""
    return [f"{cell_name(cell)}: seed {seed} has the rows of seed {first} to the last bit"
            for cell, lanes in cells.items() for seed, first in _copies(lanes)]


def _ends(cell: Cell, lanes: Mapping[int, Series], kept: Mapping[int, Series], far: Point) -> Iterator[str]:
    """What is said of the lanes that end before the furthest."""
    for seed, series in lanes.items():
        end = series.points[-1]
        if seed not in kept:
            yield (f"{cell_name(cell)}: seed {seed} ends at {place_name(end)}, the furthest at {place_name(far)}; it "
                   "is left out")
        elif _way(end, far) < 1.0 - NEAR:
            yield (f"{cell_name(cell)}: seed {seed} ends at {place_name(end)}, the furthest at {place_name(far)}; the "
                   "cell counts where all of its lanes have been")


def _way(end: Point, far: Point) -> float:
    """How far a lane has come, as a share of the furthest: in env steps, or where these are equal in updates."""
    one, other = (end[0], far[0]) if end[0] != far[0] else (end[1], far[1])
    return one / other if other > 0 else 1.0


def _copies(lanes: Mapping[int, Series]) -> Iterator[tuple[int, int]]:
    """Each lane whose rows an earlier lane has, with that lane."""
    seen: dict[tuple, int] = {}
    for seed, series in lanes.items():
        numbers = [value for values in series.columns.values() for value in values]
        if len({value for value in numbers if value == value}) < 3:
            continue  # lanes that earn the same all the time are no copies of each other
        content = series.points, array("d", numbers).tobytes()
        if content in seen:
            yield seed, seen[content]
        else:
            seen[content] = seed
