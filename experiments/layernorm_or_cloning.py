"""`divbench reproduce layernorm-or-cloning`: is a constraint on the policy needed where the critic has LayerNorm?

Quick, ten minutes on two CPU cores: offline TD3 with copied targets on a medium-replay set of walker2d of divbench's
own agents: plain, with LayerNorm, with the term that clones behaviour (TD3+BC), and with both; 8,000 updates, four
seeds. Full: three tasks, 1M updates, ten seeds.

The rule, written before any of these lanes was trained: plain lanes diverge more often than those with LayerNorm and
no constraint, and than those with the constraint and no LayerNorm, with all of either interval, and of neither of the
two half of the lanes or more diverge. Full: what LayerNorm alone earns is at least 0.95 of what the constraint alone
earns, averaged over tasks, with all of the interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import (
    all_shares,
    diverged_more,
    few_diverge,
    medians_in_words,
    return_share_of_other,
)
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets, variant_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

CLONING = "td3-bc+no-target"
ARMS = {"plain": COPIED, "LayerNorm": variant_of(COPIED, "layernorm"), "cloning": CLONING,
        "both": variant_of(CLONING, "layernorm")}


def runs(scale: str) -> tuple[Arm, ...]:
    return replay_arms(scale, ARMS)


def decide(evidence: Evidence) -> Outcome:
    comparisons = [diverged_more(evidence, "plain", name) for name in ("LayerNorm", "cloning")]
    comparisons += [few_diverge(evidence, name) for name in ("LayerNorm", "cloning")]
    if evidence.scale == "full":
        comparisons.append(return_share_of_other(evidence, "LayerNorm", "cloning", threshold=0.95))
    return conclude(*comparisons, context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves

    return q_curves(evidence, "Offline Q with LayerNorm and with a constraint on the policy")


EXPERIMENT = Experiment(
    name="layernorm-or-cloning",
    claim="LayerNorm keeps offline Q from diverging without any constraint on the policy, as a constraint does without "
          "LayerNorm, and earns no less.",
    quick_claim="LayerNorm keeps offline Q from diverging without any constraint on the policy, as a constraint does "
                "without LayerNorm.",
    source="Yue et al., 2310.04411, section 5",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Six seeds, one task, 8,000 updates in place of 1M: which lanes leave the bound early. Returns are "
                "shown and decide nothing.",
    decide=decide,
    figure=figure,
)
