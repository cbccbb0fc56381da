"""`divbench reproduce divergence-in-training`: Q and effective rank in ordinary training at UTD 32.

Quick, 67 minutes on two CPU cores, all of it shared with utd32: 480,000 updates on quadruped-run. Full: 500,000 env
steps, which is 15.7 million updates a lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, diverged_more, excess_over_other
from divbench.experiments.evidence import RANK
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import online

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

TASKS = {"quick": ("quadruped-run",), "full": ("quadruped-run", "humanoid-stand", "humanoid-run")}
HIGH, LOW = "baseline UTD 32", "baseline UTD 1"


def runs(scale: str) -> tuple[Arm, ...]:
    return (*online(scale, "baseline", 32, tasks=TASKS[scale]), *online(scale, "baseline", 1, tasks=TASKS[scale]))


def decide(evidence: Evidence) -> Outcome:
    return conclude(diverged_more(evidence, HIGH, LOW), excess_over_other(evidence, HIGH, LOW),
                    context=(*all_shares(evidence), *_ranks(evidence)))


def _ranks(evidence: Evidence) -> tuple[str, ...]:
    """First and last effective rank of each lane that measured it."""
    return tuple(f"{lane.arm}, {lane.task}, seed {lane.seed}: effective rank {ranks[0][1]:.1f} at update "
                 f"{ranks[0][0]:,}, {ranks[-1][1]:.1f} at update {ranks[-1][0]:,}"
                 for lane in evidence.lanes if (ranks := lane.noted.get(RANK)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_and_metric

    return q_and_metric(evidence, RANK, "effective rank", "Ordinary training at UTD 1 and 32")


EXPERIMENT = Experiment(
    name="divergence-in-training",
    claim="Q diverges in ordinary training too, without priming, when UTD is 32.",
    quick_claim="On quadruped-run more lanes diverge in the first 25,000 steps of ordinary training at UTD 32 than at "
                "UTD 1, and their Q ends at a larger share of its bound.",
    source="Hussing et al., 2403.05996, section 3.4",
    kind="online",
    runs=runs,
    quick_shows="Three seeds, one task, 25,000 env steps: an early divergence. The paper shows that it can begin at "
                "any time in 500,000 steps, so a quick outcome against the claim refutes it for the beginning alone. "
                "Both arms are measured every 625 env steps, so that neither is seen beyond its bound for being looked "
                "at more often. Effective rank is shown where it was measured.",
    decide=decide,
    figure=figure,
)
