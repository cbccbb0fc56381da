"""The table of `divbench ntk`: one row for each critic that was drawn. How it is written: `summary`."""

from __future__ import annotations

from typing import NamedTuple


class KernelRow(NamedTuple):
    """The kernel of one critic; columns of the table.

    Attributes:
      task: whose observations and actions the points are.
      points: how many.
      physics: that made them.
      precision: of the kernel.
      weights: how the weights were drawn; `module` where a critic from outside draws its own.
      activation: of the hidden layers; empty for a critic from outside.
      width, depth: units of a hidden layer, and how many hidden layers; -1 for a critic from outside.
      initialisation: number of the draw. Perceptrons of one number and size begin with the same weights, whatever their
        activation.
      parameters: how many parameters the critic has; the rank cannot exceed it.
      average_diagonal: mean of the kernel's diagonal.
      row_ratio: mean over rows of (1/N) sum over j != i of |K_ij| / K_ii.
      condition_number: largest over smallest eigenvalue; inf if the smallest is rounding, nan if not asked for.
      rank: how many eigenvalues are above rounding; nan if not asked for.
      network: `mlp 64x64`, or a critic from outside as it is written: `mine:SimBa(width=64)`.
    """

    task: str
    points: int
    physics: str
    precision: str
    weights: str
    activation: str
    width: int
    depth: int
    initialisation: int
    parameters: int
    average_diagonal: float
    row_ratio: float
    condition_number: float
    rank: float
    network: str
