"""The benchmark's tasks, as pure and jittable functions over three kinds of physics.

`divbench.envs.make("cheetah-run")` is the way in. Importing this package imports no jax: every
name below is fetched on first use. Nothing about learning lives here.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from divbench.envs.base import Sensed, Start, State
    from divbench.envs.callback import prepare_process
    from divbench.envs.environment import Environment, make
    from divbench.envs.host import HostData
    from divbench.envs.names import PHYSICS, SIMULATED, TASKS, TaskInfo, task_info
    from divbench.envs.rewards import tolerance

# Nothing renders. To be set before MuJoCo or dm_control is imported, which then need no display.
os.environ.setdefault("MUJOCO_GL", "disable")

_EXPORTS = {
    "PHYSICS": "names",
    "SIMULATED": "names",
    "TASKS": "names",
    "TaskInfo": "names",
    "task_info": "names",
    "Environment": "environment",
    "make": "environment",
    "Sensed": "base",
    "Start": "base",
    "State": "base",
    "HostData": "host",
    "prepare_process": "callback",
    "tolerance": "rewards",
}

__all__ = ["Environment", "HostData", "PHYSICS", "SIMULATED", "Sensed", "Start", "State", "TASKS", "TaskInfo", "make",
           "prepare_process", "task_info", "tolerance"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
