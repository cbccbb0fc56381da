"""What `divbench ntk` was asked for: which critics, on which points. Reads and refuses; measures nothing."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, NamedTuple

from divbench.envs.names import PHYSICS, check_physics
from divbench.spec.errors import UsageError, choose, refusing
from divbench.spec.naming import find_variant
from divbench.spec.text import parse_count
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


def make_request(**fields: Any) -> KernelRequest:
    """The request of these fields; in place of `shapes`, every one of `widths` is combined with every one of `depths`.

    Raises:
      UsageError: a physics that the task does not have, or a critic of one's own beside what is of perceptrons alone.
    """
    folder = f"{FOLDER}/{fields['task']}"
    if "critic" in fields:
        name, fields["critic"] = _critic(fields)
        folder += f"-{name}"
    refuse_physics(fields["task"], fields.get("physics", "auto"))
    shapes = tuple(Shape(width, depth) for width, depth in itertools.product(fields.pop("widths", WIDTHS),
                                                                             fields.pop("depths", DEPTHS)))
    return KernelRequest(**{"out": folder, "shapes": shapes, **fields})


def read_steps(text: str, what: str) -> int:
    """The number of points, of which there are at most `MOST_STEPS`; anything else is a `UsageError`."""
    steps = parse_count(text, what, minimum=2)
    if steps > MOST_STEPS:
        raise UsageError(f"{what}: expected at most {MOST_STEPS:,}, found '{text}'; a kernel has a row and a column "
                         "for each step")
    return steps


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
