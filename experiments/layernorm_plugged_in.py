"""`divbench reproduce layernorm-plugged-in`: what does LayerNorm add to offline algorithms?

Quick, half an hour on two CPU cores: TD3+BC, SAC and TD3 with and without LayerNorm in the critics, on a medium-replay
set of walker2d of divbench's own agents, whole and a tenth of it, 8,000 updates, six seeds. Full: three tasks, 100,
50, 10 and 1%, 1M updates, ten seeds.

The rule, written before any of these lanes was trained: with a tenth of the data LayerNorm raises the final return of
TD3+BC, with all of the interval (Yue et al. show gains for TD3+BC, IQL, CQL and diffusion Q-learning; of these
divbench has the first). What it adds to the others, and at other shares, is shown and decides nothing.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, return_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets, variant_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

METHODS = {"TD3+BC": "td3-bc", "SAC": "baseline", "TD3": COPIED}
SHARES = {"quick": {"100%": "", "10%": "data_fraction=0.1"},
          "full": {"100%": "", "50%": "data_fraction=0.5", "10%": "data_fraction=0.1", "1%": "data_fraction=0.01"}}
NORMALISED = "with LayerNorm"


def runs(scale: str) -> tuple[Arm, ...]:
    return replay_arms(scale, {f"{method}, {share}{and_norm}": variant_of(variant, norm, part)
                               for method, variant in METHODS.items() for share, part in SHARES[scale].items()
                               for and_norm, norm in (("", ""), (f", {NORMALISED}", "layernorm"))})


def decide(evidence: Evidence) -> Outcome:
    plain = "TD3+BC, 10%"
    return conclude(return_over_other(evidence, f"{plain}, {NORMALISED}", plain),
                    context=(*gains(evidence), *all_shares(evidence)))


def gains(evidence: Evidence) -> tuple[str, ...]:
    """What LayerNorm adds to the mean final return, for every method and share of the data."""
    said = []
    for arm in (arm for arm in evidence.arms if arm.endswith(NORMALISED)):
        own, plain = ([lane.last_return for lane in evidence.of(name) if lane.last_return is not None]
                      for name in (arm, arm.removesuffix(f", {NORMALISED}")))
        if own and plain:
            said.append(f"{arm}: mean final return {statistics.fmean(own):.1f}, without {statistics.fmean(plain):.1f}")
    return tuple(said)


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import final_values

    return final_values(evidence, "Offline Q with and without LayerNorm")


EXPERIMENT = Experiment(
    name="layernorm-plugged-in",
    claim="LayerNorm in the critics raises what TD3+BC earns with a tenth of the data.",
    source="Yue et al., 2310.04411, figure 9",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Six seeds, one task, 8,000 updates in place of 1M: returns are early and noisy, so the outcome may "
                "be inconclusive, and they are not comparable with published ones.",
    decide=decide,
    figure=figure,
)
