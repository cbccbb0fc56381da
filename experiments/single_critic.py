"""`divbench reproduce single-critic`: does OFN still need the lesser of two critics?

Quick, 54 minutes on two CPU cores (two fifths shared): priming with one critic, with the mean of two, and with OFN.
Full: the same, and returns on DMC15-500k at UTD 8. That the ablation exists is known; its numbers were not available.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import (
    MARGIN,
    all_shares,
    diverged_more,
    few_diverge,
    medians_in_words,
    q_over_bound,
    return_over_other,
)
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import online, priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

VARIANTS = ("baseline", "mean-critic", "single-critic", "ofn", "ofn-single-critic")


def runs(scale: str) -> tuple[Arm, ...]:
    primed = tuple(arm for variant in VARIANTS for arm in priming(scale, variant))
    if scale == "quick":
        return primed
    return primed + tuple(arm for variant in ("ofn", "ofn-single-critic") for arm in online(scale, variant, 8))


def decide(evidence: Evidence) -> Outcome:
    comparisons = [q_over_bound(evidence, "ofn-single-critic", "below"), few_diverge(evidence, "ofn-single-critic"),
                   diverged_more(evidence, "single-critic", "ofn-single-critic")]
    if evidence.scale == "full":
        comparisons.append(return_over_other(evidence, "ofn-single-critic UTD 8", "ofn UTD 8", threshold=-MARGIN))
    return conclude(*comparisons, context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import final_values

    return final_values(evidence, "Q at the end, by the number of critics")


EXPERIMENT = Experiment(
    name="single-critic",
    claim="With output feature normalization one critic is enough: its Q stays within the bound under priming, where "
          "one plain critic diverges.",
    source="Hussing et al., 2403.05996, ablation on a single critic",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds, two tasks, 15,000 updates of priming: whether Q stays within the bound. Returns are "
                "compared at the full scale alone.",
    decide=decide,
    figure=figure,
)
