"""`divbench reproduce optimiser-or-pessimism`: is offline divergence a matter of optimisation or of statistical bias?

If overestimation by the max over noisy values were the cause, the least of more critics would cure it; if it is how
the critic is optimised, the optimizer matters and the number of critics does not.

Quick, ten minutes on two CPU cores: offline TD3 with copied targets and the least of one, two and four critics, and
plain SGD in place of Adam, on a medium-replay set of walker2d of divbench's own agents, 8,000 updates, six seeds.
Full: three tasks, 1M updates, ten seeds.

The rule, written before any of these lanes was trained: more than half of the lanes with two critics diverge, and more
than half of those with four, with all of either Wilson's interval; and Q of SGD ends below Adam's, with all of the
interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, many_diverge, medians_in_words, q_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets, variant_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

TWO, FOUR = "least of two", "least of four"
ARMS = {"one critic": variant_of(COPIED, "single-critic"), TWO: COPIED, FOUR: variant_of(COPIED, "critics=4"),
        "SGD": variant_of(COPIED, "sgd")}


def runs(scale: str) -> tuple[Arm, ...]:
    return replay_arms(scale, ARMS)


def decide(evidence: Evidence) -> Outcome:
    return conclude(many_diverge(evidence, TWO), many_diverge(evidence, FOUR), q_over_other(evidence, TWO, "SGD"),
                    context=(*all_shares(evidence), *medians_in_words(evidence)))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves

    return q_curves(evidence, "Offline Q by number of critics and optimizer")


EXPERIMENT = Experiment(
    name="optimiser-or-pessimism",
    claim="The least of more critics does not keep offline Q from diverging; another optimizer keeps it smaller.",
    source="an open question of Yue et al., 2310.04411; this reading of it is divbench's",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Six seeds, one task, 8,000 updates in place of 1M. SGD at Adam's learning rate learns slowly: that "
                "its Q is smaller by then does not show that it stays so.",
    decide=decide,
    figure=figure,
)
