"""`divbench reproduce dmc15`: returns on DMC15-500k at UTD 1, 8 and 32, with and without resets and OFN.

Quick, 1.6 hours on two CPU cores: UTD 8, two tasks, 25,000 env steps; a first look, not the figure. Full: 15 tasks,
five variants, three UTDs, five seeds, 500,000 env steps: 7.5 thousand million updates, two weeks on one A100 at the
pace published for SR-SAC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import MARGIN, all_shares, return_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import online
from divbench.experiments.published import sr_sac_in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

VARIANTS, UTDS = ("baseline", "reset", "ofn", "ofn-reset", "layernorm"), (1, 8, 32)
QUICK_VARIANTS, QUICK_TASKS = ("baseline", "ofn", "layernorm"), ("quadruped-run", "cheetah-run")


def runs(scale: str) -> tuple[Arm, ...]:
    if scale == "quick":
        return tuple(arm for variant in QUICK_VARIANTS for arm in online(scale, variant, 8, tasks=QUICK_TASKS))
    return tuple(arm for utd in UTDS for variant in VARIANTS for arm in online(scale, variant, utd))


def decide(evidence: Evidence) -> Outcome:
    if evidence.scale == "quick":
        return conclude(return_over_other(evidence, "ofn UTD 8", "baseline UTD 8"),
                        context=(*all_shares(evidence), *sr_sac_in_words()))
    return conclude(
        return_over_other(evidence, "ofn UTD 8", "reset UTD 32", threshold=-MARGIN),
        return_over_other(evidence, "ofn UTD 8", "baseline UTD 8"),
        context=(*all_shares(evidence), *sr_sac_in_words()),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import return_curves

    return return_curves(evidence, "Returns by variant and UTD")


EXPERIMENT = Experiment(
    name="dmc15",
    claim="On DMC15-500k OFN without resets at UTD 8 is at least as good as SAC with resets at UTD 32.",
    quick_claim="On two tasks, after 25,000 steps at UTD 8, OFN earns more than plain SAC.",
    source="Hussing et al., 2403.05996, section 5.1; protocol and resets of D'Oro et al., ICLR 2023",
    kind="online",
    runs=runs,
    quick_shows="Three seeds, two tasks, UTD 8, 25,000 of 500,000 env steps: whether OFN is ahead of plain SAC early "
                "on. The published comparison, with resets at UTD 32 and a margin of 50 points of return, takes the "
                "full scale.",
    decide=decide,
    figure=figure,
)
