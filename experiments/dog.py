"""`divbench reproduce dog`: OFN and LayerNorm on the dog tasks, beside published TD-MPC2.

Quick, 13 minutes of updates and as much of physics on two CPU cores: 16,000 updates on dog-run and dog-walk; in an
earlier run of one seed plain SAC diverged on all four dog tasks by then. Full: 1M env steps at UTD 8 on four tasks,
five seeds. The UTD of the paper on the dog was not available; TD-MPC2's numbers have action repeat 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import (
    MARGIN,
    all_shares,
    diverged_more,
    excess_over_other,
    few_diverge,
    many_diverge,
    return_over_number,
)
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import dog
from divbench.experiments.published import TDMPC2_DOG_1M, dog_in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence


def runs(scale: str) -> tuple[Arm, ...]:
    return tuple(arm for variant in ("baseline", "ofn", "layernorm") for arm in dog(scale, variant))


def decide(evidence: Evidence) -> Outcome:
    context = (*all_shares(evidence), *dog_in_words())
    stable = (excess_over_other(evidence, "baseline", "ofn"), diverged_more(evidence, "baseline", "ofn"),
              many_diverge(evidence, "baseline"), few_diverge(evidence, "ofn"))
    if evidence.scale == "quick":
        return conclude(*stable, context=context)
    layernorm = return_over_number(evidence, "layernorm", TDMPC2_DOG_1M, "TD-MPC2", threshold=-2 * MARGIN)
    return conclude(return_over_number(evidence, "ofn", TDMPC2_DOG_1M, "TD-MPC2", threshold=-2 * MARGIN), *stable,
                    context=(layernorm.in_words(), *context))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves, return_curves

    make = q_curves if evidence.scale == "quick" else return_curves
    return make(evidence, "The dog: plain SAC, OFN and LayerNorm")


EXPERIMENT = Experiment(
    name="dog",
    claim="On the dog tasks, where plain SAC diverges, OFN is competitive with TD-MPC2 without a model.",
    quick_claim="On the dog tasks plain SAC's Q diverges within 16,000 updates, and OFN's does not.",
    source="Hussing et al., 2403.05996, section 5 (dog tasks); numbers of TD-MPC2 from its public results",
    kind="online",
    runs=runs,
    quick_shows="Three seeds, two tasks, 12,000 of a million env steps: whether plain SAC diverges on the dog and OFN "
                "does not. Nothing about returns. Competitive means, at the full scale: at most 100 points less on "
                "average.",
    decide=decide,
    figure=figure,
)
