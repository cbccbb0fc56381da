"""A lane's critical point: the update from which its policy and the direction of its critic's kernel rest.

Where both rest, TD errors follow a linear law, and the sign of SEEM decides whether they grow.
Source: Yue et al., 2310.04411, section 3; why there is such a point is open there. A lane that has learned all it will
rests as well, so a critical point alone is no sign of divergence.
Lives here: the rule. Does not live here: the similarities (`divbench.diagnostics.kernels.directions`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from divbench.verdict.rows import by_lane
from divbench.verdict.rules import beyond_bound

# The least cosine between two measurements that counts as rest, an angle of 8 degrees. The experiments that foretell
# crashes take the kernel to rest from there on, and their forecasts hold (`crash-step`, docs/kernels.md); the policy is
# asked for the same. It depends on the interval of measurements: the closer they are, the sooner all seems to rest.
AT_REST = 0.99
RESTING = ("action_stability", "ntk_stability")  # metrics of the table of diagnostics, of `--diagnose seem`


@dataclasses.dataclass(frozen=True)
class CriticalPoint:
    """The first measurement at which a lane had rested since the one before, and kept resting."""

    update: int
    env_step: int


def critical_points(values: Iterable[Mapping], diagnostics: Iterable[Mapping]) -> dict[tuple, CriticalPoint]:
    """Those of all lanes that have one, by (task, variant, UTD, seed).

    Args:
      values, diagnostics: rows of the two tables of one run; those of one lane in the order of measurement.
    """
    measured = by_lane(values)
    found = {lane: critical_point(measured.get(lane, []), rows) for lane, rows in by_lane(diagnostics).items()}
    return {lane: point for lane, point in found.items() if point is not None}


def critical_point(values: Sequence[Mapping], diagnostics: Sequence[Mapping]) -> CriticalPoint | None:
    """The measurement from which on both similarities stay at `AT_REST` or above until mean Q passes its bound, or, in
    a lane that never does or did not rest then, until the end.

    None without such a measurement. One at which either is NaN does not count: the first, and those of a frozen lane.

    Args:
      values, diagnostics: a lane's rows of the two tables in the order of measurement.
    """
    series = _series(diagnostics)
    left = beyond_bound(values)
    passed = values[left[0].start]["update"] if left else math.inf
    return _rests_last([point for point in series if point[0].update <= passed]) or _rests_last(series)


def _series(diagnostics: Sequence[Mapping]) -> list[tuple[CriticalPoint, bool]]:
    """Measurements that have both similarities, in order, and whether both are at rest."""
    found: dict[CriticalPoint, dict[str, float]] = {}
    for row in diagnostics:
        if row["metric"] in RESTING and not math.isnan(row["value"]):
            found.setdefault(CriticalPoint(row["update"], row["env_step"]), {})[row["metric"]] = row["value"]
    return [(point, min(both.values()) >= AT_REST) for point, both in found.items() if len(both) == len(RESTING)]


def _rests_last(series: Sequence[tuple[CriticalPoint, bool]]) -> CriticalPoint | None:
    """Where the rest began that lasts to the end of the series; None if it does not end at rest."""
    begun = None
    for point, rests in series:
        begun = (begun or point) if rests else None
    return begun
