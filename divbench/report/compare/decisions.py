"""From numbers to decisions: identical, equal, better, regressed or undecided, and how many seeds it would take.

- *identical*: the metric's number is equal to the last bit in every row that both sides have of a lane;
- *regressed*: the exact rank test, at a level that all tests of the call share, says that the sides differ in the bad
  direction, and the estimate is beyond the margin. For q both directions are bad. For speed the test itself is about
  the margin: that more is lost than it allows;
- *better*: the same in the good direction;
- *equal*: the interval of the difference lies within the margin on both sides (Schuirmann, 1987);
- *undecided*: none of these.

A lane that is not finite, in a cell where the baseline has none, is a regression of that cell without a test.

Half of the error that is allowed goes to the rows over several cells, half to the single cells. Does not live here:
which numbers are compared (`samples`), how they are put together (`questions`), and words (`wording`).
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence

from divbench.report.compare.planning import seeds_needed
from divbench.report.compare.questions import Question, ask, pairs, pools_of
from divbench.report.compare.request import CompareRequest
from divbench.report.compare.samples import Sample
from divbench.report.series import Cell, Point
from divbench.statistics import ranks
from divbench.statistics.estimates import Estimate, mean_difference, paired_difference

DECISIONS = ("regressed", "undecided", "better", "equal", "identical")  # the first that is met wins a summary


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison: a metric in one cell, or over all of them.

    Attributes:
      metric: its name.
      cell: task, variant, UTD; None over several cells.
      label: over which cells, in words; empty of a single cell.
      leading: whether the row is over several cells, or is in no row that is.
      seeds: lanes on both sides (of speed: stretches of training); over several cells, of the cell with fewest.
      lost: lanes on both sides whose number is not finite.
      baseline, new: means; of q in `samples.signed_decades`, of speed of log10.
      difference: new minus baseline with its interval, in the same units.
      chance: of such a difference in the bad direction if nothing changed; adjusted for all tests of the call.
      margin: that does not matter, in the same units.
      decision: one of `DECISIONS`.
      needed: seeds a side for a decision, or None if there is one, or nobody knows.
      points: where the numbers were taken on both sides, ascending; empty of speed.
      cells: how many cells the row is over, and how many there are.
      lost_anew: seeds of a single cell that are not finite, where the baseline has no such lane.
      obstacle: why there is no decision, or the empty string.
      seconds: that the decision took.
    """

    metric: str
    cell: Cell | None
    label: str
    leading: bool
    seeds: tuple[int, int]
    lost: tuple[int, int]
    baseline: float | None
    new: float | None
    difference: Estimate
    chance: float
    margin: float
    decision: str
    needed: int | None
    points: tuple[tuple[Point, ...], tuple[Point, ...]]
    cells: tuple[int, int]
    lost_anew: tuple[int, ...] = ()
    obstacle: str = ""
    seconds: float = 0.0


def judge(samples: Sequence[Sample], request: CompareRequest) -> list[Row]:
    """Decide every sample, and every metric over the cells of one scale.

    Returns:
      For each metric in the request's order the rows over several cells (of one scale; none where no two cells have
      one), then the cells in the order given.

    Raises:
      UsageError: `paired`, and the two sides have other seeds in a cell.
    """
    questions = []
    for metric in request.metrics:
        mine = [sample for sample in samples if sample.metric == metric]
        pools = pools_of(mine)
        pooled = {id(sample) for pool in pools.values() for sample in pool}
        questions += [ask(pool, request, label=label) for label, pool in pools.items()]
        questions += [ask([sample], request, leading=id(sample) not in pooled) for sample in mine]
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


def _decide(question: Question, worse: float, better: float, request: CompareRequest, level: float) -> Row:
    began = time.perf_counter()
    metric, margin, paired = question.metric, question.margin, pairs(question.metric, request)
    difference = _difference(question, request.confidence, paired)
    limit, effect = 1.0 - request.confidence + ranks.ROUNDING, difference.effect
    bad = -math.inf if effect is None else effect * question.direction if metric.two_sided else -effect
    if question.identical:
        decision = "identical"
    elif question.obstacle:
        decision = "undecided"
    elif question.lost_anew:
        decision = "regressed"
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
    return Row(metric.name, question.cell, question.label, question.leading, question.seeds, question.lost,
               _mean(question.strata[0]), _mean(question.strata[1]), difference, worse, margin, decision, needed,
               question.points, question.cells, question.lost_anew, question.obstacle,
               question.seconds + time.perf_counter() - began)


def _difference(question: Question, confidence: float, paired: bool) -> Estimate:
    baseline, new = question.strata
    if not baseline or not all(baseline) or not all(new):
        return Estimate(None)
    if paired:
        return paired_difference(new, baseline, confidence=confidence)
    return mean_difference(new, baseline, confidence=confidence)


def _within(difference: Estimate, margin: float, question: Question) -> bool:
    """Whether the interval lies within the margin; where nothing varies, the number itself."""
    if difference.effect is None or question.lost_more or question.single_seed:
        return False
    low = difference.effect if difference.low is None else difference.low
    high = difference.effect if difference.high is None else difference.high
    return -margin <= low and high <= margin


def _mean(strata: list[list[float]]) -> float | None:
    """The mean over strata of their means; None if one is empty."""
    if not strata or not all(strata):
        return None
    return sum(sum(stratum) / len(stratum) for stratum in strata) / len(strata)
