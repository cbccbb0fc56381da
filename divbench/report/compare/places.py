"""Where two sides are compared: at the last evaluations that all of their lanes have, or have near each other.

Evaluations as close as `NEAR` count as made at one place, so that curves on other step grids (10,000 and 9,999) can be
compared. Does not live here: whether a side ends too early (`completeness`), and what is taken there (`samples`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from divbench.report.series import Point, Series

NEAR = 0.01  # of an env step, and of an update count
Lanes = Mapping[int, Series]


@dataclasses.dataclass(frozen=True)
class Places:
    """Where the lanes of one cell are compared.

    Attributes:
      baseline, new: for each seed its points, ascending; every lane has as many.
    """

    baseline: dict[int, tuple[Point, ...]]
    new: dict[int, tuple[Point, ...]]

    def points(self, side: str) -> tuple[Point, ...]:
        """All points of a side's lanes, ascending."""
        return tuple(sorted({point for points in getattr(self, side).values() for point in points}))


def end_of(lanes: Lanes) -> Point:
    """The last point of the lane that ends first."""
    return min(series.points[-1] for series in lanes.values())


def is_near(one: Point, other: Point) -> bool:
    """Whether two points count as one place; an update count that is not known is near every other."""
    return all(abs(a - b) <= NEAR * max(a, b) or min(a, b) < 0 for a, b in zip(one, other, strict=True))


def ends_before(one: Point, other: Point) -> bool:
    """Whether a lane that ends at the first point ends before the other, by more than what is near."""
    return one < other and not is_near(one, other)


def trained(point: Point) -> bool:
    """Whether a point lies after the first update; by its env step where updates are not known."""
    return point[1] > 0 if point[1] >= 0 else point[0] > 0


def common_places(baseline: Lanes, new: Lanes, count: int) -> Places | None:
    """The last places that all lanes of both sides have, `count` of them or as many as there are.

    Where every lane has the same points up to the end that comes first, those; else points that are near those of the
    lane that ends first; else the last that are equal. Points before training count only if no lane has any other.

    Returns:
      None where the lanes have no place in common after training began.
    """
    lanes = [*baseline.values(), *new.values()]
    if not lanes or not all(series.points for series in lanes):
        return None
    counts = trained if any(map(trained, (point for series in lanes for point in series.points))) else lambda _: True
    first = min(lanes, key=lambda series: series.points[-1])
    shared = sorted(point for point in set.intersection(*(set(series.points) for series in lanes)) if counts(point))
    if shared and is_near(shared[-1], first.points[-1]):
        return _equal(baseline, new, shared[-count:])
    targets = [point for point in first.points if counts(point)][-count:]
    found = [row for row in ([_nearest(series, target, counts) for series in lanes] for target in targets) if all(row)]
    if found:
        by_lane = [tuple(points) for points in zip(*found, strict=True)]
        seeds = list(baseline)
        return Places(dict(zip(seeds, by_lane, strict=False)),
                      dict(zip(new, by_lane[len(seeds):], strict=True)))
    return _equal(baseline, new, shared[-count:]) if shared else None


def _equal(baseline: Lanes, new: Lanes, points: list[Point]) -> Places:
    return Places(*(dict.fromkeys(side, tuple(points)) for side in (baseline, new)))


def _nearest(series: Series, target: Point, counts: Callable[[Point], bool]) -> Point | None:
    near = [point for point in series.points if counts(point) and is_near(point, target)]
    return min(near, key=lambda point: (abs(point[0] - target[0]), abs(point[1] - target[1])), default=None)
