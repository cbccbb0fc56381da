"""What a policy can be worth at most and at least, and when a measured Q counts as beyond it.

With rewards in [r_min, r_max], temperature alpha and policy entropy H, every discounted soft return lies
between

    (r_min + min(alpha, alpha_initial) * min(H, 0)) / (1 - gamma)   and
    (r_max + alpha * max(H, 0)) / (1 - gamma).

alpha and H change during a run and a critic may still hold yesterday's, so the learner records the running
minimum of the first and the running maximum of the second (`q_bound_low` and `q_bound`; H is the policy's
mean entropy on the batch). A temperature that climbs because Q diverges meets a collapsed policy, H < 0: the
maximum leaves it out, and the minimum caps it at its initial value, so that divergence hardly widens the
bounds that are to show it. The minimum is wide all the same: at the initial temperature an untrained policy's
actions can cost far more entropy than any reward (-9,164 on quadruped-run, where the upper bound is 747), and a
running minimum never forgets it. Nothing on the upper side is therefore measured by the range between the two.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

# How far a mean Q may pass a bound without being called beyond it: this share of the upper bound, or of the range
# between the bounds below the lower one. A correct critic can sit on a bound (every action may earn the largest
# reward) and is never correct to the last digit; the lower bound is often exactly 0, and the mean of a critic that
# has learned little is scattered around 0.
TOLERANCE = 0.05


@dataclasses.dataclass(frozen=True)
class Limits:
    """The bounds of one measurement. Both include 0, the value of a critic that has learned nothing yet."""

    low: float
    high: float

    @property
    def range(self) -> float:
        """Upper minus lower bound, in units of return."""
        return self.high - self.low

    @property
    def height(self) -> float:
        """What an excess over the upper bound is measured by: that bound, or the range where it is 0."""
        return self.high or self.range

    def side(self, q: float, factor: float = 1.0) -> str:
        """`upper` or `lower` if `q` is beyond `factor` times that bound with its tolerance, else empty.

        Empty too where nothing can be earned as far as is known, both bounds 0: no size would be a tolerance.
        """
        if not self.range > 0.0:
            return ""
        if q > factor * (self.high + TOLERANCE * self.height):
            return "upper"
        return "lower" if q < factor * (self.low - TOLERANCE * self.range) else ""


def limits(row: Mapping) -> Limits:
    """The bounds that hold for a row of the table of values."""
    return Limits(min(row["q_bound_low"], 0.0), max(row["q_bound"], 0.0))


def measured(row: Mapping, name: str) -> float:
    """A number of a row; NaN where it was not measured or where an older table has no such column."""
    value = row.get(name, math.nan)
    return math.nan if value is None else value


def passes_bound(row: Mapping, name: str) -> bool:
    """Whether a mean Q that was learned is beyond its bound.

    At update 0 it was not: the weights are random, and so is what they say, while the bounds are still those of a
    policy without entropy.
    """
    return row["update"] > 0 and bool(limits(row).side(measured(row, name)))
