"""`divbench reproduce optimizers`: which part of the critics' optimizer makes Q diverge in priming.

Quick, 119 minutes on two CPU cores: Adam, its parts taken away one at a time, SGD with and without momentum. SGD at
Adam's learning rate hardly learns, so momentum is tried at ten and a hundred times that rate as well, and Adam without
its second moment at two rates that make equal steps. The claim must hold at all of them but the slowest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, diverged_more, medians_in_words, q_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import priming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

TENFOLD, HUNDREDFOLD = "sgd-momentum+critic_lr=0.003", "sgd-momentum+critic_lr=0.03"
# An averaged first moment is a tenth of momentum's sum: these make the steps of SGD with momentum at 3e-4 and 3e-3.
UNSCALED = ("adam-no-second-moment=0.003", "adam-no-second-moment=0.03")
VARIANTS = ("baseline", "rmsprop", "adam-b1-0", *UNSCALED, "adam-low-b2", "adam-eps", "sgd", "sgd-momentum", TENFOLD,
            HUNDREDFOLD)


def runs(scale: str) -> tuple[Arm, ...]:
    return tuple(arm for variant in VARIANTS for arm in priming(scale, variant))


def decide(evidence: Evidence) -> Outcome:
    return conclude(
        q_over_other(evidence, "baseline", TENFOLD, threshold=1.0),
        q_over_other(evidence, "baseline", HUNDREDFOLD, threshold=1.0),
        diverged_more(evidence, "baseline", TENFOLD),
        *(q_over_other(evidence, "adam-b1-0", unscaled) for unscaled in UNSCALED),
        context=(*all_shares(evidence), *medians_in_words(evidence), *medians_in_words(evidence, "td_loss")),
    )


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import final_values

    return final_values(evidence, "Q at the end of priming, by the critics' optimizer")


EXPERIMENT = Experiment(
    name="optimizers",
    claim="Adam diverges in priming, SGD with momentum hardly does, and it is the second moment that makes the "
          "difference.",
    source="Hussing et al., 2403.05996, section 3.2 and appendix B.2-B.3",
    kind="priming",
    runs=runs,
    quick_shows="Eight seeds, two tasks, 15,000 updates in place of 100,000: the order of the optimizers by decades "
                "of Q. A slow optimizer may only be late: beside Q stand the TD losses, which say how much was "
                "learned.",
    decide=decide,
    figure=figure,
)
