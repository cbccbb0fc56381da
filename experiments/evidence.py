"""What experiments know about finished runs: their lanes, arm by arm, with verdict, values and returns.

Reading a run folder is the report's work; here lanes of several runs are put together under the names of their arms.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.experiments.experiment import Arm
from divbench.report.bounds import ANY, LIMIT_COLUMNS, Limits, limits_of
from divbench.report.compare.samples import SMALLEST_Q
from divbench.report.pairing import key_rule, why_unpaired
from divbench.report.rewards import REWARD_COLUMNS
from divbench.report.series import Cell, Point, Series, read_cells, since, stopped_lanes
from divbench.spec.run_spec import RunSpec

if TYPE_CHECKING:
    import pyarrow

    from divbench.records.tables import Tables
    from divbench.report.evidence import RunEvidence
    from divbench.report.facts import Facts

VALUE_COLUMNS = ("q_replay_mean", *LIMIT_COLUMNS, ANY, "td_loss", "grad_norm", "second_moment", "second_moment_head",
                 *REWARD_COLUMNS)
SCORE_COLUMNS = ("return_mean",)
RANK = "srank"  # of the table of diagnostics: what Hussing et al. call the effective dimension, as far as is known
# Of the same table: cosine between the change of Q and the TD errors; the least one that PreQN took; self-excitation.
ALIGNMENT, SEARCH, SEEM = "update_cosine", "search_cosine_least", "seem_normalised"
KERNEL = ("ntk_row_ratio", "ntk_diagonal", "ntk_rank")
NOTED = (RANK, ALIGNMENT, SEARCH, SEEM, *KERNEL)
LARGEST_Q = 3.4028235e38  # of float32
DIVERGED = ("diverged", "recovered")  # a lane that came back had left
BROKEN = ("learner", "optimizer")  # what `nonfinite` says of lanes that broke by learning; physics breaks without


@dataclasses.dataclass(frozen=True)
class ArmLane:
    """One seed of an arm.

    Attributes:
      arm, task, variant, utd, seed: which.
      primed: updates without acting, or 0.
      verdict: its kind.
      verdict_update: the update it names.
      nonfinite: what went non-finite first, `learner`, `optimizer` or `physics`; or empty.
      values, scores: its series, columns `VALUE_COLUMNS` and `SCORE_COLUMNS`.
      critical: the update of its critical point, see `divbench.verdict.critical_point`; None where there is none.
      noted: the metrics of `NOTED` that were measured: pairs of update and value.
      stopped: where it stopped, if something became non-finite; its series continue with its last sound weights.
      keys: what its random numbers derive from beside task and seed: lanes for which all three are equal are pairs.
        Empty for a lane that has no partners (`divbench.report.pairing.why_unpaired`).
    """

    arm: str
    task: str
    variant: str
    utd: str
    seed: int
    primed: int
    verdict: str
    verdict_update: int
    nonfinite: str
    values: Series
    scores: Series
    critical: int | None = None
    noted: Mapping[str, tuple[tuple[int, float], ...]] = dataclasses.field(default_factory=dict)
    stopped: Point | None = None
    keys: str = ""

    def drawn(self, series: Series, column: str) -> tuple[float, ...]:
        """A column of one of its series as pictures show it: `nan` after it stopped, and returns from there on. What
        is measured first then is what the last sound weights say, to which training came."""
        import numpy as np

        points = np.asarray(series.points, np.int64).reshape(-1, 2)
        gone = since(points[:, 0], points[:, 1], self.stopped, last_words=series is self.values)
        return tuple(math.nan if blank else value for blank, value in zip(gone, series.columns[column], strict=True))

    @property
    def judged(self) -> bool:
        """Whether the lane says anything about its learner: physics that became non-finite first does not."""
        return self.nonfinite != "physics"

    @property
    def diverged(self) -> bool:
        """Whether Q was beyond the bounds at any time, or the learner became non-finite."""
        return self.verdict in DIVERGED or (self.verdict == "exploded" and self.judged)

    def at(self, column: str, update: int | None = None) -> float | None:
        """The last finite number of a column of `values` at that update or before it; at any time if None."""
        found = [value for (_, when), value in zip(self.values.points, self.values.columns[column], strict=True)
                 if math.isfinite(value) and (update is None or when <= update)]
        return found[-1] if found else None

    def last(self, metric: str) -> float | None:
        """The last finite value of a metric of `noted`; None where it was not measured."""
        return self.noted[metric][-1][1] if self.noted.get(metric) else None

    def lost_q(self, update: int | None = None) -> bool:
        """Whether the learner broke and took Q with it: at that update, or at the end, mean Q is no number."""
        seen = [value for (_, when), value in zip(self.values.points, self.values.columns["q_replay_mean"], strict=True)
                if update is None or when <= update]
        return self.nonfinite in BROKEN and bool(seen) and not math.isfinite(seen[-1])

    def log_q(self, update: int | None = None) -> float | None:
        """log10 of |mean Q on replay|, of the largest number there is where Q was lost; None without a finite one."""
        q = LARGEST_Q if self.lost_q(update) else self.at("q_replay_mean", update)
        return None if q is None else math.log10(max(abs(q), SMALLEST_Q))

    def log_excess(self, update: int | None = None) -> float | None:
        """log10 of the share of its bound that mean Q on replay comes to, both of the same time. None where Q has none:
        not measured, or between 0 and both bounds. Above log10 of 1 + `limits().tolerance` it is beyond, as in
        verdicts."""
        q = LARGEST_Q if self.lost_q(update) else self.at("q_replay_mean", update)
        if q is None:
            return None
        share = self.limits(update).share(math.copysign(max(abs(q), SMALLEST_Q), q))
        return math.log10(share) if share > 0.0 else None

    def limits(self, update: int | None = None) -> Limits:
        """The bounds of Q, as last measured at that update or before it."""
        found = (self.at(column, update) for column in LIMIT_COLUMNS)
        return limits_of(*(math.nan if value is None else value for value in found))

    def first(self, column: str) -> float | None:
        """The first finite number of a column of `values`; None where it was not measured."""
        return next(iter(self.values.finite(column)), None)

    @property
    def measured_at(self) -> int | None:
        """Where Q is compared: the end of priming, or None for the end of the run."""
        return self.primed or None

    @property
    def first_return(self) -> float | None:
        """Return of the untrained policy."""
        finite = self.scores.finite("return_mean")
        return finite[0] if finite else None

    @property
    def last_return(self) -> float | None:
        """Return of the last evaluation. If that was not finite or the learner broke it is 0, or the least that the
        lane ever earned if that is less: a broken lane is frozen, and what its last sound policy still earns is not
        what training came to. None without one."""
        last = self.scores.columns["return_mean"][-1:]
        if not last:
            return None
        if self.nonfinite in BROKEN or not math.isfinite(last[0]):
            return self.scores.least("return_mean")
        return last[0]

    def record(self) -> dict:
        """The numbers of this lane that outcomes keep, as JSON values; rewards of its replay where they were measured:
        the mean at the first measurement, and all three where Q is compared."""
        rewards = {} if self.first("reward_mean") is None else {
            "reward_mean_first": self.first("reward_mean"),
            **{name: self.at(name, self.measured_at) for name in REWARD_COLUMNS}}
        return {"arm": self.arm, "task": self.task, "variant": self.variant, "utd": self.utd, "seed": self.seed,
                "verdict": self.verdict, "update": self.verdict_update, "nonfinite": self.nonfinite,
                "q": self.at("q_replay_mean", self.measured_at), "q_bound": self.at("q_bound", self.measured_at),
                "q_final": self.at("q_replay_mean"), "return": self.last_return, **rewards}


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The lanes of an experiment's runs.

    Attributes:
      scale: `quick` or `full`.
      lanes: of all arms.
      facts: what the report says of each run, by folder.
      cards: the runs' cards, by folder.
    """

    scale: str
    lanes: tuple[ArmLane, ...]
    facts: Mapping[str, Facts] = dataclasses.field(default_factory=dict)
    cards: Mapping[str, dict] = dataclasses.field(default_factory=dict)

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms, in order."""
        return tuple(dict.fromkeys(lane.arm for lane in self.lanes))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks, in order."""
        return tuple(dict.fromkeys(lane.task for lane in self.lanes))

    def of(self, arm: str, task: str | None = None) -> tuple[ArmLane, ...]:
        """The lanes of an arm, on one task or on all.

        Raises:
          ValueError: no such arm; a mistake of the experiment.
        """
        if arm not in self.arms:
            raise ValueError(f"no arm '{arm}'; the runs have {', '.join(self.arms)}")
        return tuple(lane for lane in self.lanes if lane.arm == arm and task in (None, lane.task))

    @property
    def paired(self) -> bool:
        """Whether lanes of one task and seed share their random numbers, whatever their arm: by every run's card."""
        return bool(self.cards) and not any(map(why_unpaired, self.cards.values()))

    def pairs(self, arm: str, other: str, number: Callable[[ArmLane], float | None],
              tasks: Sequence[str] | None = None) -> list[list[tuple[float, float]]]:
        """For each task of an arm the numbers of its judged lanes beside those of another arm's lanes of the same seed;
        a seed of which one of the two has no number is left out."""
        found = []
        for task in tasks or tuple(dict.fromkeys(lane.task for lane in self.of(arm))):
            own, others = ({lane.seed: value for lane in self.of(name, task)
                            if lane.judged and (value := number(lane)) is not None} for name in (arm, other))
            found.append([(own[seed], others[seed]) for seed in sorted(own.keys() & others.keys())])
        return found

    def strata(self, arm: str, number: Callable[[ArmLane], float | None],
               tasks: Sequence[str] | None = None) -> list[list[float]]:
        """For each task of the arm the numbers of its judged lanes; a lane without a number is left out."""
        found = [[number(lane) for lane in self.of(arm, task) if lane.judged]
                 for task in tasks or tuple(dict.fromkeys(lane.task for lane in self.of(arm)))]
        return [[value for value in stratum if value is not None] for stratum in found]


def read(arms: Sequence[Arm], specs: Sequence[RunSpec], scale: str) -> Evidence:
    """The evidence of arms that have been run.

    Args:
      arms: of the experiment.
      specs: for each arm the specification that was run in its place (its physics may have been chosen).
      scale: `quick` or `full`.

    Raises:
      UsageError: a run folder that is missing, damaged or of another table schema.
    """
    from divbench.report.evidence import gather, weigh

    gathered = {spec.folder: gather(spec.folder) for spec in specs}
    lanes = []
    for arm, spec in zip(arms, specs, strict=True):
        found = gathered[spec.folder]
        lanes += _lanes(arm, spec, weigh(thinned(found.tables, arm.looks), found.path) if arm.looks else found)
    return Evidence(scale, tuple(lanes), {folder: found.facts for folder, found in gathered.items()},
                    {folder: found.tables.card for folder, found in gathered.items()})


def thinned(tables: Tables, every: int) -> Tables:
    """Tables as if values and diagnostics had been measured, besides at the start and at the end, only first after each
    multiple of so many updates; without verdicts, since those of the run are of all its measurements."""
    kept = {}
    for key, updates in _updates(tables.values).items():
        counts = [update // every for update in updates]
        kept[key] = {updates[0], updates[-1]} | {update for update, now, before in zip(
            updates[1:], counts[1:], counts, strict=False) if now > before}
    values, diagnostics = (
        table.filter([update in kept.get(key, ()) for key, update in zip(
            _keys(table), table.column("update").to_pylist(), strict=True)])
        for table in (tables.values, tables.diagnostics))
    return dataclasses.replace(tables, values=values, diagnostics=diagnostics, verdicts=tables.verdicts.slice(0, 0))


def _updates(values: pyarrow.Table) -> dict[tuple[Cell, int], list[int]]:
    """The updates at which each lane was measured, in order."""
    found: dict[tuple[Cell, int], list[int]] = {}
    for key, update in zip(_keys(values), values.column("update").to_pylist(), strict=True):
        found.setdefault(key, []).append(update)
    return {key: sorted(updates) for key, updates in found.items()}


def _lanes(arm: Arm, spec: RunSpec, gathered: RunEvidence) -> list[ArmLane]:
    tables, order = gathered.tables, gathered.facts.order
    values = read_cells(tables.values, VALUE_COLUMNS, order)
    scores = read_cells(tables.scores, SCORE_COLUMNS, order)
    nonfinite, stopped = _nonfinite(tables.values), stopped_lanes(tables.values)
    noted = _noted(tables.diagnostics)
    critical = {(Cell(task, variant, str(utd)), seed): point.update
                for (task, variant, utd, seed), point in (gathered.critical_points() or {}).items()}
    keys = key_rule(tables.card)
    return [
        ArmLane(arm.name, lane.cell.task, lane.cell.variant, lane.cell.utd, lane.seed, spec.prime_updates, lane.verdict,
                lane.point[1] if lane.point else -1, nonfinite.get((lane.cell, lane.seed), ""),
                values[lane.cell][lane.seed],
                scores.get(lane.cell, {}).get(lane.seed, Series((), {name: () for name in SCORE_COLUMNS})),
                critical.get((lane.cell, lane.seed)), noted.get((lane.cell, lane.seed), {}),
                stopped.get((lane.cell, lane.seed)), keys)
        for lane in gathered.lanes
    ]


def _keys(table: pyarrow.Table) -> list[tuple[Cell, int]]:
    columns = [table.column(name).to_pylist() for name in ("task", "variant", "utd", "seed")]
    return [(Cell(task, variant, str(utd)), seed) for task, variant, utd, seed in zip(*columns, strict=True)]


def _nonfinite(values: pyarrow.Table) -> dict[tuple[Cell, int], str]:
    """What went non-finite in each lane that did."""
    return {key: cause for key, cause in zip(_keys(values), values.column("nonfinite").to_pylist(), strict=True)
            if cause}


def _noted(diagnostics: pyarrow.Table) -> dict[tuple[Cell, int], dict[str, tuple[tuple[int, float], ...]]]:
    """The metrics of `ArmLane.noted`, which are of the whole critic, by lane."""
    found: dict[tuple[Cell, int], dict[str, list[tuple[int, float]]]] = {}
    columns = [diagnostics.column(name).to_pylist() for name in ("metric", "update", "value")]
    for key, metric, update, value in zip(_keys(diagnostics), *columns, strict=True):
        if metric in NOTED and math.isfinite(value):
            found.setdefault(key, {}).setdefault(metric, []).append((update, value))
    return {key: {metric: tuple(sorted(pairs)) for metric, pairs in metrics.items()} for key, metrics in found.items()}
