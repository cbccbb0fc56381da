"""The numbers that claims are about, with intervals: Q over the bound, Q of one arm over another's, shares, returns.

Each function makes one `Comparison` from evidence. The arithmetic is in `intervals`; which side of which threshold a
claim takes is said by the experiment.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from divbench.experiments.evidence import SMALLEST_Q, Evidence, Lane
from divbench.experiments.experiment import Comparison
from divbench.experiments.intervals import (
    Estimate,
    bootstrap,
    interquartile_mean,
    least_of_medians,
    mean_difference,
    rank_correlation,
    share_difference,
    wilson,
    worst_of_medians,
)

DECADE = 1.0  # a factor of ten, in log10
MANY_TASKS = 8  # below, an interquartile mean leaves whole tasks out
MARGIN = 50.0  # of a return up to 1,000: what "as good as" may lack


def _comparison(what: str, estimate: Estimate, threshold: float, side: str) -> Comparison:
    return Comparison(what, estimate.effect, estimate.low, estimate.high, threshold, side)


def _end(lane: Lane) -> float | None:
    return lane.log_q(lane.measured_at)


def _excess(lane: Lane) -> float | None:
    return lane.log_excess(lane.measured_at)


def q_over_bound(evidence: Evidence, arm: str, side: str, *, threshold: float | None = None,
                 tasks: Sequence[str] | None = None) -> Comparison:
    """log10 of the share of its bound that mean Q comes to: median over seeds, of the task on which the claim fares
    worst, since what is claimed of all tasks must hold on each. By default the threshold is where a verdict calls Q
    beyond its bound."""
    if threshold is None:
        threshold = math.log10(1.0 + max(lane.limits(lane.measured_at).tolerance for lane in evidence.of(arm)))
    statistic, worst = (worst_of_medians, "largest") if side == "below" else (least_of_medians, "smallest")
    estimate = bootstrap(evidence.strata(arm, _excess, tasks), statistic=statistic)
    return _comparison(f"log10 of Q over the bound, {arm}, {worst} of the tasks", estimate, threshold, side)


def q_over_other(evidence: Evidence, arm: str, other: str, side: str = "above", *, threshold: float = 0.0,
                 tasks: Sequence[str] | None = None, number: Callable[[Lane], float | None] = _end) -> Comparison:
    """log10 of |mean Q| of one arm over another's, at the end of priming, or of the run where nothing was primed."""
    estimate = bootstrap(evidence.strata(arm, number, tasks), evidence.strata(other, number, tasks))
    return _comparison(f"log10 of Q, {arm} over {other}", estimate, threshold, side)


def excess_over_other(evidence: Evidence, arm: str, other: str) -> Comparison:
    """log10 of |mean Q| over its bound, of one arm minus another's, which may learn from rewards of another size;
    claimed to be above 0."""
    estimate = bootstrap(evidence.strata(arm, _excess), evidence.strata(other, _excess))
    return _comparison(f"log10 of Q over the bound, {arm} minus {other}", estimate, 0.0, "above")


def count_diverged(evidence: Evidence, arms: Sequence[str]) -> tuple[int, int]:
    """How many judged lanes of these arms diverged, and how many there are."""
    lanes = [lane for arm in arms for lane in evidence.of(arm) if lane.judged]
    return sum(lane.diverged for lane in lanes), len(lanes)


def diverged_more(evidence: Evidence, arms: str | Sequence[str], other: str, *, threshold: float = 0.0) -> Comparison:
    """Share of diverged lanes in some arms minus that in another, over all tasks; claimed to be above."""
    arms = (arms,) if isinstance(arms, str) else tuple(arms)
    estimate = share_difference(*count_diverged(evidence, arms), *count_diverged(evidence, (other,)))
    return _comparison(f"share of diverged lanes, {', '.join(arms)} minus {other}", estimate, threshold, "above")


def few_diverge(evidence: Evidence, arms: str | Sequence[str], *, threshold: float = 0.5) -> Comparison:
    """Share of diverged lanes of some arms over all tasks, with Wilson's interval; claimed to be below."""
    return _share_diverged(evidence, arms, threshold, "below")


def many_diverge(evidence: Evidence, arms: str | Sequence[str], *, threshold: float = 0.5) -> Comparison:
    """The same share, claimed to be above."""
    return _share_diverged(evidence, arms, threshold, "above")


def _share_diverged(evidence: Evidence, arms: str | Sequence[str], threshold: float, side: str) -> Comparison:
    arms = (arms,) if isinstance(arms, str) else tuple(arms)
    hits, count = count_diverged(evidence, arms)
    estimate = Estimate(hits / count, *wilson(hits, count)) if count else Estimate(None)
    return _comparison(f"share of diverged lanes, {', '.join(arms)}", estimate, threshold, side)


def share_in_words(evidence: Evidence, arm: str) -> str:
    """`baseline: 5 of 6 lanes diverged [0.44, 0.97]`, with Wilson's interval."""
    hits, count = count_diverged(evidence, (arm,))
    low, high = wilson(hits, count)
    return f"{arm}: {hits} of {count} lanes diverged [{low:.2f}, {high:.2f}]"


def all_shares(evidence: Evidence) -> tuple[str, ...]:
    """`share_in_words` of every arm."""
    return tuple(share_in_words(evidence, arm) for arm in evidence.arms)


def growth(evidence: Evidence, arm: str, column: str, start: int, end: int | None = None, *, over: str | None = None,
           threshold: float = DECADE) -> Comparison:
    """log10 of a column of `values` at one update over the same lane's at an earlier one; claimed to be above.

    Args:
      arm: whose lanes.
      column: `q_replay_mean` counts by its size.
      start, end: updates; the end of priming if `end` is None.
      over: an arm whose own growth is subtracted.
    """
    least = SMALLEST_Q if column == "q_replay_mean" else 0.0

    def grown(lane: Lane) -> float | None:
        ends = lane.at(column, start), lane.at(column, lane.measured_at if end is None else end)
        first, last = (None if x is None else max(abs(x), least) for x in ends)
        return math.log10(last / first) if first and last else None

    estimate = bootstrap(evidence.strata(arm, grown), evidence.strata(over, grown) if over else ())
    until = "the end of priming" if end is None else f"update {end:,}"
    what = f"log10 of the growth of {column} from update {start:,} to {until}, {arm}"
    return _comparison(what + (f" over {over}" if over else ""), estimate, threshold, "above")


def return_over_other(evidence: Evidence, arm: str, other: str, side: str = "above", *, threshold: float = 0.0,
                      tasks: Sequence[str] | None = None) -> Comparison:
    """Final return of one arm minus another's: interquartile mean over tasks and seeds where there are `MANY_TASKS`,
    the mean with Welch's interval where there are fewer."""

    def final(lane: Lane) -> float | None:
        return lane.last_return

    first, second = evidence.strata(arm, final, tasks), evidence.strata(other, final, tasks)
    many = len(first) >= MANY_TASKS
    estimate = bootstrap(first, second, statistic=interquartile_mean) if many else mean_difference(first, second)
    return _comparison(f"final return, {arm} minus {other}", estimate, threshold, side)


def return_share_of_other(evidence: Evidence, arm: str, other: str, *, threshold: float) -> Comparison:
    """Final return of one arm as a share of another's, for tasks whose returns have no common scale: the mean over
    tasks, each divided by the other's mean there, with Welch's interval; claimed to be above. No number where the other
    earns nothing."""
    first, second = (evidence.strata(name, lambda lane: lane.last_return) for name in (arm, other))
    means = [statistics.fmean(stratum) if stratum else 0.0 for stratum in second]
    estimate = Estimate(None)
    if min(means, default=0.0) > 0.0:
        shares = [[[value / mean for value in stratum] for stratum, mean in zip(side, means, strict=True)]
                  for side in (first, second)]
        found = mean_difference(*shares)
        estimate = Estimate(*(None if end is None else 1.0 + end for end in (found.effect, found.low, found.high)))
    return _comparison(f"final return, {arm} over {other}", estimate, threshold, "above")


def return_over_number(evidence: Evidence, arm: str, published: dict[str, float], who: str, *,
                       threshold: float) -> Comparison:
    """Final return minus a published one of the same task, averaged over tasks; claimed to be above.

    The published number is taken as it stands: its own spread over seeds is not in the interval.
    """
    tasks = [task for task in evidence.tasks if task in published]
    strata = [[value - published[task] for value in stratum]
              for task, stratum in zip(tasks, evidence.strata(arm, lambda lane: lane.last_return, tasks), strict=True)]
    return _comparison(f"final return, {arm} minus {who}", mean_difference(strata), threshold, "above")


def correlation(evidence: Evidence, arm: str, number: Callable[[Lane], float | None], what: str, *, threshold: float,
                side: str) -> Comparison:
    """Rank correlation over tasks of a lane's number with log10 of Q over the bound."""
    tasks = []
    for task in evidence.tasks:
        pairs = [(number(lane), _excess(lane)) for lane in evidence.of(arm, task) if lane.judged]
        tasks.append([pair for pair in pairs if None not in pair])
    said = f"rank correlation over tasks of {what} with Q over the bound"
    return _comparison(said, rank_correlation(tasks), threshold, side)


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
