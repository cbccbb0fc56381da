"""`divbench reproduce preqn`: does PreQN train without a target network, and does Q move where the TD errors point?

Quick, a quarter of an hour on two CPU cores: PreQN with sin and with relu, TD3 with targets and without, and SAC, on
gymnasium's hopper and swimmer, 10,000 env steps at UTD 1, 1,000 of them random, three seeds. Full: five tasks and 1M
env steps, as published. The step of PreQN's critic, which the paper does not give, is a tenth of the TD error.

The rule, written before any of these lanes was trained: fewer than half of the lanes of PreQN with sin diverge, with
all of the exact interval; no step of PreQN was taken whose cosine was below search_cosine; and the cosine of the last
measurement is larger than TD3's, with all of the interval. Full: its return is larger than TD3's as well.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from divbench.experiments.comparisons import all_shares, difference, few_diverge, medians_in_words, return_over_other
from divbench.experiments.evidence import ALIGNMENT, SEARCH
from divbench.experiments.experiment import Arm, Comparison, Experiment, Outcome, conclude
from divbench.experiments.protocols import FIRST_SEED, QUICK_SEEDS
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.suites import GYM5
from divbench.statistics.estimates import welch_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import ArmLane, Evidence

SIN, RELU, TD3, BARE, SAC = "preqn sin", "preqn relu", "td3", "td3 without targets", "sac"
VARIANTS = {SIN: "preqn+activation=sin", RELU: "preqn", TD3: "td3", BARE: "td3+no-target", SAC: "baseline"}
QUICK_TASKS = ("hopper", "swimmer")
LEAST = SACSettings().search_cosine


def runs(scale: str) -> tuple[Arm, ...]:
    own: dict = {"suite": "preqn-gym", "seed_start": FIRST_SEED, "diagnose": "ntk"}
    tasks = GYM5
    if scale == "quick":
        tasks = QUICK_TASKS
        own |= {"seeds": QUICK_SEEDS, "steps": 10_000, "prime_samples": 1_000, "eval_every": 2_500, "eval_episodes": 3,
                "measure_every": 1_000}
    return tuple(Arm(name, RunSpec(tasks=(task,), variants=(variant,), **own))
                 for name, variant in VARIANTS.items() for task in tasks)


def decide(evidence: Evidence) -> Outcome:
    comparisons = [few_diverge(evidence, SIN), least_cosine(evidence, (SIN, RELU)), alignment(evidence, SIN, TD3)]
    if evidence.scale == "full":
        comparisons.append(return_over_other(evidence, SIN, TD3))
    cosines = tuple(f"{arm}: mean cosine of the last measurement {statistics.fmean(found):.3f}" for arm in evidence.arms
                    if (found := [value for stratum in evidence.strata(arm, last_cosine) for value in stratum]))
    returns = tuple(f"{arm}, mean final return: " + ", ".join(
        f"{task} {statistics.fmean(_returns(evidence, arm, task)):.4g}" for task in evidence.tasks)
                    for arm in evidence.arms)
    return conclude(*comparisons, context=(*all_shares(evidence), *cosines, *returns, *medians_in_words(evidence)))


def _returns(evidence: Evidence, arm: str, task: str) -> list[float]:
    return [found for lane in evidence.of(arm, task) if (found := lane.last_return) is not None]


def last_cosine(lane: ArmLane) -> float | None:
    """Of the last measurement."""
    return lane.last(ALIGNMENT)


def least_cosine(evidence: Evidence, arms: tuple[str, ...]) -> Comparison:
    """Least cosine of any step that these arms took, to seven digits, which are float32's; not an estimate, so its
    interval is itself. Claimed to be at least `LEAST`: above what rounding could leave of it."""
    taken = [least for arm in arms for lane in evidence.of(arm) if (least := lane.last(SEARCH)) is not None]
    least = min(taken) if taken else None
    return Comparison.fact("least cosine of any step taken, PreQN", least, LEAST - 1e-6)


def alignment(evidence: Evidence, arm: str, other: str) -> Comparison:
    """Mean cosine between the change of Q and the TD errors at the last measurement, of one arm minus another's."""
    found = difference(evidence, arm, other, last_cosine, unpaired=welch_test)
    return Comparison.of(f"cosine between the change of Q and the TD errors, {arm} minus {other}", found, 0.0)


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.figures import q_curves

    return q_curves(evidence, "Q with and without target networks")


EXPERIMENT = Experiment(
    name="preqn",
    claim="PreQN with sin trains without a target network and does not diverge, each step it takes moves Q as the TD "
          "errors ask, which TD3's do not, and its return is larger than TD3's.",
    quick_claim="PreQN with sin trains without a target network and does not diverge, and each step it takes moves Q "
                "as the TD errors ask, which TD3's do not.",
    source="Achiam et al., 1903.08894, Algorithm 1 and figures 2 and 10 to 14",
    kind="online",
    runs=runs,
    quick_shows="Three seeds, two tasks, 10,000 env steps in place of 1M: whether Q stays within bounds and where "
                "updates move it. Returns after so few steps say nothing of the published ones: context alone.",
    decide=decide,
    figure=figure,
)
