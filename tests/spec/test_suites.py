"""Suites say what their protocols say."""

from divbench.envs.names import ALL_TASKS
from divbench.spec.run_spec import RunSpec
from divbench.spec.suites import SUITES


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
        assert RunSpec(suite=suite.name).seeds == suite.seeds
