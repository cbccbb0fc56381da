"""`divbench reproduce layernorm-placement`: which layers need LayerNorm, and does it need its scale and shift?

Quick, ten minutes on two CPU cores: offline TD3 with copied targets on a medium-replay set of walker2d of divbench's
own agents; LayerNorm in both hidden layers, in the first, in the second, in both without scale and shift, and in none;
8,000 updates, six seeds. Full: three tasks, 1M updates, ten seeds.

The rule, written before any of these lanes was trained: plain lanes diverge more often than those with LayerNorm in
both layers, and than those without scale and shift, with all of either interval, and of neither of the two half of the
lanes or more diverge. What one layer alone does is shown
and decides nothing: the study compares layers of another network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, diverged_more, few_diverge, medians_in_words
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets, variant_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

ARMS = {"none": "", "both layers": "layernorm", "first layer": "layernorm+layernorm_layers=1",
        "second layer": "layernorm+layernorm_layers=2", "no scale, no shift": "layernorm+layernorm_affine=false"}


def runs(scale: str) -> tuple[Arm, ...]:
    return replay_arms(scale, {name: variant_of(COPIED, variant) for name, variant in ARMS.items()})


def decide(evidence: Evidence) -> Outcome:
    names = "both layers", "no scale, no shift"
    return conclude(*(diverged_more(evidence, "none", name) for name in names),
                    *(few_diverge(evidence, name) for name in names),
                    context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import final_values

    return final_values(evidence, "Offline Q by where LayerNorm is")


EXPERIMENT = Experiment(
    name="layernorm-placement",
    claim="LayerNorm in all hidden layers of the critic keeps offline Q from diverging, with scale and shift or "
          "without.",
    source="Yue et al., 2310.04411, table 5 (layers); without scale and shift: divbench's own",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Six seeds, one task, 8,000 updates in place of 1M, two hidden layers in place of three: which "
                "placements leave the bound early.",
    decide=decide,
    figure=figure,
)
