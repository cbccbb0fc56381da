"""The tasks by name: their sizes, reward range and time limit.

Lives here: plain data that anything may import at no cost, and the check of a name.
Does not live here: models, observations, rewards, or any import of jax or mujoco.
"""

import difflib
from dataclasses import dataclass

PHYSICS: tuple[str, ...] = ("auto", "mjx", "host")


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
    """

    name: str
    domain: str
    task: str
    observation_size: int
    action_size: int
    reward_min: float = 0.0
    reward_max: float = 1.0
    episode_length: int = 1000


TASKS: dict[str, TaskInfo] = {
    info.name: info
    for info in (
        TaskInfo("cheetah-run", "cheetah", "run", 17, 6),
        TaskInfo("walker-run", "walker", "run", 24, 6),
        TaskInfo("hopper-stand", "hopper", "stand", 15, 4),
        TaskInfo("hopper-hop", "hopper", "hop", 15, 4),
        TaskInfo("finger-spin", "finger", "spin", 9, 2),
        TaskInfo("quadruped-run", "quadruped", "run", 78, 12),
    )
}

KNOWN_UNBUILT: tuple[str, ...] = (
    "acrobot-swingup",
    "dog-run",
    "dog-stand",
    "dog-trot",
    "dog-walk",
    "finger-turn_hard",
    "fish-swim",
    "humanoid-run",
    "humanoid-stand",
    "humanoid-walk",
    "pendulum-swingup",
    "quadruped-walk",
    "reacher-hard",
    "swimmer-swimmer6",
)


def check_name(kind: str, name: str, known: tuple[str, ...]) -> None:
    """Raises a one-line ValueError, with the nearest known name, unless `name` is in `known`."""
    if name in known:
        return
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    raise ValueError(f"unknown {kind} {name!r}; {hint}")


def task_info(name: str) -> TaskInfo:
    """Returns the built task called `name`.

    Raises:
      ValueError: one line; says whether the task is unknown or only not built yet.
    """
    if name in KNOWN_UNBUILT:
        raise ValueError(f"task {name!r} is not built yet; built: {', '.join(TASKS)}")
    check_name("task", name, tuple(TASKS))
    return TASKS[name]
