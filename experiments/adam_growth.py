"""`divbench reproduce adam-growth`: does Q of a critic that excites itself grow under Adam as time to the power L?

The set-up of `crash_step` with Adam in place of SGD: critics without biases, transitions without reward, a policy at
rest in a corner of the action space. Adam's step has the same size however large the gradient, so parameters march on
in a straight line and Q, homogeneous of degree L, grows as t^L. Quick: twelve critics each of two and three weight
layers, 50,000 updates; full: of two, three and four, 100,000. Either takes about a minute on two CPU cores.

Adam's step has that size only once the second moment has forgotten: the gradient grows as t^(2 L - 1), and a second
moment that remembers 1 / (1 - b2) updates lags behind it, by a share that falls as (2 L - 1) / ((1 - b2) t). With b2 =
0.999, the default, it would take about a million updates; so b2 = 0.99 decides, and the full scale tells what the
default does in as many updates.

The rule, written before any of these critics was trained. A lane counts if at its last mark, in the last tenth of the
training, SEEM is above 0 and the kernel's cosine with itself at a third of the time is at least 0.99. Its exponent is
the slope of log |Q| over log t between the two. For each L the median over lanes of its distance from L is below 0.3,
with all of its interval. Learning rate, width, points, b2 and these conditions were chosen on other lanes of
the same task, five of each L, of which 2, 3 and 3 counted: 1.97 and 2.10; 3.71, 3.02 and 3.01; 3.89, 4.86 and 3.88.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from divbench.experiments.crash_step import AT_REST, TASK, WIDTH
from divbench.experiments.experiment import Comparison, Measured, MeasuredExperiment, Outcome, conclude, percent
from divbench.statistics.medians import median_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DECIDES, DEFAULT = "adam b2=0.99", "adam"
OPTIMIZERS = {"quick": (DECIDES,), "full": (DECIDES, DEFAULT)}
LAYERS, LANES = {"quick": (2, 3), "full": (2, 3, 4)}, {"quick": 12, "full": 12}
POINTS, LEARNING_RATE, UPDATES = 32, 3e-4, {"quick": 50_000, "full": 100_000}
WITHIN, LATE = 0.3, 0.9
HEADER = ("optimizer", "weight layers", "lane", "largest |Q|", "at update", "SEEM", "kernel's cosine", "counts",
          "exponent")


def measure(scale: str, physics: str, tell: Callable[[str], None]) -> Measured:
    """Train the critics, and look back from every mark of their growth."""
    from divbench.studies.growth import measure_growth
    from divbench.studies.ntk.measuring import card

    rows = [row for optimizer in OPTIMIZERS[scale]
            for row in measure_growth(TASK, optimizer, LAYERS[scale], range(LANES[scale]), width=WIDTH, points=POINTS,
                                      learning_rate=LEARNING_RATE, updates=UPDATES[scale], physics=physics, tell=tell)]
    return Measured(rows, LANES[scale], card((TASK,), physics), HEADER, summary(rows))


def describe(scale: str) -> str:
    return (f"{LANES[scale]} critics each of {', '.join(map(str, LAYERS[scale]))} weight layers, {WIDTH} units, "
            f"{UPDATES[scale]:,} updates by {' and by '.join(OPTIMIZERS[scale])} at {LEARNING_RATE:g} on {POINTS} "
            f"transitions of {TASK} each")


def last_marks(rows: Sequence, optimizer: str = DECIDES) -> dict[int, list]:
    """The last row of every lane, by weight layers."""
    last = {(row.layers, row.lane): row for row in rows if row.optimizer == optimizer}
    found: dict[int, list] = {}
    for (layers, _), row in last.items():
        found.setdefault(layers, []).append(row)
    return found


def counts(row: Any) -> bool:
    """Whether a lane's exponent speaks for the law: still growing at the end, SEEM above 0, the kernel at rest."""
    return (row.step >= LATE * row.updates and row.excites and row.kernel_cosine >= AT_REST
            and math.isfinite(row.exponent))


def decide(measured: Measured) -> Outcome:
    comparisons, context = [], []
    for optimizer in dict.fromkeys(row.optimizer for row in measured.rows):
        for layers, last in last_marks(measured.rows, optimizer).items():
            exponents = [row.exponent for row in last if counts(row)]
            if optimizer == DECIDES:
                found = median_test([abs(exponent - layers) for exponent in exponents], threshold=WITHIN,
                                    each="lanes")
                comparisons.append(Comparison.of(f"distance of the exponent of time from L = {layers}, median", found,
                                                 WITHIN, "below"))
            middle = median_test(exponents).estimate
            said = "none" if middle.effect is None else f"median {middle.effect:.2f}"
            if middle.low is not None and middle.level is not None:
                said += f" [{middle.low:.2f}, {middle.high:.2f}] {percent(middle.level)}"
            context.append(f"{optimizer}, L = {layers}: exponents of the {len(exponents)} of {len(last)} lanes that "
                           f"count {said}; lanes with SEEM above 0 at the last mark "
                           f"{sum(row.excites for row in last)}, still growing "
                           f"{sum(row.step >= LATE * row.updates for row in last)}, crashed "
                           f"{sum(row.crash >= 0 for row in last)}")
    return conclude(*comparisons, context=tuple(context))


def summary(rows: Sequence) -> list[tuple[str, ...]]:
    """A line for each lane."""
    return [(optimizer, str(layers), str(row.lane), f"{abs(row.q):.3g}", f"{row.step:,}", f"{row.seem:.3f}",
             f"{row.kernel_cosine:.4f}", "yes" if counts(row) else "no", f"{row.exponent:.2f}")
            for optimizer in dict.fromkeys(row.optimizer for row in rows)
            for layers, last in last_marks(rows, optimizer).items() for row in last]


def figure(measured: Measured) -> Figure:
    """|Q| against updates on two logarithmic axes, a panel for each number of layers, with the law's slope."""
    from divbench.report.growth_figures import power_figure

    rows = [row for row in measured.rows if row.optimizer == DECIDES]
    counting = {(row.layers, row.lane): row for last in last_marks(rows).values() for row in last if counts(row)}
    return power_figure(rows, counting, f"{measured.draws} lanes each, {WIDTH} units a layer, {DECIDES} at "
                                        f"{LEARNING_RATE:g} on {POINTS} transitions of {TASK}")


EXPERIMENT = MeasuredExperiment(
    name="adam-growth",
    claim="Under Adam, Q of a critic of L weight layers that excites itself grows as time to the power L, once time is "
          "long against the memory of the second moment: L = 2, 3 and 4.",
    quick_claim="Under Adam, Q of a critic of L weight layers that excites itself grows as time to the power L, once "
                "time is long against the memory of the second moment: L = 2 and 3.",
    source="Yue et al., 2310.04411, theorem 5",
    kind="kernel",
    tasks=(TASK,),
    measure=measure,
    describe=describe,
    quick_shows="Two depths in place of three, and half of the updates, in which the second moment of a critic of four "
                "weight layers has not forgotten enough; nothing of Adam at its default b2.",
    decide=decide,
    figure=figure,
    took={"quick": 1, "full": 1},
)
