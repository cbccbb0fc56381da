"""The tasks by name: their sizes, reward range and time limit.

Lives here: plain data that anything may import at no cost, and the check of a name.
Does not live here: models, observations, rewards, or any import of jax or mujoco.
"""

import difflib
import importlib.util
from dataclasses import dataclass

PHYSICS: tuple[str, ...] = ("auto", "mjx", "host", "warp")
TOY = "toy"  # what steps a task without a model; stands in for whatever physics is asked for


@dataclass(frozen=True)
class TaskInfo:
    """What can be said about a task without building it.

    Attributes:
      name: `domain-task`, spelled as dm_control spells it.
      domain: dm_control's domain, e.g. `cheetah`.
      task: dm_control's task within the domain, e.g. `run`.
      observation_size: length of the flat observation.
      action_size: number of actuators.
      reward_min: smallest reward of one control step.
      reward_max: largest reward of one control step.
      episode_length: control steps until the time limit. No task here terminates before it.
      physics: the kinds of physics that can step it; of a toy, `toy` alone.
    """

    name: str
    domain: str
    task: str
    observation_size: int
    action_size: int
    reward_min: float = 0.0
    reward_max: float = 1.0
    episode_length: int = 1000
    physics: tuple[str, ...] = ("mjx", "host", "warp")


TASKS: dict[str, TaskInfo] = {
    info.name: info
    for info in (
        TaskInfo("acrobot-swingup", "acrobot", "swingup", 6, 1),
        TaskInfo("cheetah-run", "cheetah", "run", 17, 6),
        TaskInfo("dog-run", "dog", "run", 223, 38, physics=("host", "warp")),
        TaskInfo("dog-stand", "dog", "stand", 223, 38, physics=("host", "warp")),
        TaskInfo("dog-trot", "dog", "trot", 223, 38, physics=("host", "warp")),
        TaskInfo("dog-walk", "dog", "walk", 223, 38, physics=("host", "warp")),
        TaskInfo("finger-spin", "finger", "spin", 9, 2),
        TaskInfo("finger-turn_hard", "finger", "turn_hard", 12, 2),
        TaskInfo("fish-swim", "fish", "swim", 24, 5),
        TaskInfo("hopper-hop", "hopper", "hop", 15, 4),
        TaskInfo("hopper-stand", "hopper", "stand", 15, 4),
        TaskInfo("humanoid-run", "humanoid", "run", 67, 21),
        TaskInfo("humanoid-stand", "humanoid", "stand", 67, 21),
        TaskInfo("humanoid-walk", "humanoid", "walk", 67, 21),
        TaskInfo("pendulum-swingup", "pendulum", "swingup", 3, 1),
        TaskInfo("quadruped-run", "quadruped", "run", 78, 12),
        TaskInfo("quadruped-walk", "quadruped", "walk", 78, 12),
        TaskInfo("reacher-hard", "reacher", "hard", 6, 2),
        TaskInfo("swimmer-swimmer6", "swimmer", "swimmer6", 25, 5),
        TaskInfo("walker-run", "walker", "run", 24, 6),
        TaskInfo("constant-reward", "toy", "constant-reward", 2, 1, episode_length=10, physics=(TOY,)),
    )
}
# Those with a model: what dm_control has, and what can be drawn.
SIMULATED: tuple[str, ...] = tuple(name for name, info in TASKS.items() if TOY not in info.physics)


def check_name(kind: str, name: str, known: tuple[str, ...]) -> None:
    """Raises a one-line ValueError, with the nearest known name, unless `name` is in `known`."""
    if name in known:
        return
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    raise ValueError(f"unknown {kind} {name!r}; {hint}")


def task_info(name: str) -> TaskInfo:
    """Returns the task called `name`.

    Raises:
      ValueError: one line with the nearest known name.
    """
    check_name("task", name, tuple(TASKS))
    return TASKS[name]


def check_physics(task: str, physics: str) -> None:
    """Raises a one-line ValueError unless `physics`, or `auto`, can step `task` and is installed."""
    available = task_info(task).physics
    if TOY in available:
        return
    if physics not in ("auto", *available):
        raise ValueError(f"task {task!r} has no physics {physics!r}; choose from: auto, {', '.join(available)}")
    check_installed(physics)


def check_installed(physics: str) -> None:
    """Raises a one-line ValueError if `physics` needs an extra that is not installed. Imports nothing."""
    if physics == "warp" and importlib.util.find_spec("warp") is None:
        raise ValueError("physics 'warp' needs the extra warp: pip install 'divbench[warp]'")


def resolve_physics(task: str, physics: str, accelerator: bool) -> str:
    """`auto` becomes `mjx` on an accelerator where the task has it, else `host`, never `warp`; every other name is
    itself. A toy is stepped by `toy`, whatever is asked for."""
    if TOY in task_info(task).physics:
        return TOY
    if physics != "auto":
        return physics
    return "mjx" if accelerator and "mjx" in task_info(task).physics else "host"
