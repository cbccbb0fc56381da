"""The range of returns that is known by a task's name."""

import pytest

from divbench.envs.names import TASKS
from divbench.report.scale import OTHER_DMC_TASKS, return_range


@pytest.mark.parametrize(("task", "found"), [
    ("cheetah-run", (0.0, 1_000.0)), ("dog_run", (0.0, 1_000.0)), ("constant-reward", (0.0, 10.0)),
    ("cartpole-balance", (0.0, 1_000.0)), ("ball-in-cup-catch", (0.0, 1_000.0)), ("halfcheetah", None),
    ("HalfCheetah-v4", None), ("hopper", None), ("push", None), ("", None),
])
def test_what_is_known_of_a_task(task, found):
    assert return_range(task) == found


def test_dm_control_has_these_tasks():
    from dm_control import suite

    names = {f"{domain}-{task}" for domain, task in suite.ALL_TASKS if domain != "lqr"}
    assert names == (OTHER_DMC_TASKS - {"cup-catch"}) | {name for name in TASKS if name != "constant-reward"}
