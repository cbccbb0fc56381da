"""`divbench reproduce kernel-width`: the kernels of random critics, by activation, at four widths.

Nothing is trained. Full: 1,000 rails-random steps of ant, halfcheetah and walker2d, ten initialisations of critics with
two hidden layers of 32, 64, 128 and 256 units; three minutes on two CPU cores. The rules are in `experiments.kernels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from divbench.experiments import kernels
from divbench.experiments.experiment import Comparison, MeasuredExperiment, Outcome
from divbench.studies.ntk.request import PUBLISHED_DEPTH, WIDTHS, Shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.experiment import Measured
    from divbench.studies.ntk.rows import KernelRow

SHAPES = tuple(Shape(width, PUBLISHED_DEPTH) for width in WIDTHS)


def comparisons(rows: Sequence[KernelRow]) -> tuple[Comparison, ...]:
    return (kernels.largest(rows, "average_diagonal", "relu", "width"),
            kernels.largest(rows, "row_ratio", "relu", "width"),
            kernels.lowest(rows, "row_ratio", "sin", "width"),
            kernels.trend(rows, "average_diagonal", "width", "above"))


def decide(measured: Measured) -> Outcome:
    return kernels.decide(measured.rows, comparisons, "width")


def figure(measured: Measured) -> Figure:
    from divbench.studies.ntk.figures import kernel_figure

    return kernel_figure(kernels.deciding(measured.rows), "width", "Kernels of random critics, by width")


EXPERIMENT = MeasuredExperiment(
    name="kernel-width",
    claim="Of random critics with relu, tanh and sin, those with relu have the largest kernel diagonal and row ratio, "
          "those with sin the lowest row ratio, and the diagonal grows with width.",
    source="Achiam et al., 1903.08894, figures 4 to 6",
    kind="kernel",
    tasks=kernels.TASKS,
    measure=lambda scale, physics, tell: kernels.measure(SHAPES, scale, physics, tell),
    describe=lambda scale: kernels.describe(SHAPES, scale),
    quick_shows=kernels.QUICK_SHOWS,
    decide=decide,
    figure=figure,
    took={"quick": 1, "full": 3},
)
