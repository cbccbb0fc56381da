"""What a comparison found, as data: its rows, their decision, and everything listed with them.

Does not live here: how it is found (`comparison`) and how it is worded (`wording`, `junit`).
"""

from __future__ import annotations

import dataclasses

from divbench.report.compare.comparability import Difference
from divbench.report.compare.completeness import Shortfall
from divbench.report.compare.decisions import Row
from divbench.report.compare.request import CompareRequest
from divbench.report.series import Cell

OK, REGRESSED = 0, 1
INCOMPLETE = "incomplete"


@dataclasses.dataclass(frozen=True)
class VerdictChange:
    """How many lanes of a cell have each verdict, where the two sides differ.

    Attributes:
      worse: the new side has a kind of lane that is worse than any of the old.
    """

    cell: Cell
    baseline: dict[str, int]
    new: dict[str, int]
    worse: bool


@dataclasses.dataclass(frozen=True)
class Result:
    """What a comparison found.

    Attributes:
      request: what was asked for.
      decision: `regressed` if any row is; else `incomplete` if there are failures; else what the leading rows say.
      failures: why NEW fails whatever its numbers say, such as a task that it lacks.
      rows: every comparison, metric by metric, over several cells first.
      verdicts: the cells whose verdicts differ; reported, but without effect on the decision: Q shows the same.
      settings: other settings that differ.
      versions: of what computed, on both sides; those that differ first.
      notes: what else a reader should know, a sentence each.
      lanes: compared lanes on both sides.
      began: when the comparison began, in UTC as ISO 8601.
      seconds: that it took, reading included.
    """

    request: CompareRequest
    decision: str
    failures: tuple[Shortfall, ...]
    rows: tuple[Row, ...]
    verdicts: tuple[VerdictChange, ...]
    settings: tuple[Difference, ...]
    versions: tuple[Difference, ...]
    notes: tuple[str, ...]
    lanes: tuple[int, int]
    began: str = ""
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """1 if something regressed or is lacking, or with `strict` if nothing could be decided; else 0."""
        failed = self.decision in ("regressed", INCOMPLETE) or (self.request.strict and self.decision == "undecided")
        return REGRESSED if failed else OK
