"""`divbench reproduce reward-shaping`: does another scale or shift of the reward keep offline Q from diverging?

If what it learns made the critic diverge, other rewards would stop it. If it excites itself through its kernel, into
which no reward enters, Q goes as far with any reward, and farther beyond the smaller bound of a smaller reward.

Quick, twenty minutes on two CPU cores: offline TD3 with copied targets on a medium-replay set of walker2d of divbench's
own agents, with the reward as it is, a tenth of it, ten times it, and with 1 taken from each reward or added to it;
8,000 updates, six seeds. Full: three tasks, 1M updates, ten seeds. Bounds are those of the reward that is learned
from; returns are the task's own.

The rule, written before any lane with another reward was trained: of each other scale and each shift more than half of
the lanes diverge, with all of Wilson's interval; and Q over its bound ends higher with a tenth of the reward than with
ten times it, with all of the interval. The reward as it is
is shown and decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, excess_over_other, many_diverge, medians_in_words
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets, variant_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

TENTH, TENFOLD = "times 0.1", "times 10"
LESS, MORE = "minus 1", "plus 1"
ARMS = {"as it is": "", TENTH: "reward_scale=0.1", TENFOLD: "reward_scale=10", LESS: "reward_shift=-1",
        MORE: "reward_shift=1"}


def runs(scale: str) -> tuple[Arm, ...]:
    return replay_arms(scale, {name: variant_of(COPIED, variant) for name, variant in ARMS.items()})


def decide(evidence: Evidence) -> Outcome:
    return conclude(*(many_diverge(evidence, arm) for arm in (TENTH, TENFOLD, LESS, MORE)),
                    excess_over_other(evidence, TENTH, TENFOLD),
                    context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import final_values

    return final_values(evidence, "Offline Q by scale and shift of the reward")


EXPERIMENT = Experiment(
    name="reward-shaping",
    claim="Neither a scale nor a shift of the reward keeps offline Q from diverging, and the smaller the reward the "
          "farther beyond its bound Q goes.",
    source="Hussing et al., 2403.05996, discussion (an open question there; this reading of it is divbench's)",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Six seeds, one task, 8,000 updates in place of 1M: a Q that is within the tenfold bound by then "
                "may still leave it. Shaping by potentials, which leaves the best policy as it is, is not tried.",
    decide=decide,
    figure=figure,
)
