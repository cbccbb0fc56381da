"""From numbers to decisions: identical, equal, better, regressed or undecided, and how many seeds it would take.

- *identical*: the metric's number is equal to the last bit in every row that both sides have of a lane;
- *regressed*: the exact rank test, at a level that all tests of the call share, says that the sides differ in the bad
  direction, and the estimate is beyond the margin. For q both directions are bad. For speed the test itself is about
  the margin: that more is lost than it allows;
- *better*: the same in the good direction;
- *equal*: the interval of the difference lies within the margin on both sides (Schuirmann, 1987);
- *undecided*: none of these.

Half of the error that is allowed goes to the metrics over all cells, half to the single cells. Does not live here:
which numbers are compared (`samples`), the tests (`statistics.ranks`), and words (`wording`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from divbench.report.compare.planning import seeds_needed
from divbench.report.compare.samples import Sample
from divbench.report.series import Cell
from divbench.spec.compare import METRICS, CompareRequest, Metric
from divbench.spec.errors import UsageError
from divbench.statistics import ranks
from divbench.statistics.estimates import Estimate, mean_difference, paired_difference

DECISIONS = ("regressed", "undecided", "better", "equal", "identical")  # the first that is met wins a summary


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison: a metric in one cell, or over all of them.

    Attributes:
      metric: its name.
      cell: task, variant, UTD; None over all cells.
      seeds: lanes on both sides (of speed: stretches of training); over all cells, of the cell with fewest.
      lost: lanes on both sides whose number is not finite.
      baseline, new: means; of q and speed, of log10.
      difference: new minus baseline with its interval, in the same units.
      chance: of such a difference in the bad direction if nothing changed; adjusted for all tests of the call.
      margin: that does not matter, in the same units.
      decision: one of `DECISIONS`.
      needed: seeds a side for a decision, or None if there is one, or nobody knows.
      at: where the numbers were taken.
      obstacle: why there is no decision, or the empty string.
    """

    metric: str
    cell: Cell | None
    seeds: tuple[int, int]
    lost: tuple[int, int]
    baseline: float | None
    new: float | None
    difference: Estimate
    chance: float
    margin: float
    decision: str
    needed: int | None
    at: str
    obstacle: str = ""


@dataclasses.dataclass(frozen=True)
class _Question:
    """What a row asks: whose numbers, and how the rank tests answer.

    Attributes:
      strata: for each task (of speed, group) the finite numbers, of the baseline and of the new side.
      lanes: all of them, on both sides.
      worse, better: the chance of so bad, or so good, a statistic, and the least chance that there could be.
      direction: 1 if the ranks say that the new side's numbers are larger, else -1.
    """

    metric: Metric
    cell: Cell | None
    strata: tuple[list[list[float]], list[list[float]]]
    margin: float
    seeds: tuple[int, int]
    lanes: tuple[int, int]
    lost: tuple[int, int]
    worse: tuple[float, float]
    better: tuple[float, float]
    direction: int
    at: str
    identical: bool
    obstacle: str

    @property
    def lost_more(self) -> bool:
        """Whether a larger share of the new lanes than of the old has no finite number."""
        return self.lost[1] * self.lanes[0] > self.lost[0] * self.lanes[1]

    @property
    def single_seed(self) -> bool:
        """Whether a stratum has fewer than two numbers, so that its spread is unknown."""
        return min((len(stratum) for side in self.strata for stratum in side), default=0) < 2


def judge(samples: Sequence[Sample], request: CompareRequest) -> list[Row]:
    """Decide every sample, and every metric over all its cells.

    Returns:
      For each metric in the request's order the row over all cells (left out if there is one cell only), then the
      cells in the order given.

    Raises:
      UsageError: `paired`, and the two sides have other seeds in a cell.
    """
    questions = []
    for metric in request.metrics:
        mine = [sample for sample in samples if sample.metric == metric]
        if len(mine) > 1:
            questions.append(_ask(mine, request, overall=True))
        questions += [_ask([sample], request) for sample in mine]
    families = [family for family in ([q for q in questions if q.cell is None],
                                      [q for q in questions if q.cell is not None]) if family]
    rows = {}
    for family in families:
        level = (1.0 - request.confidence) / len(families)
        worse, better = ([min(1.0, len(families) * chance) for chance in ranks.adjusted(
            [getattr(q, side)[0] for q in family], [getattr(q, side)[1] for q in family], level)]
            for side in ("worse", "better"))
        for question, bad, good in zip(family, worse, better, strict=True):
            rows[id(question)] = _decide(question, bad, good, request, level / len(family))
    return [rows[id(question)] for question in questions]


def margin_of(metric: str, request: CompareRequest) -> float:
    """The margin in the units of a sample's numbers: a share that speed may lose becomes decades."""
    margin = request.margin(metric)
    return -math.log10(1.0 - margin) if metric == "speed" else margin


def _ask(samples: Sequence[Sample], request: CompareRequest, *, overall: bool = False) -> _Question:
    """One question about all these samples of a metric; those that have an obstacle say nothing in it.

    A stratum is a task, whose variants share start states; of speed, a group.
    """
    first, metric = samples[0], METRICS[samples[0].metric]
    usable = [sample for sample in samples if not sample.obstacle]
    tasks: dict[object, list[Sample]] = {}
    for sample in usable:
        tasks.setdefault(sample.cell if metric.name == "speed" else sample.cell.task, []).append(sample)
    margin, worse, better, direction = margin_of(metric.name, request), (1.0, 1.0), (1.0, 1.0), 1
    if usable:
        away = margin if metric.name == "speed" else 0.0
        nulls = [ranks.together([_null(cells, shift, _pairs(metric, request)) for cells in tasks.values()])
                 for shift in sorted({away, -away})]
        losing, gaining = nulls[-1], nulls[0]
        direction = 1 if losing.above <= losing.below else -1
        worse, better = (losing.below, losing.least[0]), (gaining.above, gaining.least[1])
        if metric.two_sided:
            worse, better = (losing.two_sided, losing.least[2]), (1.0, 1.0)
    sides = [[getattr(sample, side) for sample in usable] for side in ("baseline", "new")]
    strata = tuple([_means(cells, side, _pairs(metric, request)) for cells in tasks.values()]
                   for side in ("baseline", "new"))
    return _Question(
        metric, None if overall else first.cell, strata, margin,
        tuple(min((len(numbers.ranked) for numbers in side), default=0) for side in sides),
        tuple(sum(len(numbers.ranked) for numbers in side) for side in sides),
        tuple(sum(numbers.lost for numbers in side) for side in sides),
        worse, better, direction, f"{len(usable)} of {len(samples)} cells" if overall else first.at,
        all(sample.identical for sample in samples), "" if usable else first.obstacle)


def _null(samples: Sequence[Sample], shift: float, paired: bool) -> ranks.Null:
    """The null of the rank scores summed over samples, a seed's lanes of all samples moving together.

    Two independent sides exchange seeds of equally many lanes only, those that have the same samples: the sum over
    more samples has a larger spread.
    """
    baseline: dict[int, dict[int, int]] = {}
    new: dict[int, dict[int, int]] = {}
    for place, sample in enumerate(samples):
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
                         f"NEW for {sample.cell.task}, {sample.cell.variant}, UTD {sample.cell.utd}")


def _decide(question: _Question, worse: float, better: float, request: CompareRequest, level: float) -> Row:
    metric, margin, paired = question.metric, question.margin, _pairs(question.metric, request)
    difference = _difference(question, request.confidence, paired)
    limit, effect = 1.0 - request.confidence + ranks.ROUNDING, difference.effect
    bad = -math.inf if effect is None else effect * question.direction if metric.two_sided else -effect
    if question.identical:
        decision = "identical"
    elif question.obstacle:
        decision = "undecided"
    elif worse <= limit and (question.lost_more or bad > margin):
        decision = "regressed"
    elif better <= limit and effect is not None and effect > margin:
        decision = "better"
    elif _within(difference, margin, question):
        decision = "equal"
    else:
        decision = "undecided"
    needed = None
    if decision == "undecided" and not question.obstacle and metric.name != "speed":
        needed = seeds_needed(*question.strata, effect=effect, margin=margin, level=level, paired=paired,
                              two_sided=metric.two_sided, confidence=request.confidence)
    return Row(metric.name, question.cell, question.seeds, question.lost, _mean(question.strata[0]),
               _mean(question.strata[1]), difference, worse, margin, decision, needed, question.at, question.obstacle)


def _pairs(metric: Metric, request: CompareRequest) -> bool:
    """Stretches of training have no partners."""
    return request.paired and metric.name != "speed"


def _difference(question: _Question, confidence: float, paired: bool) -> Estimate:
    baseline, new = question.strata
    if not baseline or not all(baseline) or not all(new):
        return Estimate(None)
    if paired:
        return paired_difference(new, baseline, confidence=confidence)
    return mean_difference(new, baseline, confidence=confidence)


def _within(difference: Estimate, margin: float, question: _Question) -> bool:
    """Whether the interval lies within the margin; where nothing varies, the number itself."""
    if difference.effect is None or question.lost_more or question.single_seed:
        return False
    low = difference.effect if difference.low is None else difference.low
    high = difference.effect if difference.high is None else difference.high
    return -margin <= low and high <= margin


def _means(cells: Sequence[Sample], side: str, paired: bool) -> list[float]:
    """For each seed that all cells of a stratum have a finite number of, the mean over the cells; ascending seeds.

    Of pairs, both partners count or neither does.
    """
    sides = ("baseline", "new") if paired else (side,)
    seeds = set.intersection(*(set(getattr(sample, name).finite) for sample in cells for name in sides))
    return [sum(getattr(sample, side).finite[seed] for sample in cells) / len(cells) for seed in sorted(seeds)]


def _mean(strata: list[list[float]]) -> float | None:
    """The mean over strata of their means; None if one is empty."""
    if not strata or not all(strata):
        return None
    return sum(sum(stratum) / len(stratum) for stratum in strata) / len(strata)
