"""When a series of measurements enters a state and when it leaves it again. Knows nothing of Q-values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

IN, CLEAR, BETWEEN, UNKNOWN, FAR, GONE = "in", "clear", "between", "unknown", "far", "gone"


@dataclasses.dataclass(frozen=True)
class Excursion:
    """A sustained stay in a state: index of its first measurement and of the first one after it, if any."""

    start: int
    end: int | None


def excursions(marks: Sequence[str], *, enter_after: int, leave_after: int,
               last_counts: bool) -> list[Excursion]:
    """The sustained stays in a state, in order.

    Args:
      marks: one per measurement: `IN` the state, `FAR` inside it, `CLEAR` of it, `GONE` from it altogether, `BETWEEN`
        the two thresholds, or `UNKNOWN`. An unknown measurement neither continues nor breaks a row of others.
      enter_after: this many `IN` (or `FAR`) in a row begin a stay, at the first of them; one `FAR` does so
        alone.
      leave_after: this many `CLEAR` (or `GONE`) in a row end it, at the first of them. Fewer do if the last known
        measurement is `GONE`.
      last_counts: whether a stay begins with fewer `IN` in a row if the series ends with them.
    """
    found: list[Excursion] = []
    row: list[int] = []
    inside, last = False, UNKNOWN
    for index, mark in enumerate(marks):
        if mark == UNKNOWN:
            continue
        last = mark
        wanted = (CLEAR, GONE) if inside else (IN, FAR)
        row = [*row, index] if mark in wanted else []
        if not inside and row and (len(row) >= enter_after or mark == FAR):
            found.append(Excursion(row[0], None))
            inside, row = True, []
        elif inside and len(row) >= leave_after:
            found[-1] = Excursion(found[-1].start, row[0])
            inside, row = False, []
    if inside and last == GONE:
        found[-1] = Excursion(found[-1].start, row[0])
    if last_counts and not inside and row:
        found.append(Excursion(row[0], None))
    return found
