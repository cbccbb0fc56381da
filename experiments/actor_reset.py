"""`divbench reproduce actor-reset`: drawing only the actor afresh, with and without OFN, at high UTD.

Quick, 81 minutes on two CPU cores: UTD 8, resets every 25,000 updates, four times in a run. Full: UTD 32, every
2,560,000 updates, six times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import MARGIN, all_shares, return_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import by_scale, online
from divbench.experiments.published import sac_in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

UTD = {"quick": 8, "full": 32}


def runs(scale: str) -> tuple[Arm, ...]:
    variants = {
        "baseline": "baseline",
        "full reset": by_scale("reset-25k-updates", "reset", scale),
        "actor reset": by_scale("actor-reset-25k-updates", "actor-reset", scale),
        "ofn": "ofn",
        "ofn, actor reset": by_scale("ofn+actor-reset-25k-updates", "ofn-actor-reset", scale),
    }
    return tuple(arm for name, variant in variants.items() for arm in online(scale, variant, UTD[scale], name=name))


def decide(evidence: Evidence) -> Outcome:
    return conclude(
        return_over_other(evidence, "actor reset", "full reset", threshold=-MARGIN),
        return_over_other(evidence, "ofn, actor reset", "ofn"),
        context=(*all_shares(evidence), *sac_in_words()),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import return_curves

    return return_curves(evidence, "Returns by what is drawn afresh")


EXPERIMENT = Experiment(
    name="actor-reset",
    claim="At high UTD resetting only the actor does about as well as resetting everything, and with OFN it recovers "
          "some of what the high UTD costs.",
    quick_claim="On quadruped-run, after 25,000 steps at UTD 8, resets of the actor earn about what full resets earn, "
                "and more than none with OFN.",
    source="Hussing et al., 2403.05996, section 5.2",
    kind="online",
    runs=runs,
    quick_shows="Three seeds, quadruped-run, UTD 8 in place of 32, 25,000 env steps with a reset every 25,000 updates: "
                "returns this early are small and noisy, so most likely the outcome is inconclusive. About as well "
                "means: at most 50 points of return less.",
    decide=decide,
    figure=figure,
)
