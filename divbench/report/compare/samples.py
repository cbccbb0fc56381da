"""The numbers that are compared: one for each lane, or for each stretch of training where it is speed.

Lives here: which rows of the tables count, and what stands for a lane that is no longer finite.
Does not live here: at which points they are taken (`places`), tests and decisions (`decisions`).
"""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Mapping

from divbench.report.compare.places import Places, common_places
from divbench.report.compare.result_set import SCORES, VALUES, ResultSet, Run
from divbench.report.scale import RETURN, score_range
from divbench.report.series import Cell, Point, Series

LAST_EVALUATIONS = 3  # whose mean is a lane's return
SMALLEST_Q = 1e-3  # |Q| below it counts as 0
BLOCKS = 6  # stretches of training that a run's speed is taken from, a group


@dataclasses.dataclass(frozen=True)
class Numbers:
    """The numbers of one cell on one side, by seed (of speed: by stretch).

    Attributes:
      ranked: one for each lane; infinite, on the bad side, where the lane's number is not finite.
      finite: those that means are taken of. Of Q, a lane that is no longer finite has its last finite value here.
    """

    ranked: dict[int, float]
    finite: dict[int, float]

    @property
    def lost(self) -> int:
        """How many lanes have no finite number where they are compared."""
        return len(self.lost_seeds)

    @property
    def lost_seeds(self) -> list[int]:
        """Their seeds."""
        return [seed for seed, number in self.ranked.items() if math.isinf(number)]


@dataclasses.dataclass(frozen=True)
class Sample:
    """Both sides' numbers of one metric in one cell.

    Attributes:
      metric: a name of `divbench.report.compare.margins.METRICS`.
      cell: task, variant, UTD; of speed, the variants of the group.
      baseline, new: the numbers; of q in `signed_decades`, of speed their log10.
      points: where they were taken on both sides, ascending; empty of speed.
      span: the least and the most that a score of the task can be; None where that is not known, and of q and speed.
      identical: every number that the lanes' rows share is equal to the last bit, seed by seed.
      obstacle: why these numbers say nothing, or the empty string.
    """

    metric: str
    cell: Cell
    baseline: Numbers
    new: Numbers
    points: tuple[tuple[Point, ...], tuple[Point, ...]] = ((), ())
    span: tuple[float, float] | None = None
    identical: bool = False
    obstacle: str = ""

    @property
    def lost_anew(self) -> list[int]:
        """The new side's seeds without a finite number, where the baseline has no such lane."""
        return [] if self.baseline.lost else self.new.lost_seeds


def return_sample(cell: Cell, baseline: Mapping[int, Series], new: Mapping[int, Series],
                  metric: str = RETURN) -> Sample | None:
    """The mean return of the last evaluations that all lanes of both sides have; None if they share none. `metric` is
    what the scores are, if they are no returns."""
    places = common_places(baseline, new, LAST_EVALUATIONS)
    if places is None:
        return None

    def numbers(lanes: Mapping[int, Series], points: Mapping[int, tuple[Point, ...]]) -> Numbers:
        ranked, finite = {}, {}
        for seed, series in lanes.items():
            values = [_at(series, SCORES[0])[point] for point in points[seed]]
            good = [value for value in values if math.isfinite(value)]
            ranked[seed] = sum(values) / len(values) if len(good) == len(values) else -math.inf
            if good:
                finite[seed] = sum(good) / len(good)
        return Numbers(ranked, finite)

    return Sample("return", cell, numbers(baseline, places.baseline), numbers(new, places.new),
                  (places.points("baseline"), places.points("new")), score_range(cell.task, metric),
                  _identical(baseline, new, places))


def q_sample(cell: Cell, baseline: Mapping[int, Series], new: Mapping[int, Series]) -> Sample | None:
    """Mean Q on replay, in `signed_decades`, at the last measurement that all lanes of both sides have; None without
    one."""
    places = common_places(baseline, new, 1)
    if places is None:
        return None

    def numbers(lanes: Mapping[int, Series], points: Mapping[int, tuple[Point, ...]]) -> Numbers:
        ranked, finite = {}, {}
        for seed, series in lanes.items():
            (point,) = points[seed]
            now = _at(series, VALUES[0])[point]
            ranked[seed] = signed_decades(now) if math.isfinite(now) else math.inf
            if good := series.until(point).finite(VALUES[0]):
                finite[seed] = signed_decades(good[-1])
        return Numbers(ranked, finite)

    return Sample("q", cell, numbers(baseline, places.baseline), numbers(new, places.new),
                  (places.points("baseline"), places.points("new")), identical=_identical(baseline, new, places))


def signed_decades(q: float) -> float:
    """How many decades |Q| lies above `SMALLEST_Q`, with the sign of Q: 10 becomes 4, -10 becomes -4.

    It rises with Q. Between numbers of one sign a difference is that of log10 |Q|; +10 and -10 are 8 decades apart.
    """
    return math.copysign(math.log10(max(abs(q), SMALLEST_Q)) - math.log10(SMALLEST_Q), q)


def from_signed_decades(number: float) -> float:
    """The Q that `signed_decades` is made of; 0 stands for all that is smaller than `SMALLEST_Q`."""
    return math.copysign(10.0 ** (abs(number) + math.log10(SMALLEST_Q)), number) if number else 0.0


def speed_samples(baseline: ResultSet, new: ResultSet) -> list[Sample]:
    """log10 of updates per second of every group that both sides have, stretch by stretch of its training.

    A group is known by task, UTD and the variants that it trains; its rate is that of all its lanes together, so
    groups of other sizes are not compared, nor runs on other devices.
    """
    ours, theirs = _rates(baseline), _rates(new)
    samples = []
    for cell in (cell for cell in ours if cell in theirs):
        (rates, lanes, where), (other_rates, other_lanes, other_where) = ours[cell], theirs[cell]
        obstacle = ""
        if lanes != other_lanes:
            obstacle = f"lanes are {_listed(lanes)} in BASELINE and {_listed(other_lanes)} in NEW"
        elif where != other_where:
            obstacle = f"the device is {_listed(where)} in BASELINE and {_listed(other_where)} in NEW"
        old, new = (Numbers(side, side) for side in (dict(enumerate(map(math.log10, found)))
                                                     for found in (rates, other_rates)))
        samples.append(Sample("speed", cell, old, new, obstacle=obstacle))
    return samples


def _rates(side: ResultSet) -> dict[Cell, tuple[list[float], set, set]]:
    """Of every group that trained: its rates, how many lanes it has, and on what it ran."""
    found: dict[Cell, tuple[list[float], set, set]] = {}
    for run in side.runs:
        device = f"{run.card.get('device')} with {run.card.get('cpus')} CPUs"
        for cell, (stretches, lanes) in _stretches(run, side.names).items():
            rates, sizes, devices = found.setdefault(cell, ([], set(), set()))
            rates.extend(_blocks(stretches))
            sizes |= lanes
            devices.add(device)
    return found


def _stretches(run: Run, names: Mapping[str, str]) -> dict[Cell, tuple[list[tuple[float, float]], set[int]]]:
    """(updates, seconds) of each row of training with updates, and the numbers of lanes, by group."""
    table = run.tables.timing
    columns = ("task", "variants", "utd", "lanes", "event", "seconds", "updates_per_second")
    found: dict[Cell, tuple[list[tuple[float, float]], set[int]]] = {}
    for task, variants, utd, lanes, event, seconds, rate in zip(
            *(table.column(name).to_pylist() for name in columns), strict=True):
        if event == "train" and math.isfinite(rate) and rate > 0.0 and seconds > 0.0:
            label = ",".join(names.get(name, name) for name in variants.split(","))
            stretches, sizes = found.setdefault(Cell(task, label, str(utd)), ([], set()))
            stretches.append((rate * seconds, seconds))
            sizes.add(lanes)
    return found


def _blocks(stretches: list[tuple[float, float]]) -> list[float]:
    """Updates per second of up to `BLOCKS` consecutive stretches of about equally many rows."""
    count = min(BLOCKS, len(stretches))
    cuts = [len(stretches) * place // count for place in range(count + 1)]
    parts = [stretches[start:end] for start, end in zip(cuts, cuts[1:], strict=False)]
    return [sum(updates for updates, _ in part) / sum(seconds for _, seconds in part) for part in parts]


def _identical(baseline: Mapping[int, Series], new: Mapping[int, Series], places: Places) -> bool:
    """Whether the same seeds are compared at the same points and have the same bits wherever both have a row."""
    return places.baseline == places.new and all(_same(baseline[seed], new[seed]) for seed in new)


def _same(series: Series, other: Series) -> bool:
    shared = sorted(set(series.points) & set(other.points))
    return bool(shared) and all(
        array("d", [_at(series, column)[point] for point in shared]).tobytes()
        == array("d", [_at(other, column)[point] for point in shared]).tobytes() for column in series.columns)


def _at(series: Series, column: str) -> dict[Point, float]:
    return dict(zip(series.points, series.columns[column], strict=True))


def _listed(values: set) -> str:
    return " and ".join(map(str, sorted(values)))
