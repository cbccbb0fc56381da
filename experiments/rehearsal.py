"""Which numbers of a claim its planned lanes could never place on the claimed side, found before anything is trained.

An experiment's own rule is applied to lanes that were never trained: as many as are planned, all with the same plain
numbers. What so many lanes can reach depends on their number alone, so that what they hold does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from divbench.experiments.evidence import NOTED, SCORE_COLUMNS, VALUE_COLUMNS, ArmLane, Evidence
from divbench.experiments.experiment import CONFIDENCE, Arm, Comparison, Experiment, percent
from divbench.report.series import Series

GENERATION = 2  # of the rule by which runs that are trained now make their keys
LONG = 10**9  # updates


def out_of_reach(experiment: Experiment, arms: Sequence[Arm], scale: str, *,
                 generations: Mapping[str, int] | None = None) -> tuple[Comparison, ...]:
    """The comparisons that so many lanes cannot decide for the claim, whatever they do.

    Args:
      experiment: whose rule decides.
      arms: as they are planned.
      scale: `quick` or `full`.
      generations: of the key rule of runs that are there, by folder; of others it is today's.
    """
    known = generations or {}
    cards = {arm.spec.folder: {"key_generation": known.get(arm.spec.folder, GENERATION)} for arm in arms}
    lanes = tuple(_lane(arm, seed) for arm in arms for seed in arm.spec.seed_list)
    outcome = experiment.decide(Evidence(scale, lanes, cards=cards))
    return tuple(comparison for comparison in outcome.comparisons if comparison.out_of_reach)


def in_words(found: Sequence[Comparison]) -> list[str]:
    """A line for each; none if all can be decided."""
    return [f"cannot be reproduced: {comparison.what} ({comparison.method}) reaches "
            f"{percent(comparison.reach or 0.0)} at best, where {percent(CONFIDENCE)} is needed"
            for comparison in found]


def _lane(arm: Arm, seed: int) -> ArmLane:
    spec = arm.spec
    points = ((0, 0), (spec.steps, LONG))
    return ArmLane(arm.name, spec.tasks[0], spec.variants[0].name, str(spec.utd[0]), seed, spec.prime_updates, "stable",
                   0, "", Series(points, dict.fromkeys(VALUE_COLUMNS, (1.0, 1.0))),
                   Series(points, dict.fromkeys(SCORE_COLUMNS, (1.0, 1.0))), 1,
                   dict.fromkeys(NOTED, ((0, 1.0), (LONG, 1.0))))
