"""Evidence that never was: lanes whose Q ends where a test wants it, under the names of an experiment's own arms."""

import pytest

from divbench.experiments.evidence import SCORE_COLUMNS, VALUE_COLUMNS, ArmLane, Evidence
from divbench.report.facts import Facts
from divbench.report.series import Series

BOUND = 500.0
FACTS = Facts("priming", "host", "highest", "cpu", "1", "256x256", ("x",), ("baseline",), ("1",), (0, 1, 2), (), True,
              "finished")


def make_lane(*, arm="baseline", task="quadruped-run", seed=0, exponent=1.0, score=200.0, first_score=0.0,
              primed=15_000, variant="baseline", utd="1", verdict=None, nonfinite="") -> ArmLane:
    """A lane whose Q goes from 10 to 10**exponent, evenly in decades, and its moments and gradients with it."""
    points = tuple((1_000, update) for update in range(0, 15_001, 500))
    q = tuple(10 ** (1 + (exponent - 1) * update / 15_000) for _, update in points)
    bounds = {"q_bound": BOUND, "q_bound_any": 1.2 * BOUND, "q_bound_low": 0.0, "bound_seen": 0.0}
    values = dict.fromkeys(VALUE_COLUMNS, q) | {name: (bound,) * len(points) for name, bound in bounds.items()}
    scores = dict.fromkeys(SCORE_COLUMNS, (first_score, score))
    diverged = 10**exponent > BOUND
    verdict = verdict or ("diverged" if diverged else "stable")
    return ArmLane(arm, task, variant, utd, seed, primed, verdict, 15_000, nonfinite, Series(points, values),
                   Series(((0, 0), (1_000, 15_000)), scores))


def make_evidence(arms, *, exponents, scores, seeds=5, scale="quick", first_scores=None) -> Evidence:
    """Evidence for these arms. `exponents` and `scores` are by arm, or by task where `first_scores` is given."""
    lanes = []
    for arm in {(arm.name, arm.spec.tasks): arm for arm in arms}.values():  # a run a seed: once
        task = arm.spec.tasks[0]
        key = task if first_scores else arm.name
        for seed in range(seeds):
            lanes.append(make_lane(
                arm=arm.name, task=task, seed=seed, exponent=exponents(key) + 0.05 * seed,
                score=scores(key) + 3.0 * seed,
                first_score=first_scores(task) if first_scores else 0.0, primed=arm.spec.prime_updates,
                variant=arm.spec.variants[0].name, utd=str(arm.spec.utd[0])))
    return Evidence(scale, tuple(lanes), {"runs/x": FACTS}, {"runs/x": {}})


@pytest.fixture
def lane():
    return make_lane


@pytest.fixture
def evidence():
    return make_evidence
