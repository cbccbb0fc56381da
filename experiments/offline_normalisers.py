"""`divbench reproduce offline-normalisers`: which normalisation of the critic keeps offline Q from diverging?

Quick, half an hour on two CPU cores: TD3 without a constraint on its policy, targets copied, on a medium-replay set of
walker2d of divbench's own agents, whole and a tenth of it, 8,000 updates, six seeds; with LayerNorm, BatchNorm,
WeightNorm, GroupNorm and spectral normalisation, and plain. Full: hopper, halfcheetah and walker2d, 1M updates, ten
seeds.

The rule, written before any of these lanes was trained: at 100% and at 10% alike, the share of plain lanes that
diverge is larger than that of lanes with LayerNorm, with all of the interval of the difference, and fewer than half of
those with LayerNorm diverge, with all of Wilson's interval over both shares of the data. What the others do is shown
and decides nothing: of them the paper says in words alone that they help less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import diverged_more, few_diverge, medians_in_words
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets, variant_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

NORMALISERS = {"plain": "", "LayerNorm": "layernorm", "BatchNorm": "batchnorm", "WeightNorm": "weight-norm",
               "GroupNorm": "groupnorm", "spectral norm": "spectral-norm"}
SHARES = {"100%": "", "10%": "data_fraction=0.1"}


def runs(scale: str) -> tuple[Arm, ...]:
    return replay_arms(scale, {f"{name}, {share}": variant_of(COPIED, variant, part)
                               for share, part in SHARES.items() for name, variant in NORMALISERS.items()})


def decide(evidence: Evidence) -> Outcome:
    return conclude(
        *(diverged_more(evidence, f"plain, {share}", f"LayerNorm, {share}") for share in SHARES),
        few_diverge(evidence, tuple(f"LayerNorm, {share}" for share in SHARES)),
        context=medians_in_words(evidence),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import final_values

    return final_values(evidence, "Offline Q with normalised critics")


EXPERIMENT = Experiment(
    name="offline-normalisers",
    claim="LayerNorm in the critic keeps offline Q from diverging where plain TD3 diverges, with all data and with a "
          "tenth of it.",
    source="Yue et al., 2310.04411, sections 4 and 5, figure 9",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Six seeds, one task, 8,000 updates in place of 1M, a set of divbench's own agents after 60,000 env "
                "steps: which critics leave the bound early. Returns on it are not comparable with published ones.",
    decide=decide,
    figure=figure,
)
