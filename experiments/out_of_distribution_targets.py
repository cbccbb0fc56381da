"""`divbench reproduce out-of-distribution-targets`: targets without made-up actions, or held down on them.

Quick, 32 minutes on two CPU cores (a third of it shared): plain SAC beside targets on the replayed next action and
beside a conservative term. The exact intervention of the paper was not available.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, diverged_more, few_diverge, medians_in_words, q_over_bound
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

STOPPED = ("in-distribution-targets", "conservative")


def runs(scale: str) -> tuple[Arm, ...]:
    return tuple(arm for variant in ("baseline", *STOPPED) for arm in priming(scale, variant))


def decide(evidence: Evidence) -> Outcome:
    comparisons = [q_over_bound(evidence, variant, "below") for variant in STOPPED]
    comparisons += [few_diverge(evidence, variant) for variant in STOPPED]
    comparisons += [diverged_more(evidence, "baseline", variant) for variant in STOPPED]
    return conclude(*comparisons, context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves

    return q_curves(evidence, "Q while priming, by what the targets may look at")


EXPERIMENT = Experiment(
    name="out-of-distribution-targets",
    claim="Divergence in priming starts at actions outside the data: targets on replayed actions stop it, and "
          "so does a conservative term.",
    source="Hussing et al., 2403.05996, section 3.2; conservative term of Kumar et al., 2006.04779",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds, two tasks, 15,000 updates: whether either of the two keeps Q within the bound where "
                "plain SAC leaves it. Slower divergence, after 15,000 updates, would not be seen. A conservative term "
                "can push Q below the least that a policy can be worth: that counts as divergence too.",
    decide=decide,
    figure=figure,
)
