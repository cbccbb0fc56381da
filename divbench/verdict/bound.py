"""Bounds of Q, the share of its bound that a Q comes to, and when a measured Q counts as beyond it.

With rewards in [r_min, r_max], temperature alpha and policy entropy H, every discounted soft return lies between

    (r_min + min(alpha, alpha_0) * min(H, 0)) / (1 - gamma)         and
    (r_max + min(alpha, 10 alpha_0) * max(H, 0)) / (1 - gamma).

alpha_0 is the initial temperature. alpha and H change during a run and a critic may still hold yesterday's, so the
learner records the running minimum of the first (`q_bound_low`) and the running maximum of the second (`q_bound`), with
the policy's mean entropy on the batch for H. `q_bound` is thus the most that policies with the entropies seen so far
can be worth, and verdicts are judged by it. The most that any policy can be worth is larger: the entropy of A actions
in [-1, 1] is at most A ln 2, which gives `q_bound_any`, also a running maximum.

Divergence drives the temperature up, and must not widen the bounds that are to show it. Hence the caps on alpha: ten
times its initial value above, its initial value below. A lane that passes the cap above has a first cause of its own
(`first_cause`). The lower bound is wide all the same: at the initial temperature an untrained policy's actions can cost
far more entropy than any reward (-9,164 on quadruped-run, where the upper bound is 747), and a running minimum never
forgets it. Therefore an excess over the upper bound is never measured by the range between the two.

Where the task states no range of its rewards, r_min and r_max are those seen so far. A policy that outgrows its data
can then rightly be worth more than the bound, so such bounds have a wider tolerance, and a lane beyond them is only
beyond what was seen.
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

# The same where the bounds come from the rewards seen so far. Chosen, not measured: a policy whose every step earns
# half as much again as the best step so far is not called diverged, while critics that diverge leave the bound by
# decades and are found one or two measurements later.
SEEN_TOLERANCE = 0.5

# `q_bound` and `q_bound_any` count the temperature up to this many times its initial value.
MOST_TEMPERATURE = 10.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """The bounds of one measurement, in units of return.

    Attributes:
      low, high: least and greatest Q. Both include 0, the value of a critic that has learned nothing yet.
      nearest: of bounds that are both above or both below 0 the one nearer to 0; else 0.
      seen: whether the rewards behind the bounds are only those seen so far.
    """

    low: float
    high: float
    nearest: float = 0.0
    seen: bool = False

    @property
    def range(self) -> float:
        """Upper minus lower bound."""
        return self.high - self.low

    @property
    def height(self) -> float:
        """The unit of an excess over the upper bound: that bound, or the range where it is 0."""
        return self.high or self.range

    @property
    def tolerance(self) -> float:
        """The largest excess, in its unit, that does not count as beyond."""
        return SEEN_TOLERANCE if self.seen else TOLERANCE

    def short_of(self, q: float) -> bool:
        """Whether `q` lies between 0 and both bounds. A critic starts at 0, so this is no sign of health or harm."""
        return 0.0 <= q < self.nearest or self.nearest < q <= 0.0

    def share(self, q: float) -> float:
        """The share of its bound that `q` comes to; above 1 + `tolerance` it is beyond.

        Inside the bounds, q over the bound on its side. Outside, 1 plus the excess, measured by `height` above and by
        `range` below. NaN where `q` is `short_of` its bounds, where either was not measured, and where both bounds
        are 0, since no size would be a tolerance.
        """
        if math.isnan(q) or math.isnan(self.high) or self.short_of(q):
            return math.nan
        if q >= 0.0 and self.high > 0.0:  # needs no lower bound, which results from elsewhere may lack
            return q / self.high if q <= self.high else 1.0 + (q - self.high) / self.high
        if not self.range > 0.0:
            return math.nan
        if q > self.high:
            return 1.0 + (q - self.high) / self.height
        if q < self.low:
            return 1.0 + (self.low - q) / self.range
        return q / self.low if q < 0.0 else 0.0

    def side(self, q: float, factor: float = 1.0) -> str:
        """`upper` or `lower` if `q` is beyond `factor` times that bound with its tolerance, else empty."""
        if not self.share(q / factor) > 1.0 + self.tolerance:
            return ""
        return "upper" if q > 0.0 else "lower"


def limits_of(low: float, high: float, seen: float = 0.0) -> Limits:
    """The bounds that `q_bound_low`, `q_bound` and `bound_seen` say; `seen` is 1 for rewards seen so far, else 0 or
    NaN."""
    nearest = high if high < 0.0 else low if low > 0.0 else 0.0
    return Limits(min(low, 0.0), max(high, 0.0), nearest, seen == 1.0)


def limits(row: Mapping) -> Limits:
    """The bounds that hold for a row of the table of values."""
    return limits_of(row["q_bound_low"], row["q_bound"], measured(row, "bound_seen"))


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
