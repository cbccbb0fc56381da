"""How far each layer of a lane's critics has grown, of runs measured with `--diagnose full`: the table `layers.md`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.report.layout import ABSENT, LaneVerdict, TextColumn, TextTable
from divbench.verdict.explanation import fold
from divbench.verdict.first_cause import departures, growth, until_frozen
from divbench.verdict.rows import by_lane, lane_of

if TYPE_CHECKING:
    import pyarrow as pa

# Metric of the table of diagnostics: its heading, and the column of the table of values that is its whole, or grows
# with it.
GROWING = {"gradient_norm": ("gradient", "grad_norm"), "first_moment_norm": ("first moment", "second_moment"),
           "second_moment_norm": ("second moment", "second_moment"), "parameter_norm": ("parameters", "second_moment")}
COLUMNS = (TextColumn("task", right=False), TextColumn("variant", right=False), TextColumn("UTD"), TextColumn("seed"),
           TextColumn("layer", right=False), *(TextColumn(heading) for heading, _ in GROWING.values()))
NOTE = ("the largest norm after the first update over the median of the first three, of those before the whole "
        "critic's left its band if it did; a frozen lane counts up to where it was frozen")


def layer_table(values: pa.Table, diagnostics: pa.Table, lanes: Sequence[LaneVerdict]) -> TextTable:
    """A row for each lane and layer; without rows where nothing was measured layer by layer.

    Args:
      values, diagnostics: tables of a run.
      lanes: those of the table, in its order.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    measured: dict[tuple, dict[str, dict[tuple, dict[str, float]]]] = {}
    for row in diagnostics.filter(pc.is_in(diagnostics["metric"], value_set=pa.array(list(GROWING)))).to_pylist():
        layers = measured.setdefault(lane_of(row), {})
        layers.setdefault(row["layer"], {}).setdefault(_place(row), {})[row["metric"]] = row["value"]
    rows = by_lane(values.to_pylist()) if measured else {}
    lines = []
    for lane in lanes:
        name = (*lane.cell, lane.seed)
        seen = until_frozen(rows.get(name, ()))
        left = departures(seen)
        for layer, found in sorted(measured.get(name, {}).items(), key=_depth):
            series = [{**row, **found.get(_place(row), {})} for row in seen]
            grown = (growth(series, metric, left.get(whole)) for metric, (_, whole) in GROWING.items())
            lines.append((*lane.cell, str(lane.seed), layer, *(ABSENT if math.isnan(x) else fold(x) for x in grown)))
    return TextTable("Growth of the critics' layers", COLUMNS, tuple(lines), NOTE)


def _depth(item: tuple[str, Mapping]) -> tuple[bool, int, str]:
    """From the input on: `hidden1`, ..., `hidden10`, `head`; other names by length and letter."""
    return item[0] == "head", len(item[0]), item[0]


def _place(row: Mapping) -> tuple[int, int]:
    return row["env_step"], row["update"]
