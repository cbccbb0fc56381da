"""`divbench reproduce ema-or-copy`: do averaged targets keep offline Q smaller than copied ones?

Quick, ten minutes on two CPU cores: TD3 without a constraint on its policy on a medium-replay set of walker2d of
divbench's own agents, targets averaged with tau 0.005 or copied with every update of the actor, 8,000 updates, four
seeds. Full: three tasks, 1M updates, ten seeds.

The rule, written before any of these lanes was trained: Q of copied targets ends above that of averaged ones, with all
of the interval. Whether averaged targets prevent divergence, or put it off, is shown and decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, medians_in_words, q_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

AVERAGED = "td3+q_weight=2.5"
ARMS = {"averaged": AVERAGED, "copied": COPIED}


def runs(scale: str) -> tuple[Arm, ...]:
    return replay_arms(scale, ARMS)


def decide(evidence: Evidence) -> Outcome:
    return conclude(q_over_other(evidence, "copied", "averaged"),
                    context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves

    return q_curves(evidence, "Offline Q with averaged and with copied targets")


EXPERIMENT = Experiment(
    name="ema-or-copy",
    claim="Offline Q ends larger with targets copied from the critics than with targets averaged over updates.",
    source="Yue et al., 2310.04411, appendix on target networks",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Six seeds, one task, 8,000 updates in place of 1M: how far Q gets by then. Averaged targets may "
                "still diverge later.",
    decide=decide,
    figure=figure,
)
