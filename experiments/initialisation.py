"""`divbench reproduce initialisation`: how the networks begin, and how far Q runs away in priming.

Quick, 32 minutes on two CPU cores. On finger-spin Q of plain SAC leaves the bound late or not at all: four lanes with
orthogonal weights ended at 87, 163, 3,860 and 5.6 million after 50,000 updates (results/baselines/prime-50k).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, medians_in_words, q_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

TASKS = ("finger-spin", "quadruped-run")
ORTHOGONAL, LECUN, LECUN_CLIPPED = "orthogonal, gain sqrt 2", "lecun_normal", "lecun_normal, clipped log-std"


def runs(scale: str) -> tuple[Arm, ...]:
    return (
        *priming(scale, "baseline", name=ORTHOGONAL, tasks=TASKS),
        *priming(scale, "baseline", name=LECUN, tasks=TASKS, sac={"initialisation": "lecun_normal"}),
        *priming(scale, "baseline", name=LECUN_CLIPPED, tasks=TASKS,
                 sac={"initialisation": "lecun_normal", "log_std_rule": "clip"}),
    )


def decide(evidence: Evidence) -> Outcome:
    comparison = q_over_other(evidence, LECUN, ORTHOGONAL, tasks=("finger-spin",))
    return conclude(comparison, context=(*medians_in_words(evidence), *all_shares(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves

    return q_curves(evidence, "Q while priming, by initialisation")


EXPERIMENT = Experiment(
    name="initialisation",
    claim="On finger-spin fan-in-scaled normal initialisation, flax's default, lets Q grow larger in priming than the "
          "orthogonal one with gain sqrt 2 of the reference code.",
    source="D'Oro et al., ICLR 2023, public code (orthogonal initialisation); priming as in Hussing et al., "
           "2403.05996, section 3; the claim is divbench's own",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds, 15,000 updates in place of 100,000: on finger-spin Q grows slowly, so a difference may "
                "be too small to tell; quadruped-run, where every initialisation may diverge, is shown and decides "
                "nothing.",
    decide=decide,
    figure=figure,
)
