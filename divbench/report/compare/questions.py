"""What each row of a comparison asks: whose numbers are put together, with which margin, and how the rank tests answer.

Returns are put together over tasks of one scale only: those with the same known range, or else those of one task. Does
not live here: what follows from the answers (`decisions`), and the tests (`statistics.ranks`).
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence

from divbench.report.compare.margins import METRICS, ComparedMetric
from divbench.report.compare.request import CompareRequest
from divbench.report.compare.samples import Numbers, Sample
from divbench.report.naming import cell_name
from divbench.report.series import Cell, Point
from divbench.spec.errors import UsageError
from divbench.statistics import ranks

ALL = "all cells"


@dataclasses.dataclass(frozen=True)
class Question:
    """What a row asks: whose numbers, and how the rank tests answer.

    Attributes:
      strata: for each task (of speed, group) the finite numbers, of the baseline and of the new side.
      lanes: all of them, on both sides.
      worse, better: the chance of so bad, or so good, a statistic, and the least chance that there could be.
      direction: 1 if the ranks say that the new side's numbers are larger, else -1.
    """

    metric: ComparedMetric
    cell: Cell | None
    label: str
    leading: bool
    strata: tuple[list[list[float]], list[list[float]]]
    margin: float
    seeds: tuple[int, int]
    lanes: tuple[int, int]
    lost: tuple[int, int]
    worse: tuple[float, float]
    better: tuple[float, float]
    direction: int
    points: tuple[tuple[Point, ...], tuple[Point, ...]]
    cells: tuple[int, int]
    identical: bool
    lost_anew: tuple[int, ...]
    obstacle: str
    seconds: float

    @property
    def lost_more(self) -> bool:
        """Whether a larger share of the new lanes than of the old has no finite number."""
        return self.lost[1] * self.lanes[0] > self.lost[0] * self.lanes[1]

    @property
    def single_seed(self) -> bool:
        """Whether a stratum has fewer than two numbers, so that its spread is unknown."""
        return min((len(stratum) for side in self.strata for stratum in side), default=0) < 2


def pools_of(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    """The samples of a metric that may be put together, several each, by what to call them."""
    scales: dict[str | tuple[float, float] | None, list[Sample]] = {}
    for sample in samples:
        scale = (sample.span or sample.cell.task) if sample.metric == "return" else None
        scales.setdefault(scale, []).append(sample)
    if len(scales) == 1:
        names = {scale: ALL for scale in scales}
    else:
        names = {scale: f"cells with returns from {scale[0]:g} to {scale[1]:g}" if isinstance(scale, tuple) else
                 f"cells of {scale}" for scale in scales}
    return {names[scale]: pool for scale, pool in scales.items() if len(pool) > 1}


def ask(samples: Sequence[Sample], request: CompareRequest, *, label: str = "", leading: bool = True) -> Question:
    """One question about all these samples of a metric; those that have an obstacle say nothing in it.

    A stratum is a task, whose variants share start states; of speed, a group.
    """
    began = time.perf_counter()
    first, metric = samples[0], METRICS[samples[0].metric]
    usable = [sample for sample in samples if not sample.obstacle]
    tasks: dict[object, list[Sample]] = {}
    for sample in usable:
        tasks.setdefault(sample.cell if metric.name == "speed" else sample.cell.task, []).append(sample)
    worse, better, direction = (1.0, 1.0), (1.0, 1.0), 1
    margins = [[margin_of(sample, request) for sample in cells] for cells in tasks.values()]
    if usable:
        nulls = [ranks.together([_null(cells, [sign * margin for margin in of_cells], pairs(metric, request))
                                 for cells, of_cells in zip(tasks.values(), margins, strict=True)])
                 for sign in ((-1.0, 1.0) if metric.name == "speed" else (0.0,))]
        losing, gaining = nulls[-1], nulls[0]
        direction = 1 if losing.above <= losing.below else -1
        worse, better = (losing.below, losing.least[0]), (gaining.above, gaining.least[1])
        if metric.two_sided:
            worse, better = (losing.two_sided, losing.least[2]), (1.0, 1.0)
    old, new = [sample.baseline for sample in usable], [sample.new for sample in usable]
    strata = _strata(tasks, "baseline", metric, request), _strata(tasks, "new", metric, request)
    margin = sum(sum(of_cells) / len(of_cells) for of_cells in margins) / max(1, len(margins))
    return Question(
        metric, None if label else first.cell, label, leading, strata, margin,
        (_fewest(old), _fewest(new)), (_ranked(old), _ranked(new)), (_lost(old), _lost(new)),
        worse, better, direction, (_points(usable, 0), _points(usable, 1)),
        (len(usable), len(samples)), all(sample.identical for sample in samples),
        () if label else tuple(first.lost_anew), "" if usable else first.obstacle, time.perf_counter() - began)


def _strata(tasks: dict[object, list[Sample]], side: str, metric: ComparedMetric,
            request: CompareRequest) -> list[list[float]]:
    return [_means(cells, side, pairs(metric, request)) for cells in tasks.values()]


def _fewest(side: list[Numbers]) -> int:
    return min((len(numbers.ranked) for numbers in side), default=0)


def _ranked(side: list[Numbers]) -> int:
    return sum(len(numbers.ranked) for numbers in side)


def _lost(side: list[Numbers]) -> int:
    return sum(numbers.lost for numbers in side)


def _points(usable: list[Sample], side: int) -> tuple[tuple[int, int], ...]:
    return tuple(sorted({point for sample in usable for point in sample.points[side]}))


def margin_of(sample: Sample, request: CompareRequest) -> float:
    """The margin of a sample in the units of its numbers: a share that speed may lose becomes decades."""
    numbers = sample.baseline.finite.values()
    mean = sum(numbers) / len(numbers) if numbers else None
    span = None if sample.span is None else sample.span[1] - sample.span[0]
    margin = request.margin(sample.metric, sample.cell.task, mean, span)
    return -math.log10(1.0 - margin) if sample.metric == "speed" else margin


def pairs(metric: ComparedMetric, request: CompareRequest) -> bool:
    """Stretches of training have no partners."""
    return request.paired and metric.name != "speed"


def _null(samples: Sequence[Sample], shifts: Sequence[float], paired: bool) -> ranks.Null:
    """The null of the rank scores summed over samples, a seed's lanes of all samples moving together. Each sample's
    shift is added to its new numbers.

    Two independent sides exchange seeds of equally many lanes only, those that have the same samples: the sum over
    more samples has a larger spread.
    """
    baseline: dict[int, dict[int, int]] = {}
    new: dict[int, dict[int, int]] = {}
    for place, (sample, shift) in enumerate(zip(samples, shifts, strict=True)):
        shifted = {seed: number + shift for seed, number in sample.new.ranked.items()}
        if paired:
            _refuse_other_seeds(sample)
            parts = [(new, ranks.sign_scores(sample.baseline.ranked, shifted))]
        else:
            parts = zip((baseline, new), ranks.rank_scores(sample.baseline.ranked, shifted), strict=True)
        for total, scores in parts:
            for seed, score in scores.items():
                total.setdefault(seed, {})[place] = score
    if paired:
        return ranks.flipped([sum(scores.values()) for scores in new.values()])
    kinds = dict.fromkeys(tuple(scores) for side in (baseline, new) for scores in side.values())
    return ranks.together([ranks.independent(*([sum(scores.values()) for scores in side.values()
                                                if tuple(scores) == kind] for side in (baseline, new)))
                           for kind in kinds])


def _refuse_other_seeds(sample: Sample) -> None:
    if sample.baseline.ranked.keys() != sample.new.ranked.keys():
        ours, theirs = (", ".join(map(str, sorted(side.ranked))) for side in (sample.baseline, sample.new))
        raise UsageError(f"--paired: expected the same seeds on both sides, found {ours} in BASELINE and {theirs} in "
                         f"NEW for {cell_name(sample.cell)}")


def _means(cells: Sequence[Sample], side: str, paired: bool) -> list[float]:
    """For each seed that all cells of a stratum have a finite number of, the mean over the cells; ascending seeds.

    Of pairs, both partners count or neither does.
    """
    sides = ("baseline", "new") if paired else (side,)
    seeds = set.intersection(*(set(getattr(sample, name).finite) for sample in cells for name in sides))
    return [sum(getattr(sample, side).finite[seed] for sample in cells) / len(cells) for seed in sorted(seeds)]
