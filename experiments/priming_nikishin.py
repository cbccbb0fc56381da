"""`divbench reproduce priming-nikishin`: heavy priming on 100 samples, then ordinary training, beside no priming.

Quick, 9 minutes on two CPU cores: 15,000 updates, then 5,000 env steps; whether Q leaves its bound. Full: 100,000
updates and 1M env steps, as published; whether the return ever recovers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from divbench.experiments.comparisons import all_shares, diverged_more, q_over_bound, return_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import PRIMED, priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

SAMPLES = 100
PRIMED_ARM, FRESH_ARM = "primed", "not primed"


def runs(scale: str) -> tuple[Arm, ...]:
    acting = {"quick": 5_000, "full": 1_000_000}[scale]
    own: dict[str, Any] = {"tasks": ("quadruped-run",), "prime_samples": SAMPLES, "steps": SAMPLES + acting}
    return (*priming(scale, "baseline", name=PRIMED_ARM, prime_updates=PRIMED[scale], **own),
            *priming(scale, "baseline", name=FRESH_ARM, prime_updates=0, **own))


def decide(evidence: Evidence) -> Outcome:
    if evidence.scale == "quick":
        return conclude(q_over_bound(evidence, PRIMED_ARM, "above"), diverged_more(evidence, PRIMED_ARM, FRESH_ARM),
                        context=all_shares(evidence))
    return conclude(return_over_other(evidence, PRIMED_ARM, FRESH_ARM, "below"), context=all_shares(evidence))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves, return_curves

    make = q_curves if evidence.scale == "quick" else return_curves
    return make(evidence, "After 100 samples: primed and not primed")


EXPERIMENT = Experiment(
    name="priming-nikishin",
    claim="After 100,000 updates on its first 100 transitions the agent does not recover when it continues with one "
          "update per step.",
    quick_claim="15,000 updates on the first 100 transitions take Q beyond what any policy can be worth, and 5,000 "
                "steps with an update each do not.",
    source="Nikishin et al., The Primacy Bias in Deep RL, 2205.07802, heavy priming on quadruped-run",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds, 15,000 updates in place of 100,000, then 5,000 env steps in place of a million: whether "
                "Q leaves the bound, and whether it does without priming. Whether the return ever "
                "recovers takes the full scale, about 10 million updates, 8 hours on the same cores.",
    decide=decide,
    figure=figure,
)
