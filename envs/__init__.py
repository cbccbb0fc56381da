"""The benchmark's tasks, as pure and jittable functions over three kinds of physics.

`divbench.envs.make("cheetah-run")` is the way in. Importing this package imports no jax: every
name below is fetched on first use. Nothing about learning lives here.
"""

import importlib
import os
from typing import Any

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

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
