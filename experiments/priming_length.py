"""`divbench reproduce priming-length`: Q, verdict and return against the number of updates before acting.

Quick, 11 minutes on two CPU cores: quadruped-run and hopper-hop, one run of 15,000 updates measured on the way; Q grows
by decades between 5,000 and 15,000 updates. Full: five lengths on three tasks, a run each, with the return afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, growth, q_over_other, return_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

LENGTHS = (0, 25_000, 50_000, 75_000)  # of the full scale, besides 100,000
SHORT = 5_000  # where growth is counted from at the quick scale


def runs(scale: str) -> tuple[Arm, ...]:
    longest = priming(scale, "baseline", name=_name(15_000 if scale == "quick" else 100_000))
    if scale == "quick":
        return longest
    shorter = [arm for updates in LENGTHS
               for arm in priming(scale, "baseline", name=_name(updates), prime_updates=updates)]
    return (*shorter, *longest)


def decide(evidence: Evidence) -> Outcome:
    if evidence.scale == "quick":
        return conclude(growth(evidence, _name(15_000), "q_replay_mean", SHORT), context=all_shares(evidence))
    return conclude(
        q_over_other(evidence, _name(100_000), _name(25_000)),
        return_over_other(evidence, _name(100_000), _name(0), "below"),
        context=all_shares(evidence),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves, return_curves

    if evidence.scale == "quick":
        return q_curves(evidence, "Q while priming")
    return return_curves(evidence, "Return after priming of several lengths")


def _name(updates: int) -> str:
    return f"{updates // 1_000}k updates"


EXPERIMENT = Experiment(
    name="priming-length",
    claim="The more updates are made on the first 1,000 random samples before acting, the larger Q grows and the "
          "lower the return ends.",
    quick_claim="Q keeps growing between 5,000 and 15,000 updates on the first 1,000 random samples.",
    source="Hussing et al., 2403.05996, section 3 (priming)",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds, two tasks, one run of 15,000 updates read at 0, 5,000 and 15,000: that Q grows with the "
                "updates. Nobody acts afterwards, so the half of the claim that is about the return is left to the "
                "full scale (5 million updates, 4 hours on the same cores).",
    decide=decide,
    figure=figure,
)
