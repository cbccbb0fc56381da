"""What the kernels of random critics say, over initialisations: means with intervals, as text, Markdown and CSV.

Does not live here: the picture (`kernel_figures`), the measuring, and which claim follows.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

from divbench.report.layout import ABSENT
from divbench.spec.text import format_table
from divbench.statistics.estimates import Estimate, mean_difference
from divbench.studies.ntk.rows import KernelRow

NUMBERS = ("average diagonal", "row ratio", "condition number", "rank")
HEADER = ("task", "activation", "width", "depth", *NUMBERS)  # of perceptrons
OWN_HEADER = ("task", "network", *NUMBERS)  # of a critic from outside
NOTE = ("Means over {count} initialisations with 95% intervals (Student's t); of the condition number the geometric "
        "mean. K(x, y) = grad Q(x) . grad Q(y) on {points:,} points, in float64; {weights}, nothing trained. inf: of "
        "some initialisation the smallest eigenvalue is rounding.")


@dataclasses.dataclass(frozen=True)
class KernelSummary:
    """The critics of one network and activation on one task, over their initialisations.

    Attributes:
      task, weights, activation, width, depth, network: as in `KernelRow`.
      initialisations: how many.
      average_diagonal, row_ratio, rank: means with intervals.
      condition_number: geometric mean; inf without interval if one of them is.
    """

    task: str
    weights: str
    activation: str
    width: int
    depth: int
    network: str
    initialisations: int
    average_diagonal: Estimate
    row_ratio: Estimate
    condition_number: Estimate
    rank: Estimate


def summarise(rows: Sequence[KernelRow]) -> list[KernelSummary]:
    """One summary for each task, way of drawing weights, activation and network, in the order of the rows."""
    cells: dict[tuple[str, str, str, int, int, str], list[KernelRow]] = {}
    for row in rows:
        cell = (row.task, row.weights, row.activation, row.width, row.depth, row.network)
        cells.setdefault(cell, []).append(row)
    return [
        KernelSummary(*cell, len(own), mean_difference([[row.average_diagonal for row in own]]),
                      mean_difference([[row.row_ratio for row in own]]),
                      _geometric_mean([row.condition_number for row in own]),
                      mean_difference([[row.rank for row in own]]))
        for cell, own in cells.items()
    ]


def as_text(summaries: Sequence[KernelSummary]) -> str:
    """The table for a terminal."""
    header = _header(summaries)
    return format_table(header, [summary_cells(summary) for summary in summaries], right=header[2:])


def _header(summaries: Sequence[KernelSummary]) -> tuple[str, ...]:
    """The columns of a measurement, which is of perceptrons or of one critic from outside."""
    return HEADER if summaries[0].activation else OWN_HEADER


def as_markdown(rows: Sequence[KernelRow], summaries: Sequence[KernelSummary], pictures: Sequence[str]) -> str:
    """The page of a measurement: table, what was measured, pictures."""
    first = rows[0]
    table = markdown_rows(_header(summaries), map(summary_cells, summaries))
    weights = f"weights {first.weights}, biases 0" if first.activation else "weights as the module draws them"
    lines = [f"# Kernels of random critics on {first.task}", "", *table, "",
             NOTE.format(count=summaries[0].initialisations, points=first.points, weights=weights), ""]
    return "\n".join([*lines, *(f"![{name.partition('.')[0]}]({name})\n" for name in pictures)])


def markdown_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A pipe table; columns from the third on are numbers."""
    rule = ["---|" if place < 2 else "---:|" for place in range(len(header))]
    return [f"| {' | '.join(header)} |", f"|{''.join(rule)}", *(f"| {' | '.join(row)} |" for row in rows)]


def as_csv(rows: Sequence[Any]) -> bytes:
    """The rows, one per line, full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0]._fields)
    writer.writerows(rows)
    return text.getvalue().encode()


def summary_csv(summaries: Sequence[KernelSummary]) -> bytes:
    """The summaries, full precision; an estimate has three columns, its interval in the last two."""
    names = [field.name for field in dataclasses.fields(KernelSummary)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names[:7], *(f"{name}{part}" for name in names[7:] for part in ("", "_low", "_high"))])
    for summary in summaries:
        plain = [getattr(summary, name) for name in names]
        numbers = [x for estimate in plain[7:] for x in (estimate.effect, estimate.low, estimate.high)]
        writer.writerow([*plain[:7], *("" if x is None else x for x in numbers)])
    return text.getvalue().encode()


def as_record(summaries: Sequence[KernelSummary]) -> list[dict]:
    """The summaries as JSON values; what is not finite is None."""
    def plain(value):
        if isinstance(value, Estimate):
            return {part: plain(getattr(value, part)) for part in ("effect", "low", "high")}
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return [{field.name: plain(getattr(summary, field.name)) for field in dataclasses.fields(summary)}
            for summary in summaries]


def _geometric_mean(values: Sequence[float]) -> Estimate:
    if not all(map(math.isfinite, values)):
        return Estimate(math.inf)
    found = mean_difference([[math.log10(value) for value in values]])
    return Estimate(*(None if x is None else 10.0**x for x in (found.effect, found.low, found.high)))


def summary_cells(summary: KernelSummary) -> tuple[str, ...]:
    """A row of `HEADER` or `OWN_HEADER`."""
    kind = (summary.activation, str(summary.width), str(summary.depth)) if summary.activation else (summary.network,)
    return (summary.task, *kind,
            *(_interval(value) for value in (summary.average_diagonal, summary.row_ratio, summary.condition_number)),
            f"{summary.rank.effect:.0f}")


def _interval(estimate: Estimate) -> str:
    """`12.1 [11.8, 12.4]`, or the number alone."""
    if estimate.effect is None:
        return ABSENT
    if estimate.low is None or estimate.high is None:
        return _number(estimate.effect)
    return f"{_number(estimate.effect)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1e3 or abs(value) >= 1e5 else f"{value:,.0f}"
