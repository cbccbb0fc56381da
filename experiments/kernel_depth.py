"""`divbench reproduce kernel-depth`: the kernels of random critics, by activation, at four depths.

Nothing is trained. Full: 1,000 rails-random steps of ant, halfcheetah and walker2d, ten initialisations of critics with
one to four hidden layers of 64 units; three minutes on two CPU cores. The rules are in `experiments.kernels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from divbench.experiments import kernels
from divbench.experiments.experiment import Comparison, MeasuredExperiment, Outcome
from divbench.studies.ntk.request import DEPTHS, PUBLISHED_WIDTH, Shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.experiment import Measured
    from divbench.studies.ntk.rows import KernelRow

SHAPES = tuple(Shape(PUBLISHED_WIDTH, depth) for depth in DEPTHS)


def comparisons(rows: Sequence[KernelRow]) -> tuple[Comparison, ...]:
    return (kernels.largest(rows, "average_diagonal", "relu", "depth"),
            kernels.largest(rows, "row_ratio", "relu", "depth"),
            kernels.lowest(rows, "row_ratio", "sin", "depth"),
            kernels.trend(rows, "average_diagonal", "depth", "below"),
            kernels.trend(rows, "row_ratio", "depth", "above"))


def decide(measured: Measured) -> Outcome:
    return kernels.decide(measured.rows, comparisons, "depth")


def figure(measured: Measured) -> Figure:
    from divbench.studies.ntk.figures import kernel_figure

    return kernel_figure(kernels.deciding(measured.rows), "depth", "Kernels of random critics, by depth")


EXPERIMENT = MeasuredExperiment(
    name="kernel-depth",
    claim="Of random critics with relu, tanh and sin, those with relu have the largest kernel diagonal and row ratio, "
          "those with sin the lowest row ratio, and with depth the diagonal falls and the row ratio grows.",
    source="Achiam et al., 1903.08894, figures 7 to 9",
    kind="kernel",
    tasks=kernels.TASKS,
    measure=lambda scale, physics, tell: kernels.measure(SHAPES, scale, physics, tell),
    describe=lambda scale: kernels.describe(SHAPES, scale),
    quick_shows=kernels.QUICK_SHOWS,
    decide=decide,
    figure=figure,
    took={"quick": 1, "full": 3},
)
