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

from divbench.records.dialects.lines import ROW_LIMIT, LeftOut, SourceFile
from divbench.records.dialects.request import REFUSE, REPEATED
from divbench.records.schema import NOT_MEASURED, TABLES
from divbench.spec.errors import UsageError

TAKEN = [name for name in REPEATED if name != REFUSE]


class DialectLane(NamedTuple):
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


class DialectResult(NamedTuple):
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
      spellings: task as stored, to the ways in which files spell it.
      left_out: what was not taken, and why.
      repeated: rows of a lane and step that has others, and the place of the first of these.
      given: what `--method` or `--task` stands for, to the name that a file has for it.
      lanes: per lane, its results as six equally long arrays.
      origins: per lane, the line of each result in its file (0 where it has none), and the files with results of it.
    """

    limit: int = ROW_LIMIT
    rows: int = 0
    nonfinite: int = 0
    skipped: set[str] = dataclasses.field(default_factory=set)
    spellings: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    repeated: tuple[int, str] = (0, "")
    given: dict[str, str] = dataclasses.field(default_factory=dict)
    lanes: dict[DialectLane, tuple[array, ...]] = dataclasses.field(default_factory=dict)
    origins: dict[DialectLane, tuple[array, list[SourceFile]]] = dataclasses.field(default_factory=dict)

    def count(self, source: SourceFile) -> None:
        """Count a row, taken or not; refuses the first one beyond the limit."""
        self.rows += 1
        if self.rows > self.limit:
            raise source.refuse(f"more than {self.limit:,} rows; import fewer files, or thin them out")

    def add(self, source: SourceFile, lane: DialectLane, result: DialectResult, line: int = 0) -> None:
        """Take one evaluation, from that line of its file."""
        columns = self.lanes.get(lane)
        if columns is None:
            columns = self.lanes[lane] = _empty()
            self.origins[lane] = array("q"), []
        for column, value in zip(columns, result, strict=True):
            column.append(value)
        lines, sources = self.origins[lane]
        lines.append(line)
        sources.append(source)
        self.nonfinite += not math.isfinite(result.mean)
        source.rows += 1

    def spell(self, source: SourceFile, task: str, written: str) -> str:
        """Note how a file spells a task. Several spellings of one task are one task."""
        known = self.spellings.setdefault(task, [])
        if written not in known:
            known.append(written)
        return task

    def leave_out(self, source: SourceFile, reason: str, strict: bool) -> None:
        """Note what is not taken; refuses it if `strict`."""
        found = source.leave_out(reason)
        if strict:
            raise found
        self.left_out.append(found)

    def rename(self, source: SourceFile, kind: str, written: str, given: str | None) -> str:
        """The name that the request gives instead of the one written in a file; only one name can be replaced."""
        if given is None:
            return written
        if self.given.setdefault(kind, written) != written:
            raise source.refuse(f"--{kind}: names one {kind}, found '{self.given[kind]}' and '{written}'; leave it "
                                f"out, or import them one by one")
        return given

    def skip(self, source: SourceFile, wanted: str, others: set[str]) -> None:
        """Note the metrics of a file that were not taken; refuses a file that has others alone, or nothing."""
        self.skipped |= others
        if not source.rows and others:
            raise source.leave_out(f"expected rows of the metric '{wanted}', found {', '.join(sorted(others))[:200]}; "
                                f"--metric names another")

    def in_order(self) -> list[DialectLane]:
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

    def settle(self, repeated: str) -> None:
        """Order the results of each lane by step, and leave one for each step.

        Args:
          repeated: what to do with several at one step: take the `first` or `last` read, or their `mean`, of which
            nothing is known but the mean return; or `refuse`.

        Raises:
          UsageError: two results at the same step, which are refused.
        """
        for lane, columns in self.lanes.items():
            found = [DialectResult(*values) for values in zip(*columns, strict=True)]
            order = sorted(range(len(found)), key=lambda place: found[place].step)
            if all(found[one].step < found[other].step for one, other in itertools.pairwise(order)):
                self.lanes[lane] = tuple(array(column.typecode, [column[place] for place in order])
                                         for column in columns)
                continue
            kept = _empty()
            for _, places in itertools.groupby(order, key=lambda place: found[place].step):
                places = list(places)
                if len(places) > 1:
                    self._repeat(lane, places, found[places[0]].step, repeated)
                for column, value in zip(kept, _one([found[place] for place in places], repeated), strict=True):
                    column.append(value)
            self.lanes[lane] = kept

    def _repeat(self, lane: DialectLane, places: list[int], step: int, repeated: str) -> None:
        """Count the results at these places of a lane, which are of one step; or refuse them."""
        lines, sources = self.origins[lane]
        where = [f", line {lines[place]}" if lines[place] else "" for place in places[:2]]
        if repeated == REFUSE:
            count = "two" if len(places) == 2 else f"{len(places):,}"
            files = [f"{sources[place].path}{line}" for place, line in zip(places, where, strict=False)]
            raise UsageError(f"import: {lane.label} has {count} rows for step {step} ({' and '.join(files)}); a lane "
                             f"has one at a step, --repeated {', '.join(TAKEN)} takes one")
        rows, first = self.repeated
        self.repeated = rows + len(places) - 1, first or f"{sources[places[1]].label}{where[1]}"

    def results(self, lane: DialectLane) -> list[DialectResult]:
        """The results of a lane by step, once they are settled."""
        return [DialectResult(*values) for values in zip(*self.lanes[lane], strict=True)]

    def score_rows(self, action_repeat: int, env_steps_per_step: int) -> Iterator[dict]:
        """The rows of the table of scores, in its order; what no dialect knows is stored as not measured."""
        blank = {column.name: NOT_MEASURED[column.kind] for column in TABLES["scores"]}
        for lane in self.in_order():
            fixed = blank | lane._asdict() | {"action_repeat": action_repeat}
            for result in self.results(lane):
                yield fixed | {"env_step": result.step * env_steps_per_step, "return_mean": result.mean,
                               "return_sd": result.sd, "episodes": result.episodes, "return_min": result.low,
                               "return_max": result.high}


def _empty() -> tuple[array, ...]:
    return tuple(array("q" if name in ("step", "episodes") else "d") for name in DialectResult._fields)


def _one(results: list[DialectResult], repeated: str) -> DialectResult:
    """The result that stands for all of one step."""
    if len(results) == 1 or repeated == "first":
        return results[0]
    if repeated == "last":
        return results[-1]
    return DialectResult(results[0].step, sum(result.mean for result in results) / len(results))
