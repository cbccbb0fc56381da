"""What `divbench parity` was asked for. Reads and refuses; measures nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

from divbench.envs.names import MODELLED, SIMULATED, check_installed, check_oracle, task_info
from divbench.spec.errors import UsageError, refusing

TASKS, PHYSICS, PRECISIONS = MODELLED, ("host", "mjx", "warp"), ("float64", "float32")  # to choose from


@dataclasses.dataclass(frozen=True)
class ParityRequest:
    """Which tasks are compared with dm_control, or gymnasium's with gymnasium, under which physics and precisions, and
    how thoroughly."""

    tasks: tuple[str, ...] = SIMULATED  # gymnasium's want an extra
    physics: tuple[str, ...] = ("host", "mjx")  # `warp` is an extra
    precisions: tuple[str, ...] = PRECISIONS
    starts: int = 20  # episodes of each task, half of them begun where it pays
    steps: int = 50  # control steps of each episode
    out: str = "results/runs/parity"
    force: bool = False  # replace tables that are there


def make_request(**fields: Any) -> ParityRequest:
    """The request of these fields.

    Raises:
      UsageError: a physics or task whose extra is not installed, or more steps than an episode has.
    """
    request = ParityRequest(**fields)
    for task in request.tasks:
        with refusing("--tasks"):
            check_oracle(task)
    for physics in request.physics:
        with refusing("--physics"):
            check_installed(physics)
    for task in request.tasks:
        longest = task_info(task).episode_length
        if not task_info(task).gymnasium_id and request.steps > longest:
            raise UsageError(f"--steps: expected at most {longest:,}, an episode of {task}, found '{request.steps}'")
    return request
