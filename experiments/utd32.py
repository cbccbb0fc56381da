"""`divbench reproduce utd32`: what 32 updates per step cost plain SAC, and what resets and OFN give back.

Quick, 7 hours on two CPU cores: quadruped-run, 25,000 env steps, 480,000 updates a lane, a reset every 100,000. At
UTD 32 each lane is a run of its own, so that it can be carried from one machine to the next when it is finished.
Full: three tasks on which published SAC loses most, 500,000 env steps, a reset every 200,000 as published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, diverged_more, medians_in_words, return_over_other
from divbench.experiments.experiment import Arm, Experiment, Outcome, conclude
from divbench.experiments.protocols import by_scale, online
from divbench.experiments.published import SAC_500K, sac_in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

TASKS = {"quick": ("quadruped-run",), "full": ("quadruped-run", "humanoid-stand", "humanoid-run")}
RESET = "full reset UTD 32"


def runs(scale: str) -> tuple[Arm, ...]:
    tasks = TASKS[scale]
    return (
        *online(scale, "baseline", 1, tasks=tasks),
        *online(scale, "baseline", 32, tasks=tasks),
        *online(scale, by_scale("reset-100k-updates", "reset-200k", scale), 32, name=RESET, tasks=tasks),
        *online(scale, "ofn", 8, tasks=tasks),
        *online(scale, "ofn", 32, tasks=tasks),
    )


def decide(evidence: Evidence) -> Outcome:
    return conclude(
        return_over_other(evidence, "baseline UTD 32", "baseline UTD 1", "below"),
        return_over_other(evidence, RESET, "baseline UTD 32"),
        return_over_other(evidence, "ofn UTD 32", "baseline UTD 32"),
        diverged_more(evidence, "baseline UTD 32", "ofn UTD 32"),
        context=(*_directions(evidence), *all_shares(evidence), *medians_in_words(evidence), *sac_in_words()),
    )


def _directions(evidence: Evidence) -> tuple[str, ...]:
    """Each difference of final returns that is published too, and whether both have the same sign."""
    lines = []
    for task in evidence.tasks:
        low, high, reset = SAC_500K[task]
        for first, second, published in (("baseline UTD 32", "baseline UTD 1", high - low),
                                         (RESET, "baseline UTD 32", reset - high)):
            one, other = (evidence.strata(arm, lambda lane: lane.last_return, (task,))[0] for arm in (first, second))
            if one and other:
                here = sum(one) / len(one) - sum(other) / len(other)
                same = "the same sign" if here * published > 0.0 else "not the same sign"
                lines.append(f"{task}, return of {first} minus {second}: {here:.0f} here, {published:.0f} published at "
                             f"500k steps: {same}")
    return tuple(lines)


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_and_returns

    return q_and_returns(evidence, "Q and returns at UTD 1, 8 and 32")


EXPERIMENT = Experiment(
    name="utd32",
    claim="Going from 1 to 32 updates per step lowers the return of plain SAC, and resets win it back, and so does "
          "OFN, with Q within its bound.",
    quick_claim="On quadruped-run, after 25,000 steps, 32 updates per step have lowered the return of plain SAC, and "
                "resets and OFN have raised it, and fewer lanes of OFN diverge.",
    source="Nikishin et al., The Primacy Bias in Deep RL, 2205.07802, result files; OFN: Hussing et al., 2403.05996, "
           "section 5",
    kind="online",
    runs=runs,
    quick_shows="Three seeds, quadruped-run, 25,000 of 500,000 env steps: whether Q stays within the bound, and early "
                "returns. The published loss is seen at 500,000 steps; this early 32 updates per step may still be "
                "ahead.",
    decide=decide,
    figure=figure,
)
