"""Measures how often each interval of divbench.statistics holds the truth, on populations whose truth is known.

    python benchmarks/interval_coverage.py --out results/baselines/interval_coverage

Four populations, one and two tasks, 3, 5, 8 and 12 seeds of a task; 20,000 draws of each for intervals with a formula
or an exact test, 2,000 draws of 2,000 resamples for bootstraps. Bootstraps are also measured on 3, 5, 10 and 15 tasks:
some of them cover less on three tasks than on two. Writes OUT.csv, a row for each method and population, and OUT.md,
the least of the populations. `divbench.statistics.coverage` has the bootstraps' numbers. The draws are vectorised: the
first of each row are checked against the functions of the package.

For sign flips the other arm is the same population, so that differences are symmetrical. A shift between the arms moves
the interval and the truth alike, so none is added. "Differences" are differences that have the population's own shape
about its mean. Of tasks "apart" each lies 20 higher than the one before.
"""

from __future__ import annotations

import argparse
import csv
import functools
import math
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
from scipy import stats

from divbench.statistics import aggregates, medians, share_differences, shares, sign_flips
from divbench.statistics.estimates import CONFIDENCE, mean_difference
from divbench.statistics.rank_shift import rank_shift_test
from divbench.statistics.ranks import Null, independent, together

TASKS, SEEDS = (1, 2), (3, 5, 8, 12)
BOOTSTRAPPED_TASKS = (*TASKS, 3, 5, 10, 15)
DRAWS, BOOTSTRAPPED, RESAMPLES, CHECKED = 20_000, 2_000, 2_000, 20
APART, TRUTH_FROM = 20.0, 400_000  # numbers of all tasks from which an interquartile mean is taken for true
COLUMNS = ("kind", "method", "population", "tasks", "seeds", "level", "covered", "draws")
HALF_ERROR = (1.0 - CONFIDENCE) / 2.0
ROUNDING = 1e-6  # of bootstraps, which are computed in single precision


def two_heaps(random, shape):
    return random.standard_normal(shape) + 10.0 * random.integers(0, 2, shape)


POPULATIONS: dict[str, Callable] = {
    "normal": lambda random, shape: random.standard_normal(shape),
    "heavy-tailed": lambda random, shape: random.standard_t(2.0, shape),
    "skewed": lambda random, shape: np.exp(random.standard_normal(shape)),
    "two heaps": two_heaps,
}
MEANS = {"normal": 0.0, "heavy-tailed": 0.0, "skewed": math.exp(0.5), "two heaps": 5.0}
MEDIANS = {"normal": 0.0, "heavy-tailed": 0.0, "skewed": 1.0, "two heaps": 5.0}


def measure(seed: int = 0, *, draws: int = DRAWS, bootstrapped: int = BOOTSTRAPPED, resamples: int = RESAMPLES,
            tell: Callable[[str], None] = lambda line: None) -> list[tuple]:
    """All rows, of `COLUMNS`."""
    random = np.random.default_rng(seed)
    rows = []
    for tasks in TASKS:
        for count in SEEDS:
            for name, population in POPULATIONS.items():
                place = (name, tasks, count)
                shape = (draws, tasks, count)
                one, other = population(random, shape), population(random, shape)
                rows.append(("exact", "sign flips", *place, *_sign_flips(one - other)))
                rows.append(("exact", "sign flips, differences", *place, *_sign_flips(one - MEANS[name])))
                rows.append(("exact", "order statistics", *place, *_medians(one, MEDIANS[name])))
                rows.append(("exact", "rank sums", *place, *_rank_sums(one, other)))
                rows.append(("t", "Welch's t, mean", *place, *_welch(one, None, MEANS[name])))
                rows.append(("t", "Welch's t, difference", *place, *_welch(one, other, 0.0)))
            for share, second in ((0.5, 0.5), (0.9, 0.2), (0.1, 0.1)):
                rows += [("exact", method, f"shares {share:g} and {second:g}" if "difference" in method else
                          f"share {share:g}", tasks, count, CONFIDENCE, covered, draws)
                         for method, covered in _shares(random, tasks * count, share, second, draws)]
            tell(f"exact and t, {tasks} x {count}: measured")
    for tasks in BOOTSTRAPPED_TASKS:
        for count in SEEDS:
            rows += _bootstraps(random, tasks, count, bootstrapped, resamples)
            tell(f"bootstraps, {tasks} x {count}: measured")
    return rows


def _covered(holds, level: float | None) -> tuple[float | None, float | None, int]:
    """Level, share of draws and their number; nothing where so few have no interval."""
    return (level, float(np.mean(holds)), len(holds)) if level is not None else (None, None, len(holds))


def _sign_flips(differences) -> tuple:
    """Whether the test rejects a mean of 0, which is whether the interval leaves it out; differences `[D, T, N]`."""
    tasks, count = differences.shape[1:]
    flat = differences.reshape(len(differences), -1)
    if flat.shape[1] <= sign_flips.MOST_ENUMERATED:
        patterns = (np.arange(1, 2 ** flat.shape[1])[:, None] >> np.arange(flat.shape[1])) & 1
        number = len(patterns) + 1
    else:
        patterns = np.random.default_rng(sign_flips.SEED).integers(0, 2, (sign_flips.PATTERNS, flat.shape[1]))
        patterns, number = patterns[patterns.any(axis=1)], len(patterns) + 1
    patterns, empty = patterns.astype(np.float32).T, number - len(patterns)
    holds = np.empty(len(flat), bool)
    for start in range(0, len(flat), 200):
        part = slice(start, start + 200)
        not_above = np.count_nonzero(flat[part].astype(np.float32) @ patterns <= 0.0, axis=1)
        above, below = (empty + not_above) / number, (number - not_above) / number
        holds[part] = (above > HALF_ERROR) & (below > HALF_ERROR)
    found = [sign_flips.sign_flip_test(draw).estimate for draw in differences[:CHECKED].tolist()]
    if found[0].low is not None:
        assert [one.low <= 0.0 <= one.high for one in found] == holds[:CHECKED].tolist()
    return _covered(holds, found[0].level)


def _medians(numbers, truth: float) -> tuple:
    """The largest of the tasks' medians, all of which are the same; numbers `[D, T, N]`."""
    tasks, count = numbers.shape[1:]
    found = [medians.worst_median_test(draw, "largest").estimate for draw in numbers[:CHECKED].tolist()]
    if found[0].level is None:
        return _covered(numbers[:, 0, 0] > 0, None)
    ordered = np.sort(numbers, axis=2)
    rank = medians._rank(count, (1.0 - CONFIDENCE) / tasks)
    holds = (ordered[:, :, rank - 1].max(axis=1) <= truth) & (truth <= ordered[:, :, -rank].max(axis=1))
    assert [one.low <= truth <= one.high for one in found] == holds[:CHECKED].tolist()
    return _covered(holds, found[0].level)


def _rank_sums(one, other) -> tuple:
    """Whether the test rejects a shift of 0."""
    draws, tasks, count = one.shape
    places = np.argsort(np.argsort(np.concatenate([one, other], axis=2), axis=2), axis=2)[:, :, :count]
    observed = np.sum(2 * (places + 1) - (2 * count + 1), axis=(1, 2))
    scores = [2 * rank - (2 * count + 1) for rank in range(1, 2 * count + 1)]
    null = together([independent(scores[:count], scores[count:]) for _ in range(tasks)])
    chances = {value: Null(null.lowest, null.chances, int(value)) for value in np.unique(observed)}
    holds = np.array([min(chances[value].above, chances[value].below) > HALF_ERROR for value in observed])
    found = [rank_shift_test(*pair).estimate
             for pair in zip(one[:CHECKED].tolist(), other[:CHECKED].tolist(), strict=True)]
    if found[0].level is not None:
        assert [each.low <= 0.0 <= each.high for each in found] == holds[:CHECKED].tolist()
    return _covered(holds, found[0].level)


def _welch(one, other, truth: float) -> tuple:
    """Intervals of the mean, or of the difference of two means, over tasks."""
    sides = [side for side in (one, other) if side is not None]
    tasks, count = one.shape[1:]
    effect = one.mean(axis=(1, 2)) - (0.0 if other is None else other.mean(axis=(1, 2)))
    parts = np.concatenate([side.var(axis=2, ddof=1) / count / tasks**2 for side in sides], axis=1)
    variance = parts.sum(axis=1)
    freedom = variance**2 / np.sum(parts**2 / (count - 1), axis=1)
    half = stats.t.ppf(1.0 - HALF_ERROR, freedom) * np.sqrt(variance)
    holds = np.abs(effect - truth) <= half
    for place in range(CHECKED):
        found = mean_difference(*(side[place].tolist() for side in sides))
        assert (found.low <= truth <= found.high) == holds[place]
    return _covered(holds, CONFIDENCE)


def _shares(random, count: int, share: float, other: float, draws: int) -> list[tuple[str, float]]:
    """Of a share, of a difference of shares, and of a difference over pairs whose lanes are independent."""
    first, second = random.random((draws, count)) < share, random.random((draws, count)) < other
    hits, others = first.sum(axis=1), second.sum(axis=1)
    only, only_other = (first & ~second).sum(axis=1), (second & ~first).sum(axis=1)

    def covered(interval: Callable, truth: float, *seen) -> float:
        ends = (interval(count, *outcome) for outcome in np.stack(seen, axis=1).tolist())
        return float(np.mean([low - 1e-9 <= truth <= high + 1e-9 for low, high in ends]))

    return [("Clopper-Pearson", covered(_alone, share, hits)),
            ("difference of shares", covered(_unpaired, share - other, hits, others)),
            ("difference of paired shares", covered(_paired, share - other, only, only_other))]


@functools.cache
def _alone(count: int, hits: int) -> tuple[float, float]:
    return shares.share_interval(hits, count)


@functools.cache
def _unpaired(count: int, hits: int, others: int) -> tuple[float, float]:
    found = share_differences.share_difference(hits, count, others, count).estimate
    return found.low, found.high


@functools.cache
def _paired(count: int, only: int, only_other: int) -> tuple[float, float]:
    pairs = [(True, False)] * only + [(False, True)] * only_other
    found = share_differences.paired_share_difference(pairs + [(False, False)] * (count - len(pairs))).estimate
    return found.low, found.high


def _bootstraps(random, tasks: int, count: int, draws: int, resamples: int) -> list[tuple]:
    """The aggregates of reports, and on one task the median by which claims were decided at first. As in the package,
    how often each seed is drawn is the same for every draw of numbers."""
    rows = []
    # How often each seed is drawn, of two sides: `[2, T, N, R]`.
    times = np.moveaxis(random.multinomial(count, np.full(count, 1.0 / count), (2, resamples, tasks)), 1, 3)
    times = np.ascontiguousarray(times, np.float32)
    for name, population in POPULATIONS.items():
        for apart in ((0.0,) if tasks == 1 else (0.0, APART)):
            many = np.sort(np.concatenate([population(random, TRUTH_FROM // tasks) + apart * task
                                           for task in range(tasks)]))
            target, middle, shift = float(np.quantile(many, 0.75)), float(np.median(many)), apart * (tasks - 1) / 2
            truths = {"iqm": float(aggregates.iqm([many])), "mean": MEANS[name] + shift, "median": MEANS[name] + shift,
                      "optimality_gap": float(target - np.minimum(many, target).mean()), "profile": 0.5,
                      "improvement": 0.5} | ({"median of seeds": MEDIANS[name]} if tasks == 1 else {})
            holds = {key: [] for key in truths}
            drawn = population(random, (draws, 2, tasks, count)) + apart * np.arange(tasks)[:, None]
            drawn = drawn.astype(np.float32)
            for place, (one, other) in enumerate(drawn):
                values = _resampled(one, other, times, target, middle)
                if place < CHECKED:
                    _check(one, other, times, values)
                ends = np.quantile(np.stack(list(values.values())), [HALF_ERROR, 1.0 - HALF_ERROR], axis=1)
                for key, low, high in zip(values, *ends, strict=True):
                    holds[key].append(low <= truths[key] + ROUNDING and truths[key] - ROUNDING <= high)
            said = name + (", tasks apart" if apart else "")
            rows += [("bootstrap", key, said, tasks, count, CONFIDENCE, float(np.mean(covered)), draws)
                     for key, covered in holds.items()]
            # A gap to a target that nothing reaches is the target minus the mean.
            rows.append(("bootstrap", "optimality_gap", f"{said}, target above all", tasks, count, CONFIDENCE,
                         float(np.mean(holds["mean"])), draws))
    return rows


def _resampled(one, other, times, target: float, middle: float) -> dict:
    """Every aggregate of resamples of one side `[T, N]`, and how likely it beats another; `times` `[2, T, N, R]`."""
    count, total, flat = one.shape[1], one.size, one.ravel()
    own = times[0].reshape(total, -1)
    order, cut = np.argsort(flat), total // 4
    seen = np.clip(np.cumsum(own[order], axis=0), cut, total - cut)  # of the middle half
    middle_half = flat[order] @ np.diff(seen, axis=0, prepend=np.float32(cut)) / (total - 2 * cut)
    means = np.matmul(one[:, None, :], times[0])[:, 0] / count
    beats = ((one[:, :, None] > other[:, None, :]) + 0.5 * (one[:, :, None] == other[:, None, :])).astype(np.float32)
    wins = np.sum(times[0] * (beats @ times[1]), axis=(0, 1)) / count**2 / len(one)
    values = {"iqm": middle_half, "mean": means.mean(axis=0), "median": np.median(means, axis=0),
              "optimality_gap": target - np.minimum(flat, target) @ own / total,
              "profile": (flat > middle).astype(np.float32) @ own / total, "improvement": wins}
    if len(one) == 1:
        upto = np.cumsum(own[order], axis=0)
        values["median of seeds"] = np.mean([flat[order][np.argmax(upto > rank, axis=0)]
                                             for rank in ((count - 1) // 2, count // 2)], axis=0)
    return values


def _check(one, other, times, values: dict) -> None:
    """The first resample beside the package's own functions."""
    strata = [np.repeat(numbers, own.astype(int)) for numbers, own in zip(one, times[0, ..., 0], strict=True)]
    rivals = [np.repeat(numbers, own.astype(int)) for numbers, own in zip(other, times[1, ..., 0], strict=True)]
    wins = aggregates.probability_of_improvement(strata, rivals, draws=1).effect
    theirs = {"iqm": aggregates.iqm(strata), "mean": aggregates.mean(strata), "median": aggregates.median(strata),
              "improvement": wins} | ({"median of seeds": np.median(strata[0])} if len(strata) == 1 else {})
    for key, value in theirs.items():
        assert math.isclose(values[key][0], value, rel_tol=1e-4, abs_tol=1e-4), (key, values[key][0], value)


def least(rows: list[tuple]) -> dict[tuple[str, str], dict[tuple[int, int], tuple[float | None, float | None]]]:
    """For each kind and method, at each number of tasks and seeds: the level and the least share covered."""
    found: dict = {}
    for kind, method, _, tasks, seeds, level, covered, _ in rows:
        cells = found.setdefault((kind, method), {})
        _, smallest = cells.get((tasks, seeds), (None, None))
        cells[tasks, seeds] = (level, covered if smallest is None or covered is None else min(smallest, covered))
    return found


def as_markdown(rows: list[tuple], command: str) -> str:
    """The least of the populations by method, and what sign flips cover of skewed differences."""
    found = least(rows)
    places = [(tasks, seeds) for tasks in TASKS for seeds in SEEDS]
    header = " | ".join(f"{tasks} x {seeds}" for tasks, seeds in places)
    lines = ["# How often intervals hold the truth", "",
             "In percent, the least of four populations: normal; heavy-tailed (t with 2 degrees of freedom); skewed "
             "(lognormal); two heaps (normal, half of it 10 higher). Of shares, the least of 0.5, 0.9 and 0.1.", "",
             "## Exact tests and Welch's t", "",
             f"By tasks x seeds of a task, {DRAWS:,} draws: an error of 0.2 points. In brackets the level that the "
             "interval says; a dash: so few have no interval.", "",
             f"| | method | {header} |", f"|---|---|{'---:|' * len(places)}"]
    for (kind, method), cells in found.items():
        if kind != "bootstrap":
            told = ["-" if cells[place][1] is None else f"{100 * cells[place][1]:.1f} ({100 * cells[place][0]:.1f})"
                    for place in places]
            lines.append(f"| {kind} | {method} | {' | '.join(told)} |")
    lines += ["", "Sign flips, by the shape of the differences: the test is exact whatever it is, the interval only "
              "where differences are symmetrical.", "", f"| differences | {header} |", f"|---|{'---:|' * len(places)}"]
    for name in POPULATIONS:
        own = {(row[3], row[4]): row[6] for row in rows if row[1] == "sign flips, differences" and row[2] == name}
        told = ["-" if own[place] is None else f"{100 * own[place]:.1f}" for place in places]
        lines.append(f"| {name} | {' | '.join(told)} |")
    lines += ["", "## Bootstraps", "",
              f"Percentile intervals that would be 95%, over seeds within tasks: {BOOTSTRAPPED:,} draws of "
              f"{RESAMPLES:,} resamples, an error of 0.5 to 1.1 points. Tasks alike and tasks apart, the less of the "
              "two. *median* is the median over tasks of means over seeds; *profile* the share of scores above the "
              "median of the population; *median of seeds* is what claims were decided by at first, on one task.", "",
              f"| method | tasks | {' | '.join(f'{seeds} seeds' for seeds in SEEDS)} |",
              f"|---|---:|{'---:|' * len(SEEDS)}"]
    for (kind, method), cells in found.items():
        if kind == "bootstrap":
            lines += [f"| {method} | {tasks} | "
                      f"{' | '.join(f'{100 * cells[tasks, seeds][1]:.1f}' for seeds in SEEDS)} |"
                      for tasks in dict.fromkeys(tasks for tasks, _ in cells)]
    return "\n".join([*lines, "", f"`{command}`; Python {platform.python_version()}, numpy {np.__version__}, scipy "
                      f"{scipy.__version__}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="OUT.md and OUT.csv")
    given = parser.parse_args()
    rows = measure(tell=lambda line: print(line, file=sys.stderr, flush=True))
    text = as_markdown(rows, f"python benchmarks/interval_coverage.py --out {given.out}")
    print(text)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.with_suffix(".md").write_text(text)
        with given.out.with_suffix(".csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(["" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else cell
                              for cell in row] for row in rows)


if __name__ == "__main__":
    main()
