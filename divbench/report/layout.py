"""The score, Q and verdict tables as text: headings, cells and notes, ready for a terminal or for Markdown.

Lives here: which columns a table has, how a number is written, which note stands below.
Does not live here: statistics (`aggregate`) and the look of a terminal (`summary`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from divbench.report.aggregate import QRow, ScoreRow
from divbench.report.bounds import NOTE, SHORT, SHORT_NOTE
from divbench.report.overall import Overall
from divbench.report.scale import RETURN
from divbench.report.series import Cell, Point, sorted_cells
from divbench.spec.text import format_span
from divbench.statistics.estimates import Estimate
from divbench.verdict import KINDS

if TYPE_CHECKING:
    import pyarrow

ABSENT = "-"
SMALL_SAMPLE = 5
WHOLE = 3  # power of ten of the largest numbers that are written out, with all of their digits


@dataclasses.dataclass(frozen=True)
class TextColumn:
    """A heading, whether its cells are flush right, and whether it is left out where space is short."""

    heading: str
    right: bool = True
    spare: bool = False


@dataclasses.dataclass(frozen=True)
class TextTable:
    """A table of text. The first column is the task; `note` says how to read the numbers."""

    title: str
    columns: tuple[TextColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(column.heading for column in self.columns)

    def compact(self) -> TextTable:
        """The same without the columns that can be spared."""
        kept = [i for i, column in enumerate(self.columns) if not column.spare]
        return dataclasses.replace(
            self,
            columns=tuple(self.columns[i] for i in kept),
            rows=tuple(tuple(row[i] for i in kept) for row in self.rows),
        )


@dataclasses.dataclass(frozen=True)
class LaneVerdict:
    """One row of the verdicts table; `point` is where the verdict was reached, None where none is named."""

    cell: Cell
    seed: int
    verdict: str
    point: Point | None
    cause: str


def number(value: float | None) -> str:
    """Three figures that matter: `0.0312`, `36.9`, `6,703`, `2.71e7`; `-` for nothing.

    The shortest decimal that is the number is rounded once, halves away from zero. Every number of a table goes through
    here, also on the page, whose scripts write points of curves by the same rule (`figure` in `dom.js`).
    """
    if value is None:
        return ABSENT
    if not math.isfinite(value):
        return str(value)
    exact = Decimal(repr(float(value)))
    if not exact:
        return "0"
    exponent = exact.adjusted()
    unit = 0 if exponent == WHOLE else exponent - 2
    rounded = exact.quantize(Decimal(1).scaleb(unit), rounding=ROUND_HALF_UP)
    exponent = rounded.adjusted()
    if -WHOLE <= exponent <= WHOLE:
        return f"{rounded:,.{max(0, 2 - exponent)}f}"
    return f"{rounded.scaleb(-exponent):.2f}e{exponent}"


def score_table(rows: list[ScoreRow], metric: str = RETURN) -> TextTable:
    """Final scores per cell; `metric` is what they are."""
    columns = (
        TextColumn("task", right=False),
        TextColumn("variant", right=False),
        TextColumn("UTD"),
        TextColumn(metric),
        TextColumn("min"),
        TextColumn("max"),
        TextColumn("seeds"),
        TextColumn("env step"),
        TextColumn("update"),
    )
    lines = [
        (
            *_name(row.cell),
            spread(row),
            number(row.low),
            number(row.high),
            _of(row.finite, row.seeds),
            _count(row.env_step),
            _count(row.update),
        )
        for row in rows
    ]
    note = f"{metric}: mean ± standard deviation over seeds (n - 1), at the last evaluation they share"
    if any(row.finite < row.seeds for row in rows):
        note += f"; lanes without a finite {metric} are left out of the mean and counted under seeds"
    return _table("Scores", columns, lines, note + _small_sample([row.seeds for row in rows]))


def overall_table(result: Overall) -> TextTable:
    """The aggregates over all tasks, a row per variant and UTD."""
    columns = (
        TextColumn("variant", right=False),
        TextColumn("UTD"),
        TextColumn("IQM"),
        TextColumn("mean", spare=True),
        TextColumn("median", spare=True),
        TextColumn("optimality gap", spare=True),
        TextColumn("P(better)"),
        TextColumn("wins by seed"),
        TextColumn("seeds"),
    )
    lines = [
        (
            row.variant,
            row.utd,
            *map(_estimate, (row.iqm, row.mean, row.median, row.optimality_gap)),
            ABSENT if row.improvement is None else _estimate(row.improvement),
            ABSENT if row.wins is None else row.wins.text(),
            f"{row.seeds}, {row.lost} lost" if row.lost else str(row.seeds),
        )
        for row in result.rows
    ]
    what = "returns" if result.metric == RETURN else result.metric
    note = f"{what} of {len(result.tasks)} tasks {_where(result.places)}"
    if any(row.mean.low is not None for row in result.rows):
        note += ", with bootstrap intervals over seeds" + coverage_text({
            "IQM": [row.iqm for row in result.rows], "mean": [row.mean for row in result.rows],
            "median": [row.median for row in result.rows],
            "optimality gap": [row.optimality_gap for row in result.rows],
            "P(better) near one half": [row.improvement for row in result.rows if row.improvement is not None]})
    note += f"; optimality gap: to {number(result.target)}"
    if len(result.rows) > 1 and result.reference is not None:
        name, utd = result.reference
        at = f" at UTD {utd}" if utd else ""
        note += f"; P(better): that a seed beats one of {name}{at} on the same task"
        note += f"; no wins by seed: {result.unpaired}" if result.unpaired else (
            "; wins by seed: lanes that beat its lane of the same task and seed, with the exact two-sided sign test")
    if any(row.lost for row in result.rows):
        note += "; lanes that broke are lost: they count as earning 0, or the least that they ever earned"
    if result.unlike:
        note += f"; {unlike_text(result)}"
    if result.missing:
        note += f"; not every variant has {', '.join(result.missing)}"
    return _table("Over all tasks", columns, lines, f"{note}; {result.note}" if result.note else note)


def coverage_text(found: Mapping[str, Iterable[Estimate]]) -> str:
    """`; measured coverage, at worst: IQM 79%, mean 77%`; empty where no interval has a level.

    Args:
      found: estimates by what they are; the least of their levels counts, rounded down.
    """
    levels = {name: [one.level for one in estimates if one.level is not None] for name, estimates in found.items()}
    told = [f"{name} {math.floor(100.0 * min(own) + 1e-9)}%" for name, own in levels.items() if own]
    return f"; measured coverage, at worst: {', '.join(told)}" if told else ""


def unlike_text(result: Overall) -> str:
    """Which tasks are in no number over all tasks, and why."""
    what = "returns have" if result.metric == RETURN else f"{result.metric} has"
    return f"without {', '.join(result.unlike)}, whose {what} another scale, or one that is not known"


def _where(places: tuple[tuple[int, int], ...]) -> str:
    """`at env step 1,000 after 500 to 700 updates without acting`; nothing of updates where none was."""
    if not places:
        return f"at env step {ABSENT}"

    steps, updates = zip(*places, strict=True)
    without = f" after {format_span(updates)} updates without acting" if any(updates) else ""
    return f"at env step {format_span(steps)}{without}"


def q_table(rows: list[QRow]) -> TextTable:
    """How large Q is, per cell, beside the bound and the reference variant."""
    names = list(dict.fromkeys(row.reference for row in rows))
    reference = names[0] if len(names) == 1 else "reference"
    columns = (
        TextColumn("task", right=False),
        TextColumn("variant", right=False),
        TextColumn("UTD"),
        TextColumn("mean Q"),
        TextColumn("min", spare=True),
        TextColumn("max", spare=True),
        TextColumn("peak"),
        TextColumn("bound"),
        TextColumn("Q/bound"),
        TextColumn("MC return", spare=True),
        TextColumn(f"{reference} / this"),
        TextColumn("seeds", spare=True),
        TextColumn("update"),
    )
    lines = [
        (
            *_name(row.cell),
            number(row.final),
            number(row.low),
            number(row.high),
            number(row.peak),
            number(row.bound),
            SHORT if row.bound_short else number(row.bound_ratio),
            number(row.mc_return),
            f"{row.nonfinite} not finite" if row.nonfinite and row.reference_ratio is None
            else number(row.reference_ratio),
            _of(row.seeds - row.nonfinite, row.seeds),
            _count(row.update),
        )
        for row in rows
    ]
    note = (
        "mean Q: on replay, median over seeds of the last measurement they share; "
        f"peak: largest of any seed at any time; {NOTE}"
    )
    if any(row.bound_short for row in rows):
        note += f"; {SHORT_NOTE}"
    if any(row.nonfinite for row in rows):
        note += ("; a lane that is no longer finite enters with its last finite value, which is no reason "
                 "to call Q smaller")
    return _table("Q values", columns, lines, note + _small_sample([row.seeds for row in rows]))


def count_table(counts: dict[Cell, dict[str, int]]) -> TextTable:
    """Verdicts per cell: how many lanes of each kind. Kinds that no lane has are left out."""
    found = {kind for of_cell in counts.values() for kind in of_cell}
    kinds = [kind for kind in KINDS if kind in found] + sorted(found - set(KINDS))
    columns = (
        TextColumn("task", right=False),
        TextColumn("variant", right=False),
        TextColumn("UTD"),
        *map(TextColumn, kinds),
        TextColumn("lanes"),
    )
    lines = [
        (
            *_name(cell),
            *(str(of_cell[kind]) if kind in of_cell else ABSENT for kind in kinds),
            str(sum(of_cell.values())),
        )
        for cell, of_cell in counts.items()
    ]
    return _table("Verdicts per variant", columns, lines, "number of lanes, one per seed")


def lane_table(lanes: list[LaneVerdict]) -> TextTable:
    """Each lane's verdict, where it was reached, and why."""
    columns = (
        TextColumn("task", right=False),
        TextColumn("variant", right=False),
        TextColumn("UTD"),
        TextColumn("seed"),
        TextColumn("verdict", right=False),
        TextColumn("env step"),
        TextColumn("update"),
        TextColumn("cause", right=False),
    )
    lines = [
        (
            *_name(lane.cell),
            str(lane.seed),
            lane.verdict,
            *(map(_count, lane.point) if lane.point else (ABSENT, ABSENT)),
            lane.cause or ABSENT,
        )
        for lane in lanes
    ]
    return _table("Verdicts", columns, lines, "env step and update: where the verdict was reached")


def read_lanes(verdicts: pyarrow.Table, order: Iterable[Iterable[str]] = ((), (), ())) -> list[LaneVerdict]:
    """The verdicts table as records, ordered by task, UTD, variant and seed."""
    if verdicts.num_rows == 0:
        return []
    names = ("task", "variant", "utd", "seed", "verdict", "env_step", "update", "cause")
    by_cell: dict[Cell, list[LaneVerdict]] = {}
    for task, variant, utd, seed, verdict, env_step, update, cause in zip(
        *(verdicts.column(name).to_pylist() for name in names), strict=True
    ):
        cell = Cell(task, variant, str(utd))
        point = (
            None if env_step is None or update is None or min(env_step, update) < 0 else (env_step, update)
        )
        by_cell.setdefault(cell, []).append(LaneVerdict(cell, seed, verdict, point, cause or ""))
    return [
        lane
        for cell in sorted_cells(by_cell, order)
        for lane in sorted(by_cell[cell], key=lambda lane: lane.seed)
    ]


def spread(row: ScoreRow) -> str:
    """`314 ± 89.0`, or the mean alone where one seed has no spread."""
    return number(row.mean) if row.sd is None else f"{number(row.mean)} ± {number(row.sd)}"


def _estimate(estimate: Estimate) -> str:
    """`628 [589, 663]`, or the number alone where there is no interval."""
    if estimate.low is None:
        return number(estimate.effect)
    return f"{number(estimate.effect)} [{number(estimate.low)}, {number(estimate.high)}]"


def _count(value: int) -> str:
    """`12,000`; below 0 it was not recorded, as in results of other code."""
    return f"{value:,}" if value >= 0 else ABSENT


def _name(cell: Cell) -> tuple[str, str, str]:
    return cell.task, cell.variant, cell.utd


def _of(part: int, whole: int) -> str:
    return str(whole) if part == whole else f"{part} of {whole}"


def _small_sample(seeds: list[int]) -> str:
    fewest = min(seeds, default=SMALL_SAMPLE)
    if fewest >= SMALL_SAMPLE:
        return ""
    return f"; {fewest} seed{'s are' if fewest > 1 else ' is'} too few to rank variants by"


def _table(title: str, columns: tuple[TextColumn, ...], rows: Sequence[tuple[str, ...]], note: str) -> TextTable:
    return TextTable(title, columns, tuple(rows), note)
