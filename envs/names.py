"""The tasks by name: their sizes, reward range and time limit.

Lives here: plain data that anything may import at no cost, and the checks of a name and of what is installed.
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
      name: `domain-task`, spelled as dm_control spells it; of gymnasium's tasks the task alone, in lower case.
      domain: dm_control's domain, e.g. `cheetah`; `gymnasium` for gymnasium's tasks.
      task: dm_control's task within the domain, e.g. `run`.
      observation_size: length of the flat observation.
      action_size: number of actuators.
      reward_min: smallest reward of one control step; None where there is none.
      reward_max: largest reward of one control step; None where there is none.
      episode_length: control steps until the time limit.
      physics: the kinds of physics that can step it; of a toy, `toy` alone.
      terminates: whether an episode can end before the time limit, in a state that is worth nothing from there on.
      gymnasium_id: gymnasium's name of the task, with the version that is meant; empty for all others.
    """

    name: str
    domain: str
    task: str
    observation_size: int
    action_size: int
    reward_min: float | None = 0.0
    reward_max: float | None = 1.0
    episode_length: int = 1000
    physics: tuple[str, ...] = ("mjx", "host", "warp")
    terminates: bool = False
    gymnasium_id: str = ""


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


def _gymnasium(name: str, gymnasium_id: str, observation_size: int, action_size: int, terminates: bool) -> TaskInfo:
    """A task of gymnasium's. It pays for speed, which has no bound on either side."""
    return TaskInfo(
        name, "gymnasium", name, observation_size, action_size, None, None,
        physics=("mjx", "host"), terminates=terminates, gymnasium_id=gymnasium_id,
    )


# gymnasium's MuJoCo tasks, of version 4: models, observations and rewards of the version 2 that the papers ran
# (1903.08894, and D4RL's data in 2310.04411), on MuJoCo's own bindings. Apart from `TASKS`, whose rewards
# lie between bounds and whose episodes are all equally long.
GYM_TASKS: dict[str, TaskInfo] = {
    info.name: info
    for info in (
        _gymnasium("ant", "Ant-v4", 27, 8, terminates=True),
        _gymnasium("halfcheetah", "HalfCheetah-v4", 17, 6, terminates=False),
        _gymnasium("hopper", "Hopper-v4", 11, 3, terminates=True),
        _gymnasium("humanoid", "Humanoid-v4", 376, 17, terminates=True),
        _gymnasium("swimmer", "Swimmer-v4", 8, 2, terminates=False),
        _gymnasium("walker2d", "Walker2d-v4", 17, 6, terminates=True),
    )
}
# All that can be trained.
ALL_TASKS: dict[str, TaskInfo] = {**TASKS, **GYM_TASKS}
# dm_control's, and all that have a model, which can be drawn.
SIMULATED: tuple[str, ...] = tuple(name for name, info in TASKS.items() if TOY not in info.physics)
MODELLED: tuple[str, ...] = (*SIMULATED, *GYM_TASKS)


def check_name(kind: str, name: str, known: tuple[str, ...]) -> None:
    """Raises a one-line ValueError, with the nearest known name, unless `name` is in `known`."""
    if name in known:
        return
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    raise ValueError(f"unknown {kind} {name!r}; {hint}")


def task_info(name: str) -> TaskInfo:
    """Returns the task called `name`, of `ALL_TASKS`.

    Raises:
      ValueError: one line with the nearest known name.
    """
    check_name("task", name, tuple(ALL_TASKS))
    return ALL_TASKS[name]


def check_physics(task: str, physics: str, *, installed: bool = True) -> None:
    """Raises a one-line ValueError unless `physics`, or `auto`, can step `task` and, if `installed`, is installed."""
    info = task_info(task)
    available = info.physics
    if TOY in available:
        return
    if installed and info.gymnasium_id:
        _check_gymnasium(task)
    if physics not in ("auto", *available):
        raise ValueError(f"task {task!r} has no physics {physics!r}; choose from: auto, {', '.join(available)}")
    if installed:
        check_installed(physics)


def check_oracle(task: str) -> None:
    """Raises a one-line ValueError unless what `task` is compared with is installed: of gymnasium's tasks its own
    environments, which want imageio, whether they draw or not. Imports nothing."""
    if not task_info(task).gymnasium_id:
        return
    _check_gymnasium(task)
    if importlib.util.find_spec("imageio") is None:
        raise ValueError(f"gymnasium's own {task!r} needs its extra mujoco: pip install 'gymnasium[mujoco]'")


def _check_gymnasium(task: str) -> None:
    if importlib.util.find_spec("gymnasium") is None:
        raise ValueError(f"task {task!r} needs the extra gym: pip install 'divbench[gym]'")


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
