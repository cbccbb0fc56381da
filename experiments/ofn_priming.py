"""`divbench reproduce ofn-priming`: output feature normalization and LayerNorm under priming.

Quick, 32 minutes on two CPU cores: plain SAC's Q passes the bound on both tasks; OFN and LayerNorm stay below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, diverged_more, few_diverge, medians_in_words, q_over_bound
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import QUICK_PRIMING_SHOWS, priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence


def runs(scale: str) -> tuple[Arm, ...]:
    return tuple(arm for variant in ("baseline", "ofn", "layernorm") for arm in priming(scale, variant))


def decide(evidence: Evidence) -> Outcome:
    return conclude(
        diverged_more(evidence, "baseline", "ofn"),
        diverged_more(evidence, "baseline", "layernorm"),
        q_over_bound(evidence, "ofn", "below"),
        q_over_bound(evidence, "layernorm", "below"),
        few_diverge(evidence, "ofn"),
        few_diverge(evidence, "layernorm"),
        context=(*all_shares(evidence), *medians_in_words(evidence)),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves

    return q_curves(evidence, "Q while priming: plain SAC, OFN and LayerNorm")


EXPERIMENT = Experiment(
    name="ofn-priming",
    claim="With output feature normalization, and with LayerNorm, no critic diverges under priming that makes plain "
          "SAC diverge.",
    source="Hussing et al., 2403.05996, section 4.2; LayerNorm as in Yue et al., 2310.04411",
    kind="priming",
    runs=runs,
    quick_shows=QUICK_PRIMING_SHOWS,
    decide=decide,
    figure=figure,
)
