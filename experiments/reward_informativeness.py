"""`divbench reproduce reward-informativeness`: early rewards and divergence, across tasks.

Quick, 32 minutes on two CPU cores (two tasks shared): priming on six tasks that differ in what an untrained policy
earns, from nothing (hopper-hop) to 0.5 a step (quadruped-run). In an earlier look quadruped-run diverged furthest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, correlation, medians_in_words
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import priming
from divbench.spec.suites import SUITES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import ArmLane, Evidence

QUICK_TASKS = ("quadruped-run", "hopper-hop", "cheetah-run", "walker-run", "humanoid-run", "finger-spin")


def runs(scale: str) -> tuple[Arm, ...]:
    tasks = QUICK_TASKS if scale == "quick" else (*SUITES["dmc15-500k"].tasks, "finger-spin")
    return priming(scale, "baseline", tasks=tasks)


def decide(evidence: Evidence) -> Outcome:
    comparison = correlation(evidence, "baseline", _first_return, "the untrained policy's return", threshold=0.0,
                             side="below")
    return conclude(comparison, context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import scatter

    return scatter(evidence, "baseline", _first_return, x_label="return of the untrained policy",
                   title="Q at the end of priming against early rewards")


def _first_return(lane: ArmLane) -> float | None:
    return lane.first_return


EXPERIMENT = Experiment(
    name="reward-informativeness",
    claim="Across tasks, the less an untrained policy earns, the farther beyond the bound Q goes in priming.",
    source="Hussing et al., 2403.05996, discussion (an open question there; this reading of it is divbench's)",
    kind="priming",
    runs=runs,
    quick_shows="Six tasks, eight seeds, one evaluation episode: the number of tasks decides, and six can show a "
                "strong correlation only. How informative rewards are is taken to be what an untrained policy earns.",
    decide=decide,
    figure=figure,
)
