"""`divbench reproduce moments`: what Adam's second moment and the gradients do while Q diverges.

Quick, 22 minutes on two CPU cores, all of it shared with ofn-priming: second moments and gradients of plain SAC grow by
decades after the first 1,000 updates, beside OFN's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, growth, q_over_bound
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

START = 1_000  # updates after which a second moment with b2 = 0.999 has mostly forgotten its start at 0


def runs(scale: str) -> tuple[Arm, ...]:
    return (*priming(scale, "baseline"), *priming(scale, "ofn"))


def decide(evidence: Evidence) -> Outcome:
    head = growth(evidence, "baseline", "second_moment_head", START)
    return conclude(
        growth(evidence, "baseline", "second_moment", START),
        growth(evidence, "baseline", "grad_norm", START),
        growth(evidence, "baseline", "second_moment", START, over="ofn"),
        q_over_bound(evidence, "baseline", "above"),
        context=(head.in_words(), *all_shares(evidence)),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import value_curves

    columns = {"second_moment": "second moment", "grad_norm": "gradient norm"}
    return value_curves(evidence, columns, "Second moments and gradients of the critics while priming")


EXPERIMENT = Experiment(
    name="moments",
    claim="While Q diverges in priming, Adam's second moments and the critic's gradients grow with it.",
    source="Hussing et al., 2403.05996, section 3.1",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds, two tasks, 15,000 updates: how much both grow after the first 1,000 updates, and that "
                "they grow more than under OFN. Growing means more than tenfold, which is divbench's reading. Which "
                "comes first is not decided.",
    decide=decide,
    figure=figure,
)
