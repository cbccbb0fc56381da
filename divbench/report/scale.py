"""The range of a task's returns, and of metrics that are no return: what may be pooled, and what is next to nothing.

Known are the tasks of divbench, and the other tasks of dm_control, whose episodes have 1,000 control steps with rewards
from 0 to 1. Unknown are all other names, gymnasium's among them, whose rewards have no bound.
"""

from __future__ import annotations

from divbench.envs.names import ALL_TASKS

RETURN = "return"
RETURN_NAMES = frozenset(("return", "reward", "avg_return", "episode_return", "episode_reward", "mean_episode_return"))
SUCCESS_RANGE = (0.0, 1.0)
DMC_RANGE = (0.0, 1_000.0)
# dm_control.suite.ALL_TASKS without divbench's own, and without lqr, whose rewards are costs; `cup` is TD-MPC2's.
OTHER_DMC_TASKS = frozenset((
    "acrobot-swingup_sparse", "ball_in_cup-catch", "cartpole-balance", "cartpole-balance_sparse",
    "cartpole-swingup", "cartpole-swingup_sparse", "cartpole-three_poles", "cartpole-two_poles", "cup-catch",
    "dog-fetch", "finger-turn_easy", "fish-upright", "humanoid-run_pure_state", "humanoid_CMU-run",
    "humanoid_CMU-stand", "humanoid_CMU-walk", "manipulator-bring_ball", "manipulator-bring_peg",
    "manipulator-insert_ball", "manipulator-insert_peg", "point_mass-easy", "point_mass-hard", "quadruped-escape",
    "quadruped-fetch", "reacher-easy", "stacker-stack_2", "stacker-stack_4", "swimmer-swimmer15", "walker-stand",
    "walker-walk",
))


def return_range(task: str) -> tuple[float, float] | None:
    """The least and the most that an episode of the task can return; None where that is not known, or has no bound.

    Underscores and hyphens are taken as equal, as code bases differ in them.
    """
    info = _BY_SPELLING.get(_spelling(task))
    if info is not None:
        if info.reward_min is None or info.reward_max is None:
            return None
        return info.reward_min * info.episode_length, info.reward_max * info.episode_length
    return DMC_RANGE if _spelling(task) in _OTHERS else None


def metric_name(written: str | None) -> str:
    """What a metric is called in reports: `return` for each of the names that code bases have for it."""
    return RETURN if written is None or written in RETURN_NAMES else written


def score_range(task: str, metric: str = RETURN) -> tuple[float, float] | None:
    """`return_range` of a task; of a success rate 0 to 1; of any other metric None."""
    if metric == RETURN:
        return return_range(task)
    return SUCCESS_RANGE if "success" in metric.lower() else None


def _spelling(task: str) -> str:
    return task.replace("_", "-")


_BY_SPELLING = {_spelling(name): info for name, info in ALL_TASKS.items()}
_OTHERS = {_spelling(name) for name in OTHER_DMC_TASKS}
