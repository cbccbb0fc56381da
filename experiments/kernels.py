"""What the two claims about kernels of random critics share: the measurement, and the numbers that decide.

The rules, which were written before anything was measured on these tasks:

- A critic's number is the log10 of its kernel's average diagonal, or of its row ratio. Weights are those of
  `glorot_uniform`; the other ways of drawing them are measured too, and told, and decide nothing.
- *Largest* and *lowest*: for each task and initialisation the number of one activation minus the largest (smallest) of
  the other two, which begin with the same weights, averaged over the four sizes. The claim says what is common, not
  what is so at every size.
- *Grows* and *falls*: for each task, activation and initialisation the slope of the number over the four sizes, by
  least squares: per doubling of the width, or per hidden layer.
- Each is a median over initialisations, of the task (and activation) on which the claim fares worst, with an interval
  between order statistics; the claim's side of 0 must hold all of it.

Source of protocol and claims: Achiam et al., 1903.08894, figures 4 to 9. Not stated there, and chosen here: the weights
are drawn as in the authors' public code of that time, `glorot_uniform` with biases of 0; ten initialisations for three.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from divbench.experiments.experiment import Comparison, Measured, Outcome, conclude
from divbench.statistics.medians import worst_median_test
from divbench.studies.ntk.request import PUBLISHED_ACTIVATIONS, WEIGHTS, KernelRequest, Shape

if TYPE_CHECKING:
    from divbench.studies.ntk.rows import KernelRow

TASKS = ("ant", "halfcheetah", "walker2d")
QUICK_SHOWS = ("200 points in place of 1,000, the same tasks, critics and initialisations: with fewer points a kernel "
               "says less about the task.")
EACH = "initialisations"
NAMES = {"average_diagonal": "average diagonal", "row_ratio": "row ratio"}
POINTS, INITIALISATIONS = {"quick": 200, "full": 1_000}, {"quick": 10, "full": 10}


def measure(shapes: Sequence[Shape], scale: str, physics: str, tell: Callable[[str], None]) -> Measured:
    """The kernels of critics of these shapes, on all tasks, with all ways of drawing weights."""
    from divbench.studies.ntk.measuring import card, measure_kernels
    from divbench.studies.ntk.summary import HEADER, summarise, summary_cells

    rows: list = []
    for task in TASKS:
        for weights in WEIGHTS:
            rows += measure_kernels(KernelRequest(task, PUBLISHED_ACTIVATIONS, tuple(shapes), INITIALISATIONS[scale],
                                                  POINTS[scale], weights, False, physics))
            tell(f"{task}, weights {weights}: measured")
    summary = [summary_cells(found) for found in summarise(deciding(rows))]
    return Measured(rows, INITIALISATIONS[scale], card(TASKS, physics), HEADER[:6], [row[:6] for row in summary])


def describe(shapes: Sequence[Shape], scale: str) -> str:
    """What is measured, in a sentence."""
    critics = len(TASKS) * len(WEIGHTS) * len(PUBLISHED_ACTIVATIONS) * len(shapes) * INITIALISATIONS[scale]
    return (f"kernels of {critics:,} critics on {POINTS[scale]:,} points of {', '.join(TASKS)}; width x hidden layers: "
            + ", ".join(f"{shape.width} x {shape.depth}" for shape in shapes))


def deciding(rows: Sequence) -> list:
    """The rows of the weights that decide."""
    return [row for row in rows if row.weights == WEIGHTS[0]]


def decide(rows: Sequence, comparisons: Callable[[Sequence], tuple[Comparison, ...]], across: str) -> Outcome:
    """The outcome by these comparisons, which the other ways of drawing weights are put to as well."""
    lines = [*_orders(deciding(rows), across), *_slopes(deciding(rows), across)]
    for weights in WEIGHTS[1:]:
        other = conclude(*comparisons([row for row in rows if row.weights == weights]))
        lines.append(f"weights {weights}, which decide nothing: {other.status}. {other.sentence}")
    return conclude(*comparisons(deciding(rows)), context=tuple(lines))


def largest(rows: Sequence, name: str, activation: str, across: str) -> Comparison:
    """log10 of one activation's number over the largest other's, of the task on which it is least; claimed above 0."""
    return _beside_others(rows, name, activation, across, max, "largest", "smallest", "above")


def lowest(rows: Sequence, name: str, activation: str, across: str) -> Comparison:
    """log10 of one activation's number over the smallest other's, of the task on which it is most; claimed below 0."""
    return _beside_others(rows, name, activation, across, min, "smallest", "largest", "below")


def _beside_others(rows: Sequence[KernelRow], name: str, activation: str, across: str, choose: Callable, chosen: str,
                   worst: str, side: str) -> Comparison:
    strata = [_beside(rows, name, task, activation, across, choose) for task in TASKS]
    what = f"log10 of the {NAMES[name]}, {activation} over the {chosen} other, {worst} of the tasks"
    return Comparison.of(what, worst_median_test(strata, worst, each=EACH), 0.0, side)


def trend(rows: Sequence, name: str, across: str, side: str) -> Comparison:
    """Slope of log10 of a number over the sizes, of the task and activation on which the claim fares worst.

    Args:
      rows: of the critics that decide.
      name: `average_diagonal` or `row_ratio`.
      across: `width` or `depth`.
      side: `above` where the number is claimed to grow, `below` where it is claimed to fall.
    """
    worst = "smallest" if side == "above" else "largest"
    strata = [slopes(rows, name, task, activation, across) for task in TASKS for activation in PUBLISHED_ACTIVATIONS]
    what = f"log10 of the {NAMES[name]} per {_UNIT[across]}, {worst} of tasks and activations"
    found = worst_median_test(strata, worst, each=EACH, groups="tasks and activations")
    return Comparison.of(what, found, 0.0, side)


_UNIT = {"width": "doubling of the width", "depth": "hidden layer"}


def slopes(rows: Sequence, name: str, task: str, activation: str, across: str) -> list[float]:
    """For each initialisation the slope of log10 of a number over the sizes, by least squares."""
    found = []
    for own in _by_initialisation(rows, name, task, activation, across):
        xs = [math.log2(size) if across == "width" else float(size) for size in own]
        found.append(statistics.linear_regression(xs, list(own.values())).slope)
    return found


def _beside(rows: Sequence[KernelRow], name: str, task: str, activation: str, across: str,
            choose: Callable) -> list[float]:
    """For each initialisation one activation's log10 minus the chosen one of the others', averaged over sizes."""
    own = _by_initialisation(rows, name, task, activation, across)
    others = [_by_initialisation(rows, name, task, other, across) for other in PUBLISHED_ACTIVATIONS
              if other != activation]
    return [statistics.fmean(sizes[size] - choose(other[number][size] for other in others) for size in sizes)
            for number, sizes in enumerate(own)]


def _by_initialisation(rows: Sequence[KernelRow], name: str, task: str, activation: str,
                       across: str) -> list[dict[int, float]]:
    """For each initialisation log10 of a number, by size."""
    found: dict[int, dict[int, float]] = {}
    for row in rows:
        if (row.task, row.activation) == (task, activation):
            found.setdefault(row.initialisation, {})[getattr(row, across)] = math.log10(getattr(row, name))
    return [found[number] for number in sorted(found)]


def _orders(rows: Sequence, across: str) -> list[str]:
    """At how many tasks and sizes the means stand in the order that the claims name."""
    sizes = sorted({getattr(row, across) for row in rows})
    lines = []
    for name, activation, choose, said in (("average_diagonal", "relu", max, "largest"),
                                           ("row_ratio", "relu", max, "largest"),
                                           ("row_ratio", "sin", min, "lowest")):
        hits = 0
        for task in TASKS:
            for size in sizes:
                means = {other: statistics.fmean(getattr(row, name) for row in rows
                                                 if (row.task, row.activation, getattr(row, across))
                                                 == (task, other, size)) for other in PUBLISHED_ACTIVATIONS}
                hits += choose(means, key=means.__getitem__) == activation
        lines.append(f"mean {NAMES[name]} {said} with {activation}: at {hits} of {len(TASKS) * len(sizes)} tasks and "
                     "sizes")
    return lines


def _slopes(rows: Sequence, across: str) -> list[str]:
    """Median slope of both numbers, for every activation and task; none is claimed of the row ratio over widths."""
    return [f"median slope of log10 of the {label} per {_UNIT[across]}, {activation}: " + ", ".join(
                f"{task} {statistics.median(slopes(rows, name, task, activation, across)):.3f}" for task in TASKS)
            for name, label in NAMES.items() for activation in PUBLISHED_ACTIVATIONS]
