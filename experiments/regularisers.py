"""`divbench reproduce regularisers`: weight decay and dropout against divergence in priming.

Quick, 86 minutes on two CPU cores: four weight decays and two dropout rates between plain SAC and OFN. Coefficients of
the paper were not available; the grid is divbench's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, diverged_more, medians_in_words, q_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

REGULARISED = ("weight-decay=0.0001", "weight-decay=0.001", "weight-decay=0.01", "weight-decay=0.1", "dropout=0.01",
               "dropout=0.1")

# The others are shown: a step takes learning rate times coefficient of a weight, in 15,000 steps 4 % of it at 0.01.
STRONGEST = ("weight-decay=0.1", "dropout=0.1")


def runs(scale: str) -> tuple[Arm, ...]:
    return tuple(arm for variant in ("baseline", *REGULARISED, "ofn")
                 for arm in priming(scale, variant, name=variant))


def decide(evidence: Evidence) -> Outcome:
    return conclude(
        *(q_over_other(evidence, "baseline", variant) for variant in STRONGEST),
        *(diverged_more(evidence, variant, "ofn") for variant in STRONGEST),
        context=(*all_shares(evidence), *medians_in_words(evidence)),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import final_values

    return final_values(evidence, "Q at the end of priming, by regulariser")


EXPERIMENT = Experiment(
    name="regularisers",
    claim="Weight decay and dropout make Q smaller in priming but only partly help: lanes still diverge.",
    source="Hussing et al., 2403.05996, section 3.3",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds for each of six regularisers on two tasks, 15,000 updates: whether the strongest decay "
                "and the strongest dropout lower Q, and whether lanes of them still diverge where OFN's do not. Weaker "
                "ones are shown, not decided.",
    decide=decide,
    figure=figure,
)
