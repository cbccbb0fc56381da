"""The numbers of claims, beside a threshold: Q over the bound, Q of one arm over another's, shares, returns.

Each function makes one `Comparison` from evidence. The arithmetic is in `divbench.statistics`; which side of which
threshold a claim takes is said by the experiment. Arms are paired by task and seed where their lanes share random
numbers (`Evidence.paired`).
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Sequence

from divbench.experiments.evidence import SMALLEST_Q, ArmLane, Evidence
from divbench.experiments.experiment import Comparison
from divbench.statistics.correlation import rank_correlation
from divbench.statistics.estimates import CONFIDENCE, Estimate, Tested, welch_test
from divbench.statistics.medians import worst_median_test
from divbench.statistics.rank_shift import rank_shift_test
from divbench.statistics.share_differences import paired_share_difference, share_difference
from divbench.statistics.shares import share_interval, share_test
from divbench.statistics.sign_flips import sign_flip_test

DECADE = 1.0  # a factor of ten, in log10
MARGIN = 50.0  # of a return up to 1,000: what "as good as" may lack


def _end(lane: ArmLane) -> float | None:
    return lane.log_q(lane.measured_at)


def _excess(lane: ArmLane) -> float | None:
    return lane.log_excess(lane.measured_at)


def _final(lane: ArmLane) -> float | None:
    return lane.last_return


def difference(evidence: Evidence, arm: str, other: str, number: Callable[[ArmLane], float | None], *,
               threshold: float = 0.0, tasks: Sequence[str] | None = None, confidence: float = CONFIDENCE,
               unpaired: Callable = rank_shift_test) -> Tested:
    """A lane's number in one arm minus that in another, mean over seeds and then over tasks: sign flips over pairs.

    Args:
      evidence: of both arms.
      arm, other: their names.
      number: of a lane; None where it has none.
      threshold: of the difference.
      tasks: all of the arm's by default.
      confidence: that the interval must reach.
      unpaired: the test of lanes that share no random numbers.
    """
    if not evidence.paired:
        return unpaired(evidence.strata(arm, number, tasks), evidence.strata(other, number, tasks), threshold=threshold,
                        confidence=confidence)
    pairs = evidence.pairs(arm, other, number, tasks)
    return sign_flip_test([[one - two for one, two in task] for task in pairs], threshold=threshold,
                          confidence=confidence)


def q_over_bound(evidence: Evidence, arm: str, side: str, *, threshold: float | None = None,
                 tasks: Sequence[str] | None = None) -> Comparison:
    """log10 of the share of its bound that mean Q comes to: median over seeds, of the task on which the claim fares
    worst, since what is claimed of all tasks must hold on each. By default the threshold is where a verdict calls Q
    beyond its bound."""
    if threshold is None:
        threshold = math.log10(1.0 + max(lane.limits(lane.measured_at).tolerance for lane in evidence.of(arm)))
    worst = "largest" if side == "below" else "smallest"
    found = worst_median_test(evidence.strata(arm, _excess, tasks), worst, threshold=threshold)
    return Comparison.of(f"log10 of Q over the bound, {arm}, {worst} of the tasks", found, threshold, side)


def q_over_other(evidence: Evidence, arm: str, other: str, side: str = "above", *, threshold: float = 0.0,
                 tasks: Sequence[str] | None = None, number: Callable[[ArmLane], float | None] = _end) -> Comparison:
    """log10 of |mean Q| of one arm over another's, at the end of priming, or of the run where nothing was primed."""
    found = difference(evidence, arm, other, number, threshold=threshold, tasks=tasks)
    return Comparison.of(f"log10 of Q, {arm} over {other}", found, threshold, side)


def excess_over_other(evidence: Evidence, arm: str, other: str) -> Comparison:
    """log10 of |mean Q| over its bound, of one arm minus another's, which may learn from rewards of another size;
    claimed to be above 0."""
    return Comparison.of(f"log10 of Q over the bound, {arm} minus {other}",
                         difference(evidence, arm, other, _excess), 0.0)


def count_diverged(evidence: Evidence, arms: Sequence[str]) -> tuple[int, int]:
    """How many judged lanes of these arms diverged, and how many there are."""
    lanes = [lane for arm in arms for lane in evidence.of(arm) if lane.judged]
    return sum(lane.diverged for lane in lanes), len(lanes)


def diverged_more(evidence: Evidence, arm: str, other: str, *, threshold: float = 0.0) -> Comparison:
    """Share of diverged lanes in one arm minus that in another, over all tasks; claimed to be above."""
    if evidence.paired:
        pairs = evidence.pairs(arm, other, lambda lane: lane.diverged)
        found = paired_share_difference([(bool(one), bool(two)) for task in pairs for one, two in task],
                                        threshold=threshold)
    else:
        found = share_difference(*count_diverged(evidence, (arm,)), *count_diverged(evidence, (other,)),
                                 threshold=threshold)
    return Comparison.of(f"share of diverged lanes, {arm} minus {other}", found, threshold)


def few_diverge(evidence: Evidence, arms: str | Sequence[str], *, threshold: float = 0.5) -> Comparison:
    """Share of diverged lanes of some arms over all tasks; claimed to be below."""
    return _share_diverged(evidence, arms, threshold, "below")


def many_diverge(evidence: Evidence, arms: str | Sequence[str], *, threshold: float = 0.5) -> Comparison:
    """The same share, claimed to be above."""
    return _share_diverged(evidence, arms, threshold, "above")


def _share_diverged(evidence: Evidence, arms: str | Sequence[str], threshold: float, side: str) -> Comparison:
    arms = (arms,) if isinstance(arms, str) else tuple(arms)
    found = share_test(*count_diverged(evidence, arms), threshold=threshold)
    return Comparison.of(f"share of diverged lanes, {', '.join(arms)}", found, threshold, side)


def share_in_words(evidence: Evidence, arm: str) -> str:
    """`baseline: 5 of 6 lanes diverged [0.36, 1.00] 95%`, with the exact interval."""
    hits, count = count_diverged(evidence, (arm,))
    low, high = share_interval(hits, count)
    return f"{arm}: {hits} of {count} lanes diverged [{low:.2f}, {high:.2f}] 95%"


def all_shares(evidence: Evidence) -> tuple[str, ...]:
    """`share_in_words` of every arm."""
    return tuple(share_in_words(evidence, arm) for arm in evidence.arms)


def growth(evidence: Evidence, arm: str, column: str, start: int, end: int | None = None, *, over: str | None = None,
           threshold: float = DECADE) -> Comparison:
    """log10 of a column of `values` at one update over the same lane's at an earlier one; claimed to be above.

    Alone it is a median over seeds, of the task on which it is smallest; beside another arm a difference of the two.

    Args:
      arm: whose lanes.
      column: `q_replay_mean` counts by its size.
      start, end: updates; the end of priming if `end` is None.
      over: an arm whose own growth is subtracted.
    """
    least = SMALLEST_Q if column == "q_replay_mean" else 0.0

    def grown(lane: ArmLane) -> float | None:
        ends = lane.at(column, start), lane.at(column, lane.measured_at if end is None else end)
        first, last = (None if x is None else max(abs(x), least) for x in ends)
        return math.log10(last / first) if first and last else None

    until = "the end of priming" if end is None else f"update {end:,}"
    what = f"log10 of the growth of {column} from update {start:,} to {until}, {arm}"
    if over:
        return Comparison.of(f"{what} over {over}", difference(evidence, arm, over, grown, threshold=threshold),
                             threshold)
    found = worst_median_test(evidence.strata(arm, grown), "smallest", threshold=threshold)
    return Comparison.of(f"{what}, smallest of the tasks", found, threshold)


def return_over_other(evidence: Evidence, arm: str, other: str, side: str = "above", *, threshold: float = 0.0,
                      tasks: Sequence[str] | None = None) -> Comparison:
    """Final return of one arm minus another's; where lanes are not paired, with Welch's t."""
    found = difference(evidence, arm, other, _final, threshold=threshold, tasks=tasks, unpaired=welch_test)
    return Comparison.of(f"final return, {arm} minus {other}", found, threshold, side)


def return_share_of_other(evidence: Evidence, arm: str, other: str, *, threshold: float) -> Comparison:
    """Final return of one arm as a share of another's, for tasks whose returns have no common scale: the mean over
    tasks, each divided by the other's mean there, as if that mean were known; claimed to be above. No number where the
    other earns nothing."""
    means = {task: statistics.fmean(values) if values else 0.0
             for task, (values,) in ((task, evidence.strata(other, _final, (task,))) for task in evidence.tasks)}

    def share(lane: ArmLane) -> float | None:
        return None if lane.last_return is None else lane.last_return / means[lane.task]

    found = Tested(Estimate(None))
    if min(means.values(), default=0.0) > 0.0:
        found = difference(evidence, arm, other, share, threshold=threshold - 1.0, unpaired=welch_test)
        moved = {name: None if (end := getattr(found.estimate, name)) is None else 1.0 + end
                 for name in ("effect", "low", "high")}
        found = dataclasses.replace(found, estimate=dataclasses.replace(found.estimate, **moved))
    return Comparison.of(f"final return, {arm} over {other}", found, threshold)


def return_over_number(evidence: Evidence, arm: str, published: dict[str, float], who: str, *,
                       threshold: float) -> Comparison:
    """Final return minus a published one of the same task, averaged over tasks, with Welch's t; claimed to be above.

    The published number is taken as it stands: its own spread over seeds is not in the interval.
    """
    tasks = [task for task in evidence.tasks if task in published]
    strata = [[value - published[task] for value in stratum]
              for task, stratum in zip(tasks, evidence.strata(arm, _final, tasks), strict=True)]
    return Comparison.of(f"final return, {arm} minus {who}", welch_test(strata, threshold=threshold), threshold)


def correlation(evidence: Evidence, arm: str, number: Callable[[ArmLane], float | None], what: str, *, threshold: float,
                side: str) -> Comparison:
    """Rank correlation over tasks of a lane's number with log10 of Q over the bound."""
    tasks = []
    for task in evidence.tasks:
        tasks.append([(one, other) for lane in evidence.of(arm, task) if lane.judged
                      if (one := number(lane)) is not None and (other := _excess(lane)) is not None])
    said = f"rank correlation over tasks of {what} with Q over the bound"
    return Comparison.of(said, rank_correlation(tasks, threshold=threshold), threshold, side)


def medians_in_words(evidence: Evidence, column: str = "q_replay_mean") -> tuple[str, ...]:
    """Median over seeds of a column where Q is compared, for every arm and task."""
    lines = []
    for arm in evidence.arms:
        parts = []
        for task in dict.fromkeys(lane.task for lane in evidence.of(arm)):
            found = [lane.at(column, lane.measured_at) for lane in evidence.of(arm, task)]
            found = [value for value in found if value is not None]
            parts.append(f"{task} {statistics.median(found):.3g}" if found else f"{task} none")
        lines.append(f"{arm}, median {column}: {', '.join(parts)}")
    return tuple(lines)
