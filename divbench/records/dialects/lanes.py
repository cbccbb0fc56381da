"""Returns by lane, between any dialect and the table of scores: one compact column of numbers per lane.

Lives here: collecting, the row limit, duplicates, the order of rows. Does not live here: reading or writing of files.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from array import array
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from divbench.records.dialects.lines import ROW_LIMIT, Source
from divbench.records.schema import NOT_MEASURED, TABLES
from divbench.spec.errors import UsageError


class Lane(NamedTuple):
    """Whose results these are. `suite` and `utd` are empty where they are not known."""

    suite: str
    task: str
    variant: str
    utd: str
    seed: int

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What tells the lanes of one folder apart."""
        return self[1:]

    @property
    def label(self) -> str:
        """`dog-run/ofn/utd8/seed0`."""
        utd = f"/utd{self.utd}" if self.utd else ""
        return f"{self.task}/{self.variant}{utd}/seed{self.seed}"


class Result(NamedTuple):
    """One evaluation: the step as its file counts, the mean return, and what is known of its episodes."""

    step: int
    mean: float
    sd: float = NOT_MEASURED["number"]
    episodes: int = NOT_MEASURED["integer"]
    low: float = NOT_MEASURED["number"]
    high: float = NOT_MEASURED["number"]


@dataclasses.dataclass
class Collected:
    """The results of all files of an import.

    Attributes:
      limit: rows that are taken at most; a row that its dialect skips counts as well.
      rows: rows so far.
      nonfinite: results whose mean return is not finite.
      skipped: names of metrics that were not taken.
      spellings: task as stored, to how its file spells it.
      given: what `--method` or `--task` stands for, to the name that a file has for it.
      lanes: per lane, its results as six equally long arrays.
    """

    limit: int = ROW_LIMIT
    rows: int = 0
    nonfinite: int = 0
    skipped: set[str] = dataclasses.field(default_factory=set)
    spellings: dict[str, str] = dataclasses.field(default_factory=dict)
    given: dict[str, str] = dataclasses.field(default_factory=dict)
    lanes: dict[Lane, tuple[array, ...]] = dataclasses.field(default_factory=dict)

    def count(self, source: Source) -> None:
        """Count a row, taken or not; refuses the first one beyond the limit."""
        self.rows += 1
        if self.rows > self.limit:
            raise source.refuse(f"more than {self.limit:,} rows; import fewer files, or thin them out")

    def add(self, source: Source, lane: Lane, result: Result) -> None:
        """Take one evaluation."""
        columns = self.lanes.get(lane)
        if columns is None:
            columns = self.lanes[lane] = tuple(array("q" if name in ("step", "episodes") else "d")
                                               for name in Result._fields)
        for column, value in zip(columns, result, strict=True):
            column.append(value)
        self.nonfinite += not math.isfinite(result.mean)
        source.rows += 1

    def spell(self, source: Source, task: str, written: str) -> str:
        """Note how a file spells a task; two spellings of one task are refused."""
        if self.spellings.setdefault(task, written) != written:
            raise source.refuse(f"'{written}' and '{self.spellings[task]}' are one task, '{task}'; spell it one way")
        return task

    def rename(self, source: Source, kind: str, written: str, given: str | None) -> str:
        """The name that the request gives instead of the one written in a file; only one name can be replaced."""
        if given is None:
            return written
        if self.given.setdefault(kind, written) != written:
            raise source.refuse(f"--{kind}: names one {kind}, found '{self.given[kind]}' and '{written}'; leave it "
                                f"out, or import them one by one")
        return given

    def skip(self, source: Source, wanted: str, others: set[str]) -> None:
        """Note the metrics of a file that were not taken; refuses a file that has others alone, or nothing."""
        self.skipped |= others
        if not source.rows and others:
            raise source.refuse(f"expected rows of the metric '{wanted}', found {', '.join(sorted(others))[:200]}; "
                                f"--metric names another")

    def in_order(self) -> list[Lane]:
        """The lanes as tables order them: by task, variant, UTD and seed.

        Raises:
          UsageError: two lanes that differ in nothing but the suite.
        """
        lanes = sorted(self.lanes, key=lambda lane: (lane.task, lane.variant, Fraction(lane.utd or 0), lane.seed))
        for one, other in itertools.pairwise(lanes):
            if one.identity == other.identity:
                raise UsageError(f"import: {one.label} is found in '{one.suite}' and in '{other.suite}'; import one of "
                                 f"them into a folder of its own")
        return lanes

    def results(self, lane: Lane) -> list[Result]:
        """The results of a lane by step.

        Raises:
          UsageError: two results at the same step.
        """
        found = [Result(*values) for values in zip(*self.lanes[lane], strict=True)]
        found.sort(key=lambda result: result.step)
        for one, other in itertools.pairwise(found):
            if one.step == other.step:
                raise UsageError(f"import: {lane.label} has two rows for step {one.step}; a lane has one return at a "
                                 f"step")
        return found

    def score_rows(self, action_repeat: int, env_steps_per_step: int) -> Iterator[dict]:
        """The rows of the table of scores, in its order; what no dialect knows is stored as not measured.

        Raises:
          UsageError: duplicates.
        """
        blank = {column.name: NOT_MEASURED[column.kind] for column in TABLES["scores"]}
        for lane in self.in_order():
            fixed = blank | lane._asdict() | {"action_repeat": action_repeat}
            for result in self.results(lane):
                yield fixed | {"env_step": result.step * env_steps_per_step, "return_mean": result.mean,
                               "return_sd": result.sd, "episodes": result.episodes, "return_min": result.low,
                               "return_max": result.high}
