"""The bounds of Q in reports: what they are called, and the share of its bound that the Q of several lanes comes to.

The rule behind a share is `divbench.verdict.bound`'s, which verdicts and claims use too.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable
from typing import Any

from divbench.report.series import Series
from divbench.verdict.bound import Limits, limits_of

__all__ = ["ANY", "BOUND", "LIMIT_COLUMNS", "NAMES", "NOTE", "SHORT", "SHORT_NOTE", "STYLES", "Limits", "Share",
           "last_numbers", "limits_of", "share_of"]

BOUND, ANY = "q_bound", "q_bound_any"  # columns of the table of values
NAMES = {BOUND: "most that entropies seen so far allow", ANY: "most any policy can be worth"}
STYLES: dict[str, dict[str, Any]] = {BOUND: {"color": "black", "linestyle": "--", "linewidth": 1.2},
          ANY: {"color": "black", "linestyle": (0, (1, 2)), "linewidth": 1.2}}
LIMIT_COLUMNS = ("q_bound_low", BOUND, "bound_seen")
SHORT = "0 to bound"  # in place of a share
NOTE = ("bound: the most that entropies seen so far allow; a share above 1.05 is beyond it, above 1.5 where the range "
        "of rewards is only the one seen")
SHORT_NOTE = f"{SHORT}: Q lies between 0, where a critic starts, and both bounds"


@dataclasses.dataclass(frozen=True)
class Share:
    """The share of its bound that Q comes to in some lanes.

    Attributes:
      share: median over the lanes that have one; None without any.
      beyond: whether that median is beyond the bound, as verdicts judge it.
      short: whether no lane has a share, and Q of some lies between 0 and both bounds.
    """

    share: float | None
    beyond: bool = False
    short: bool = False


def share_of(lanes: Iterable[tuple[float, float, float, float]]) -> Share:
    """The share in lanes of which Q, `q_bound_low`, `q_bound` and `bound_seen` are given; NaN was not measured."""
    found = [(q, limits_of(*limits)) for q, *limits in lanes]
    shares = [share for q, bound in found if not math.isnan(share := bound.share(q))]
    if not shares:
        return Share(None, short=any(bound.short_of(q) for q, bound in found))
    middle = statistics.median(shares)
    return Share(middle, middle > 1.0 + max(bound.tolerance for _, bound in found))


def last_numbers(series: Series, column: str = "q_replay_mean") -> tuple[float, float, float, float]:
    """The last finite numbers of a lane as `share_of` takes them. The series holds `column` and `LIMIT_COLUMNS`."""
    last, one, two, three = ((series.finite(name) or [math.nan])[-1] for name in (column, *LIMIT_COLUMNS))
    return last, one, two, three
