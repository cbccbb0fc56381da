"""What `divbench parity` was asked for. Reads and refuses; measures nothing."""

from __future__ import annotations

import dataclasses

from divbench.envs.names import MODELLED, SIMULATED, check_installed, check_oracle, task_info
from divbench.spec.errors import UsageError, choose, refusing
from divbench.spec.text import parse_count, split_names

KNOWN = {"tasks": MODELLED, "physics": ("host", "mjx", "warp"), "precisions": ("float64", "float32")}
SINGULAR = {"tasks": "task", "physics": "physics", "precisions": "precision"}


@dataclasses.dataclass(frozen=True)
class ParityRequest:
    """Which tasks are compared with dm_control, or gymnasium's with gymnasium, under which physics and precisions, and
    how thoroughly."""

    tasks: tuple[str, ...] = SIMULATED  # gymnasium's want an extra
    physics: tuple[str, ...] = ("host", "mjx")  # `warp` is an extra
    precisions: tuple[str, ...] = KNOWN["precisions"]
    starts: int = 20  # episodes of each task, half of them begun where it pays
    steps: int = 50  # control steps of each episode
    out: str = "results/runs/parity"
    force: bool = False  # replace tables that are there


def read_request(given: dict) -> ParityRequest:
    """The request from flags as they were typed.

    Raises:
      UsageError: an unknown name, a physics or task whose extra is not installed, or a number that is none.
    """
    fields = dict(given)
    for key, known in KNOWN.items():
        if key in fields:
            names = split_names(fields[key], f"--{key}")
            fields[key] = tuple(choose(SINGULAR[key], name, known) for name in names)
    for task in fields.get("tasks", ()):
        with refusing("--tasks"):
            check_oracle(task)
    for physics in fields.get("physics", ()):
        with refusing("--physics"):
            check_installed(physics)
    for key, minimum in (("starts", 2), ("steps", 1)):
        if key in fields:
            fields[key] = parse_count(fields[key], f"--{key}", minimum=minimum)
    request = ParityRequest(**fields)
    for task in request.tasks:
        longest = task_info(task).episode_length
        if not task_info(task).gymnasium_id and request.steps > longest:
            raise UsageError(f"--steps: expected at most {longest:,}, an episode of {task}, found '{request.steps}'")
    return request
