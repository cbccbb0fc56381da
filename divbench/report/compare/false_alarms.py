"""How often two sides from the same pools are called regressed, and how often a planted change is: by drawing.

    python -m divbench.report.compare.false_alarms

prints the table of docs/gate.md from made-up pools: normal, lognormal, and with two heaps, as where some lanes
diverge. `rates` takes any pools, so also the lanes of real runs. It decides by `decisions.judge`, like a comparison.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.report.compare.decisions import judge
from divbench.report.compare.questions import margin_of
from divbench.report.compare.request import CompareRequest
from divbench.report.compare.samples import Numbers, Sample
from divbench.report.scale import DMC_RANGE
from divbench.report.series import Cell
from divbench.spec.text import format_table
from divbench.statistics.estimates import mean_difference
from divbench.statistics.shares import share_interval

if TYPE_CHECKING:
    import numpy as np

COMPARISONS = 1_000
SHAPES = {
    "normal": lambda random, count: random.normal(0.0, 1.0, count),
    "lognormal": lambda random, count: random.lognormal(0.0, 1.5, count),
    "two heaps": lambda random, count: random.normal(0.0, 0.02, count) + 5.0 * (random.random(count) < 0.5),
    "three heaps": lambda random, count: random.normal(0.0, 0.02, count) + 3.0 * random.integers(0, 3, count),
}
SCALE = {"return": 60.0, "q": 0.3}  # of the made-up pools; far above the margins, which then hide no false alarm
CASES = tuple((seeds, cells) for seeds in ((2, 2), (3, 3), (5, 5), (10, 3)) for cells in ((1, 1), (2, 2), (5, 4)))


@dataclasses.dataclass(frozen=True)
class Rates:
    """How many comparisons were drawn, and what was claimed in how many of them.

    Attributes:
      comparisons: all of them.
      regressed: those with at least one regressed row.
      welch: those in which the Welch interval of at least one cell, at Bonferroni's level, lies beyond 0 in the bad
        direction with an estimate beyond the margin: the rule that is not used. 0 if it was not asked for.
    """

    comparisons: int
    regressed: int
    welch: int


def rates(draw: Callable[[str, Cell, int, int], Mapping[int, float]], cells: Sequence[Cell], seeds: tuple[int, int], *,
          comparisons: int = COMPARISONS, request: CompareRequest | None = None, welch: bool = False) -> Rates:
    """Draw both sides again and again, and count what is claimed.

    Args:
      draw: `(metric, cell, side, seeds) -> numbers by seed`; side 0 is the baseline, 1 the new one.
      cells: what is compared.
      seeds: lanes of a cell on both sides.
      comparisons: how many.
      request: metrics, margins, confidence; the defaults if None.
      welch: count also what Welch's intervals would have claimed.
    """
    request = request or CompareRequest("", "")
    regressed = claimed = 0
    for _ in range(comparisons):
        samples = []
        for metric in request.metrics:
            for cell in cells:
                drawn = [draw(metric, cell, side, count) for side, count in enumerate(seeds)]
                old, new = (Numbers(dict(side), dict(side)) for side in drawn)
                samples.append(Sample(metric, cell, old, new, span=DMC_RANGE))
        regressed += any(row.decision == "regressed" for row in judge(samples, request))
        claimed += welch and _welch_claims(samples, request)
    return Rates(comparisons, regressed, claimed)


def made_up(shape: str, random: np.random.Generator, change: Mapping[str, float] | None = None) -> Callable:
    """A `draw` from one of `SHAPES`, the same for every cell; `change` is added to the new side's numbers."""

    def draw(metric: str, cell: Cell, side: int, count: int) -> dict[int, float]:
        shift = (change or {}).get(metric, 0.0) if side else 0.0
        return {seed: float(number) for seed, number in
                enumerate(SCALE[metric] * SHAPES[shape](random, count) + shift)}

    return draw


def grid(tasks: int, variants: int) -> list[Cell]:
    """So many tasks with so many variants each."""
    return [Cell(f"task{task}", f"variant{variant}", "1") for task in range(tasks) for variant in range(variants)]


def table(comparisons: int = COMPARISONS) -> str:
    """False alarms for every shape of pool and every case, as text; the same numbers every time."""
    import numpy as np

    rows = []
    for shape in SHAPES:
        for seeds, (tasks, variants) in CASES:
            random = np.random.default_rng(0)
            found = rates(made_up(shape, random), grid(tasks, variants), seeds,
                          welch=True, comparisons=comparisons if tasks * variants < 10 else comparisons // 4)
            low, high = share_interval(found.regressed, found.comparisons)
            rows.append((shape, f"{seeds[0]} / {seeds[1]}", f"{tasks} x {variants}", f"{found.comparisons:,}",
                         f"{found.regressed / found.comparisons:.1%} [{low:.1%}, {high:.1%}]",
                         f"{found.welch / found.comparisons:.1%}"))
    header = ("pool", "seeds", "tasks x variants", "comparisons", "regressed", "by Welch instead")
    return format_table(header, rows, right=header[1:])


def _welch_claims(samples: Sequence[Sample], request: CompareRequest) -> bool:
    """Whether a rule of Welch intervals of each cell, shared by Bonferroni, would claim a regression."""
    level = (1.0 - request.confidence) / len(samples)
    for sample in samples:
        two_sided = sample.metric == "q"
        found = mean_difference([list(sample.new.finite.values())], [list(sample.baseline.finite.values())],
                                confidence=1.0 - level * (1 if two_sided else 2))
        margin = margin_of(sample, request)
        if found.effect is None or found.low is None or found.high is None:
            continue
        if (found.high < 0.0 and found.effect < -margin) or (two_sided and found.low > 0.0 and found.effect > margin):
            return True
    return False


if __name__ == "__main__":
    print(table())
