"""The card of a run: with what, on what and how it was made. Facts only; `folder` keeps them on disk.

A card travels with published tables, so it names no user, no host and, but for a `--dataset` that was given so, no
absolute path.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.spec.plan import KEY_GENERATION

if TYPE_CHECKING:
    from divbench.spec.run_spec import RunSpec

PACKAGES = ("divbench", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "mujoco", "mujoco-mjx",
            "warp-lang", "dm-control", "numpy", "pyarrow")
_ABSOLUTE = re.compile(r"(?<![\w.])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\]+[/\\])*")


def gather_card(spec: RunSpec, *, device: str, physics: str, argv: Sequence[str] | None = None) -> dict:
    """The facts of a run's card, as JSON values.

    Args:
      spec: the run specification; its `seed_list` and `precision` are stated.
      device: the device in words, such as `cpu` or the name of a GPU.
      physics: the physics in use, `auto` resolved.
      argv: the command line; by default that of this process.
    """
    return {
        "command": command_line(sys.argv if argv is None else argv),
        "device": device,
        "physics": physics,
        "precision": spec.precision,
        "seeds": list(spec.seed_list),
        "key_generation": KEY_GENERATION,
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": usable_cpus(),
    }


def key_generation(card: Mapping) -> int | None:
    """The generation of the rule that made a run's random numbers (`Lane.key_words`).

    A card without one is of generation 1, in which variants and UTDs of a seed shared no random numbers of training.
    None for imported results, whose seeds are those of other code.
    """
    return None if "imported" in card else card.get("key_generation", 1)


def usable_cpus() -> int | None:
    """How many CPU cores this process may use. XLA divides its sums by them, so that their rounding depends on it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def versions() -> dict[str, str]:
    """Versions of Python and of every package that can change a result; `absent` if not installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def command_line(argv: Sequence[str]) -> str:
    """The command as typed, the folders of absolute paths left out."""
    program = os.path.basename(argv[0]) if argv and argv[0] else "python"
    return " ".join([program, *(_ABSOLUTE.sub("", argument) for argument in argv[1:])])


def now() -> str:
    """The time in UTC, to the second: `2025-01-31T12:00:00Z`."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
