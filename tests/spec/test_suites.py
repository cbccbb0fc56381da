"""Suites say what their protocols say."""

import pytest

from divbench.envs.names import ALL_TASKS
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from divbench.spec.suites import SUITES
from divbench.spec.variants import lane_settings


def test_dmc15():
    suite = SUITES["dmc15-500k"]
    assert len(suite.tasks) == len(set(suite.tasks)) == 15
    assert (suite.utd, suite.steps, suite.random_steps, suite.prime_updates) == (8, 500_000, 10_000, 0)
    assert (suite.eval_every, suite.eval_episodes) == (5_000, 10)


def test_dog_and_all():
    assert SUITES["dog"].steps == 1_000_000 and len(SUITES["dog"].tasks) == 4
    assert set(SUITES["dmc-all"].tasks) == {*SUITES["dmc15-500k"].tasks, *SUITES["dog"].tasks}


def test_every_task_of_a_suite_is_a_known_name():
    for suite in SUITES.values():
        assert set(suite.tasks) <= set(ALL_TASKS)


def test_suites_run_as_they_are():
    for suite in SUITES.values():
        assert RunSpec(suite=suite.name, dataset="hopper-medium" if suite.offline else None).seeds == suite.seeds


def test_an_offline_suite_takes_a_dataset_and_its_task_from_the_name():
    with pytest.raises(UsageError, match="'seem-offline' learns from a dataset: expected --dataset DIR"):
        RunSpec(suite="seem-offline")
    spec = RunSpec(suite="seem-offline", dataset="results/datasets/walker2d-medium-replay")
    assert spec.tasks == ("walker2d",) and spec.prime_updates == 1_000_000 and len(spec.variants) == 8
    assert [lane_settings(v, spec.sac).data_fraction for v in spec.variants] == [1.0, 0.5, 0.1, 0.01] * 2
    assert sum("layernorm" in v.mechanisms for v in spec.variants) == 4
    with pytest.raises(UsageError, match="a dataset is of one task, name it; found 3 tasks"):
        RunSpec(suite="seem-offline", dataset="results/datasets/mine")
    assert RunSpec(suite="seem-offline", dataset="mine", tasks="hopper").tasks == ("hopper",)
