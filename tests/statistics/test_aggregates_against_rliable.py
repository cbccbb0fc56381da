"""The same numbers as rliable on made-up scores, and intervals alike up to the noise of resampling.

rliable asks for arch below 8, which in turn breaks with pandas 3, so it lives in an environment of its own:

    python -m venv rliable-env && rliable-env/bin/pip install rliable 'pandas<3'
    DIVBENCH_RLIABLE_PYTHON=rliable-env/bin/python python -m pytest tests/statistics/test_aggregates_against_rliable.py
"""

import json
import os
import subprocess

import numpy as np
import pytest

from divbench.statistics.aggregates import (
    AGGREGATES,
    aggregate,
    performance_profile,
    probability_of_improvement,
    sample_efficiency,
)

PYTHON = "DIVBENCH_RLIABLE_PYTHON"
pytestmark = pytest.mark.skipif(PYTHON not in os.environ, reason=f"{PYTHON} names no Python that has rliable")

SEEDS, OTHER_SEEDS, TASKS, STEPS = 5, 7, 8, 3
THRESHOLDS = [0.0, 250.0, 500.0, 750.0, 1_000.0]
TARGET = 900.0
PROGRAM = """
import json, sys
import numpy as np
from rliable import library, metrics
given = json.load(sys.stdin)
first, second, curves = (np.array(given[name]) for name in ("first", "second", "curves"))
np.random.seed(0)
def four(scores):
    return np.array([metrics.aggregate_iqm(scores), metrics.aggregate_mean(scores), metrics.aggregate_median(scores),
                     metrics.aggregate_optimality_gap(scores, given["target"])])
def improvement(x, y):
    return np.array([metrics.probability_of_improvement(x, y)])
def curve(scores):
    return np.array([metrics.aggregate_iqm(scores[..., step]) for step in range(scores.shape[-1])])
found = {}
for name, scores, function in (("aggregate", first, four), ("improvement", (first, second), improvement),
                               ("curve", curves, curve)):
    # Theirs takes a test of Mann and Whitney for each task and draw: fewer draws.
    reps = 500 if name == "improvement" else 2000
    points, intervals = library.get_interval_estimates({"x": scores}, function, reps=reps)
    found[name] = np.vstack([points["x"], intervals["x"]]).T.tolist()
points, intervals = library.create_performance_profile({"x": first}, np.array(given["thresholds"]), reps=2000)
found["profile"] = np.vstack([points["x"], intervals["x"]]).T.tolist()
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def scores():
    """Made-up returns `[seeds, tasks(, steps)]`: tasks of all difficulties, seeds that differ, some that fail."""
    random = np.random.default_rng(11)
    level = random.uniform(50.0, 950.0, TASKS)
    first = np.clip(random.normal(level, 120.0, (SEEDS, TASKS)), 0.0, 1_000.0).round(0)
    second = np.clip(random.normal(level - 60.0, 120.0, (OTHER_SEEDS, TASKS)), 0.0, 1_000.0).round(0)
    second[0, ::3] = 0.0
    curves = first[..., None] * np.linspace(0.2, 1.0, STEPS) + random.normal(0.0, 30.0, (SEEDS, TASKS, STEPS))
    return {"first": first, "second": second, "curves": curves}


@pytest.fixture(scope="module")
def rliable(scores):
    """Their numbers: rows (estimate, low, high)."""
    given = {name: array.tolist() for name, array in scores.items()} | {"thresholds": THRESHOLDS, "target": TARGET}
    done = subprocess.run([os.environ[PYTHON], "-c", PROGRAM], input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(found, expected, step=0.0):
    """Estimates equal up to rounding; ends of intervals within a tenth of the interval's width, or within the step
    between two values that an end can take."""
    assert len(found) == len(expected)
    for ours, (effect, low, high) in zip(found, expected, strict=True):
        assert ours.effect == pytest.approx(effect, rel=1e-9, abs=1e-9)
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=max(0.1 * (high - low), step) + 1e-9)


def test_aggregates(scores, rliable):
    found = aggregate(scores["first"].T.tolist(), target=TARGET)
    check([found[name] for name in AGGREGATES], rliable["aggregate"])


def test_probability_of_improvement(scores, rliable):
    found = probability_of_improvement(scores["first"].T.tolist(), scores["second"].T.tolist())
    check([found], rliable["improvement"])


def test_performance_profile(scores, rliable):
    found = performance_profile(scores["first"].T.tolist(), THRESHOLDS)
    check(found, rliable["profile"], step=1.0 / (SEEDS * TASKS))


def test_sample_efficiency(scores, rliable):
    curves = [[dict(enumerate(scores["curves"][seed, task].tolist())) for seed in range(SEEDS)]
              for task in range(TASKS)]
    check(list(sample_efficiency(curves).values()), rliable["curve"])
