"""`divbench reproduce crash-step`: can the step at which an SGD critic crashes be foretold while its Q is still small?

A critic without biases learns from a fixed set of transitions without reward, all of it at each update, by plain SGD;
the policy rests in a corner of the action space, outside of the data. Where that excites itself, 1 / Q of a critic with
one hidden layer falls linearly once the kernel's direction rests, and hits 0: the crash. Quick: 20 critics; full: 48;
either takes less than a minute on two CPU cores, most of it for eigenvalues.

The rule, written before any of these critics was trained. A forecast is issued once for a lane, at the first mark of
its growth where (1) SEEM is above 0, (2) the kernel's cosine with itself when |Q| was half as large is at least 0.99
and (3) its norm has since grown as Q^((2 L - 2) / L), to within 10% of that exponent: before, while the kernel hardly
grows, its direction rests too, but not because it has come to rest. The forecast sees that one doubling of |Q| and
nothing else; the crash is |Q| > 1e12. Decided are: the share of forecasts within 10% of the crash's update, above one
half (a forecast for a lane that does not crash is a miss; no interval below ten forecasts); and, since lanes spend most
of their updates before that growth begins, so that "it crashes now" is not far off either, by how much that forecast's
error is larger than the law's. Reported without deciding: the error as a share of the updates that were left, and
the sign of SEEM against the crashes of all lanes.

Learning rate, width, points and conditions were chosen on other lanes: some forty at other sizes, of this task and of
halfcheetah, and then six as here, of which four crashed and were foretold to 3%. With three layers at the same learning
rate the crash is a matter of a few updates, and of six lanes one allowed a forecast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from divbench.experiments.experiment import Comparison, Measured, MeasuredExperiment, Outcome, conclude
from divbench.statistics.medians import median_test
from divbench.statistics.shares import share_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TASK = "cheetah-run"
LAYERS, WIDTH, POINTS = 2, 16, 64
LEARNING_RATE, UPDATES = 1e-3, 20_000
LANES = {"quick": 20, "full": 48}
AT_REST, POWER_WITHIN = 0.99, 0.1
CLOSE, FEWEST = 0.1, 10  # of the crash's update; forecasts
HEADER = ("lane", "crash", "foretold", "interval", "at update", "|Q| there", "SEEM there", "error",
          "error of what was left")


def measure(scale: str, physics: str, tell: Callable[[str], None]) -> Measured:
    """Train the critics, and look back from every mark of their growth."""
    from divbench.studies.growth import measure_growth
    from divbench.studies.ntk.measuring import card

    rows = measure_growth(TASK, "sgd", (LAYERS,), range(LANES[scale]), width=WIDTH, points=POINTS,
                          learning_rate=LEARNING_RATE, updates=UPDATES, physics=physics, tell=tell)
    return Measured(rows, LANES[scale], card((TASK,), physics), HEADER, summary(rows))


def describe(scale: str) -> str:
    return (f"{LANES[scale]} critics of {LAYERS} weight layers, {WIDTH} units, {UPDATES:,} updates of SGD at "
            f"{LEARNING_RATE:g} on {POINTS} transitions of {TASK} each")


def forecasts(rows: Sequence) -> dict:
    """Of every lane the row whose forecast counts; None where there is none."""
    found: dict = {}
    for row in rows:
        if found.setdefault(row.lane, None) is None and may_forecast(row):
            found[row.lane] = row
    return found


def may_forecast(row: Any) -> bool:
    """Whether the law may be fitted: SEEM above 0, the kernel at rest, and growing as the law has it."""
    power = (2.0 * row.layers - 2.0) / row.layers
    return (row.excites and row.kernel_cosine >= AT_REST and abs(row.kernel_growth / power - 1.0) <= POWER_WITHIN
            and math.isfinite(row.predicted))


def decide(measured: Measured) -> Outcome:
    issued = [row for row in forecasts(measured.rows).values() if row is not None]
    met = [row for row in issued if row.crash >= 0]
    hits = sum(abs(error(row)) <= CLOSE for row in met)
    what = "share of forecasts within 10% of the update of the crash"
    found = share_test(hits, len(issued), threshold=0.5)
    share = (Comparison.of(what, found, 0.5) if len(issued) >= FEWEST
             else Comparison.undecided(what, found.estimate.effect, 0.5))
    gains = [math.log10((row.crash - row.step) / max(abs(row.predicted - row.crash), 1.0)) for row in met]
    better = Comparison.of("error of the forecast that a lane crashes now, over the law's (log10), median",
                           median_test(gains, each="lanes"), 0.0)
    return conclude(share, better, context=(
        f"forecasts: {len(issued)} for {len(forecasts(measured.rows))} lanes; {hits} within 10%, "
        f"{len(issued) - len(met)} for lanes that did not crash within {UPDATES:,} updates",
        *_sizes(met), *signs(measured.rows)))


def error(row: Any) -> float:
    """Relative error of the foretold update; below 0: too early."""
    return row.predicted / row.crash - 1.0


def error_of_rest(row: Any) -> float:
    """The same as a share of the updates that were left when it was foretold."""
    return (row.predicted - row.crash) / (row.crash - row.step)


def signs(rows: Sequence) -> tuple[str, ...]:
    """SEEM's sign against the outcome, over all lanes: untrained, and at the last mark, where |Q| is largest."""
    lanes: dict = {}
    for row in rows:
        lanes.setdefault(row.lane, []).append(row)
    told = []
    for name, place in (("untrained", 0), ("at the largest |Q| seen", -1)):
        counts = {(crashed, excites): sum((own[0].crash >= 0, own[place].excites) == (crashed, excites)
                                          for own in lanes.values())
                  for crashed in (True, False) for excites in (True, False)}
        told.append(f"SEEM {name}: above 0 in {counts[True, True]} and not in {counts[True, False]} lanes that "
                    f"crashed, above 0 in {counts[False, True]} and not in {counts[False, False]} that did not")
    return tuple(told)


def summary(rows: Sequence) -> list[tuple[str, ...]]:
    """A line for each lane."""
    crashes = {row.lane: row.crash for row in rows}
    found = []
    for lane, row in forecasts(rows).items():
        crash = f"{crashes[lane]:,}" if crashes[lane] >= 0 else "none"
        if row is None:
            found.append((str(lane), crash, *["-"] * 7))
            continue
        errors = (f"{error(row):+.1%}", f"{error_of_rest(row):+.0%}") if row.crash >= 0 else ("-", "-")
        found.append((str(lane), crash, f"{row.predicted:,.0f}", f"{row.low:,.0f} to {row.high:,.0f}", f"{row.step:,}",
                      f"{abs(row.q):.3g}", f"{row.seem:.3f}", *errors))
    return found


def figure(measured: Measured) -> Figure:
    """|Q| of some lanes with what was seen and foretold, and all forecasts beside what happened."""
    from divbench.report.growth_figures import crash_figure

    return crash_figure(measured.rows, forecasts(measured.rows), CLOSE,
                        f"{measured.draws} lanes, {LAYERS} weight layers of {WIDTH} units, SGD at {LEARNING_RATE:g} on "
                        f"{POINTS} transitions of {TASK}")


def _sizes(met: Sequence) -> tuple[str, ...]:
    from statistics import median

    if not met:
        return ()
    return (f"size of the error, median: {median(abs(error(row)) for row in met):.2%} of the update of the crash, "
            f"{median(abs(error_of_rest(row)) for row in met):.0%} of the updates that were left; too early in "
            f"{sum(error(row) < 0.0 for row in met)} of {len(met)}",
            f"the fit's own 95% interval holds the crash in {sum(row.low <= row.crash <= row.high for row in met)} of "
            f"{len(met)}")


EXPERIMENT = MeasuredExperiment(
    name="crash-step",
    claim="Under SGD, once SEEM is above 0 and the kernel's direction rests, 1 / Q of a critic with one hidden layer "
          "falls linearly, so that the update at which Q is infinite can be foretold.",
    source="Yue et al., 2310.04411, theorem 4",
    kind="kernel",
    tasks=(TASK,),
    measure=measure,
    describe=describe,
    quick_shows="Twenty critics in place of 48, the first ones, the same in all else: the share of forecasts that are "
                "met has a wider interval, and none where fewer than ten are made.",
    decide=decide,
    figure=figure,
    took={"quick": 1, "full": 1},
)
