"""Which columns a page can plot: their names for people, their axes, and whether the bound belongs beside them.

What a measured column means, and how it is plotted, is in `divbench.records.metrics`; its numbers are in `lines`.
"""

from __future__ import annotations

import dataclasses

from divbench.records.metrics import (
    EXTRAPOLATION,
    LINEAR,
    LOSSES,
    MAGNITUDE,
    METRICS,
    POLICY,
    Q_VALUES,
    RETURNS,
    STEPS,
)
from divbench.report import bounds

# Drawn at their fullest, however many lanes.
MAIN = ("return_mean", "q_replay_mean", "mc_return_mean", "q_bound", "q_bound_any")


@dataclasses.dataclass(frozen=True)
class PlotColumn:
    """A column of `scores` or `values` that can be plotted.

    Attributes:
      name, table: where its numbers are.
      label: what people call it.
      group: the heading under which it is offered.
      axis: `magnitude`, `log` or `linear`.
      bounded: whether the analytic bound is drawn in: the column is a Q-value or what one should be.
    """

    name: str
    table: str
    label: str
    group: str
    axis: str = LINEAR
    bounded: bool = False

    def record(self) -> dict:
        """As JSON values, with formula, unit, meaning and source."""
        metric = METRICS.get(self.name)
        words = {name: getattr(metric, name) for name in ("unit", "formula", "meaning", "source")} if metric else \
            WORDS.get(self.name, {})
        return {**dataclasses.asdict(self), **words}


WORDS = {
    "return_mean": {"unit": "return", "formula": "mean over evaluation episodes of the sum of rewards",
                    "meaning": "Undiscounted return of the deterministic policy.", "source": "divbench"},
    "resets": {"unit": "resets", "formula": "count", "meaning": "Resets of the lane so far.", "source": "divbench"},
}


def _measured(heading: str) -> tuple[PlotColumn, ...]:
    """The measured columns of `values` under a heading, in the order of the table."""
    return tuple(PlotColumn(metric.name, "values", metric.plot.label, heading, metric.plot.axis, metric.plot.bounded)
                 for metric in METRICS.values() if metric.plot and metric.plot.heading == heading)


PLOTTED = (
    PlotColumn("return_mean", "scores", "Return", "Score"),
    *(column for heading in (Q_VALUES, RETURNS, EXTRAPOLATION, LOSSES, STEPS) for column in _measured(heading)),
    PlotColumn("resets", "values", "Resets", STEPS),
    *_measured(POLICY),
)
BOUND, BOUND_ANY = BOUNDS = tuple(PlotColumn(name, "values", label, Q_VALUES, MAGNITUDE)
                                  for name, label in bounds.NAMES.items())
