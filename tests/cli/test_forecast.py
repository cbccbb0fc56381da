"""A plan as table and JSON, and rates scaled from few measurements."""

import json

import pytest

from divbench.cli import forecast
from divbench.spec.estimate import estimate
from divbench.spec.plan import make_groups, silent_resets
from divbench.spec.run_spec import RunSpec
from divbench.spec.sizes import mlp_sizes


@pytest.fixture
def plan():
    spec = RunSpec(suite="smoke", tasks="cheetah-run,hopper-hop", seeds=1, variants="baseline,ofn,reset", utd="1,2")
    groups = make_groups(spec, fused=False)
    return spec, [estimate(spec, group, 100.0) for group in groups], groups


def test_one_measurement_for_each_structure(plan):
    _, _, groups = plan
    asked = []

    def measure(group):
        asked.append(group)
        return 400.0

    sizes = [mlp_sizes(group.lanes[0], group.mechanisms) for group in groups]
    rates = dict(zip((group.name for group in groups), forecast.scaled_rates(groups, sizes, measure), strict=True))
    assert [group.mechanisms for group in asked] == [frozenset(), frozenset({"unit_ball"})]
    assert all(rates[group.name] == 400.0 for group in asked)
    hopper = next(group for group in groups if group.task == "hopper-hop")
    assert rates[hopper.name] == pytest.approx(400.0 * 581_566_464 / 573_440_000)


def test_the_table_has_every_group_a_total_and_the_silent_resets(plan):
    spec, estimates, groups = plan
    silent = silent_resets(spec)
    told = forecast.describe_plan(spec, estimates, "stated", silent).splitlines()
    assert told[0].split() == [
        "group",
        "lanes",
        "updates",
        "env",
        "steps",
        "evaluation",
        "memory",
        "disk",
        "FLOPs",
        "hours",
    ]
    assert [line.split()[0] for line in told[1 : len(groups) + 2]] == [
        *(group.name for group in groups),
        "total",
    ]
    assert f"run folder: {spec.folder}" in told
    assert [line for line in told if line.startswith("note: ")] == [f"note: {line}" for line in silent]


def test_the_record_is_json(plan):
    spec, estimates, groups = plan
    record = forecast.plan_record(spec, estimates, "stated", silent_resets(spec))
    assert json.loads(json.dumps(record)) == record
    assert len(record["groups"]) == len(groups) and record["total"]["lanes"] == 12
