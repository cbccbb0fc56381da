"""What `divbench ntk` was asked for: which critics, on which points. Reads and refuses; measures nothing."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from divbench.envs.names import GYM_TASKS, PHYSICS, SIMULATED, check_physics
from divbench.spec.errors import UsageError, choose, refusing
from divbench.spec.naming import find_variant
from divbench.spec.settings import ACTIVATIONS
from divbench.spec.text import parse_count, refuse_repeats, split_names
from divbench.spec.variants import CRITIC

PUBLISHED_ACTIVATIONS = ("relu", "tanh", "sin")
WEIGHTS = ("glorot_uniform", "lecun_normal", "he_normal", "orthogonal")
WIDTHS, DEPTHS = (32, 64, 128, 256), (1, 2, 3, 4)
PUBLISHED_WIDTH, PUBLISHED_DEPTH = 64, 2  # held fixed in 1903.08894 while the other varies: figures 7 and 4
OF_THE_MODULE = "module"  # in place of a name of `WEIGHTS`, where a critic from outside draws its own
FOLDER = "results/runs/ntk"  # below the current directory
TABLE = "kernels.csv"  # of the folder, written last: where it is, a measurement is whole
MOST_STEPS = 10_000  # a kernel of so many points takes 0.8 GB, and its eigenvalues minutes


class Shape(NamedTuple):
    """Units of a hidden layer, and how many hidden layers."""

    width: int
    depth: int


@dataclasses.dataclass(frozen=True)
class KernelRequest:
    """Critics drawn at random and never trained, and the points on which their kernels are formed.

    Attributes:
      task: whose observations; any task with a model.
      critic: from outside, `package.module:Class(field=value)`; empty for multi-layer perceptrons.
      activations: of `ACTIVATIONS`.
      shapes: of the perceptrons.
      initialisations: how many critics are drawn of each activation and shape.
      steps: points, env steps of the rails-random policy; the same ones for all critics.
      weights: how the perceptrons' weights are drawn, of `WEIGHTS`; biases are 0.
      spectrum: whether eigenvalues are computed, which takes most of the time.
      physics: that steps the task.
      out: folder of tables and figures.
      force: replace what an earlier measurement left there.
      quiet, json: how progress and result are printed.
    """

    task: str
    activations: tuple[str, ...] = PUBLISHED_ACTIVATIONS
    shapes: tuple[Shape, ...] = tuple(Shape(width, depth) for width in WIDTHS for depth in DEPTHS)
    initialisations: int = 10
    steps: int = 1_000
    weights: str = "glorot_uniform"
    spectrum: bool = True
    physics: str = "auto"
    out: str = FOLDER
    force: bool = False
    quiet: bool = False
    json: bool = False
    critic: str = ""

    @property
    def critics(self) -> int:
        """How many critics are drawn in all."""
        return self.initialisations * (1 if self.critic else len(self.activations) * len(self.shapes))


def read_request(given: dict) -> KernelRequest:
    """The request from flags as they were typed. Every width is combined with every depth.

    Raises:
      UsageError: no task, an unknown name, a number that is none or out of range, or something named twice.
    """
    fields = dict(given)
    if "task" not in fields:
        raise UsageError("ntk: expected --task NAME, such as ant or cheetah-run")
    default = f"{FOLDER}/{fields['task']}"
    if "critic" in fields:
        name, fields["critic"] = _critic(fields)
        default += f"-{name}"
    choose("task", fields["task"], (*GYM_TASKS, *SIMULATED))
    refuse_physics(fields["task"], fields.get("physics", "auto"))
    choose("weights", fields.get("weights", "glorot_uniform"), WEIGHTS)
    if "activations" in fields:
        names = split_names(fields["activations"], "--activations")
        fields["activations"] = tuple(choose("activation", name, ACTIVATIONS) for name in names)
    sizes = {key: _counts(fields.pop(key), f"--{key}") if key in fields else default
             for key, default in (("widths", WIDTHS), ("depths", DEPTHS))}
    fields["shapes"] = tuple(Shape(width, depth) for width in sizes["widths"] for depth in sizes["depths"])
    for key, minimum in (("initialisations", 1), ("steps", 2)):
        if key in fields:
            fields[key] = parse_count(fields[key], f"--{key}", minimum=minimum)
    if fields.get("steps", 0) > MOST_STEPS:
        raise UsageError(f"--steps: expected at most {MOST_STEPS:,}, found '{given['steps']}'; a kernel has a row and "
                         "a column for each step")
    fields.setdefault("out", default)
    return KernelRequest(**fields)


def _critic(given: dict) -> tuple[str, str]:
    """The name of a critic from outside in folders, and the critic; refuses what is of perceptrons alone beside it."""
    for key in ("activations", "widths", "depths", "weights"):
        if key in given:
            raise UsageError(f"--{key}: a critic of your own has its own, found --critic '{given['critic']}'; expected "
                             "one of the two")
    found = find_variant(given["critic"])
    if found.mechanisms or found.hooks != ((CRITIC, found.critic),):
        raise UsageError(f"--critic: expected a flax.linen critic of your own and nothing beside it, such as "
                         f"mine:SimBa(width=64), found '{given['critic']}'")
    return found.name, found.critic


def refuse_physics(task: str, physics: str) -> None:
    """Refuse a physics that is none, that the task does not have, or whose extra is not installed.

    Raises:
      UsageError: in one line.
    """
    choose("physics", physics, PHYSICS)
    with refusing("--physics"):
        check_physics(task, physics)


def _counts(text: str, what: str) -> tuple[int, ...]:
    """Whole numbers of a comma-separated list, from the smallest on."""
    counts = [parse_count(entry, what, minimum=1) for entry in text.split(",")]
    refuse_repeats(counts, what)
    return tuple(sorted(counts))
