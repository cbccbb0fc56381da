"""What lanes could learn from: the rewards of their replays, per cell as a table and per lane in words.

Runs of a table schema below 3 were not measured for it and have no rows here.
"""

from __future__ import annotations

import dataclasses
import statistics

from divbench.report.layout import TextColumn, TextTable, number
from divbench.report.series import Cell, Cells, Series, last_common_point

REWARD_COLUMNS = ("reward_mean", "reward_max", "reward_nonzero")
NOTE = ("mean reward of the whole replay, as the task pays it: median over seeds [least, largest], at the first "
        "measurement, which is of the random phase or the dataset, and at the last one that the seeds share; largest: "
        "of any seed; not 0: median share of the rewards there")


@dataclasses.dataclass(frozen=True)
class RewardRow:
    """Rewards of the replays of one cell.

    Attributes:
      cell: task, variant, UTD.
      env_step, update: the last point that all its lanes were measured at.
      first, last: each seed's mean reward at its first measurement and at that point, or the last finite before it.
      largest: the largest reward of any seed.
      nonzero: median over seeds of the share of rewards that are not 0.
    """

    cell: Cell
    env_step: int
    update: int
    first: tuple[float, ...]
    last: tuple[float, ...]
    largest: float
    nonzero: float


def reward_rows(cells: Cells) -> list[RewardRow]:
    """One row for each cell with measured rewards. `cells` holds the columns `REWARD_COLUMNS`."""
    rows = []
    for cell, lanes in cells.items():
        point = last_common_point(lanes.values())
        if point is None:
            continue
        measured = [so_far for series in lanes.values() if (so_far := series.until(point)).finite("reward_mean")]
        if not measured:
            continue
        means, most, shares = ([series.finite(column) for series in measured] for column in REWARD_COLUMNS)
        rows.append(RewardRow(cell, *point, tuple(mean[0] for mean in means), tuple(mean[-1] for mean in means),
                              max(found[-1] for found in most), statistics.median(found[-1] for found in shares)))
    return rows


def reward_table(rows: list[RewardRow]) -> TextTable:
    """The rows as text."""
    columns = (TextColumn("task", right=False), TextColumn("variant", right=False), TextColumn("UTD"),
               TextColumn("mean at first"), TextColumn("mean at last"), TextColumn("largest"), TextColumn("not 0"),
               TextColumn("seeds"), TextColumn("env step"), TextColumn("update"))
    lines = tuple(
        (*row.cell, _spread(row.first), _spread(row.last), number(row.largest), f"{100.0 * row.nonzero:.3g}%",
         str(len(row.last)), f"{row.env_step:,}", f"{row.update:,}")
        for row in rows)
    return TextTable("Rewards in the replay", columns, lines, NOTE)


def rewards_in_words(cells: Cells) -> dict[tuple[str, str, str, int], str]:
    """By (task, variant, UTD, seed): `Rewards of the replay: 0.0097 on average, at most 0.2, 31% not 0.`"""
    return {(*cell, seed): words for cell, lanes in cells.items() for seed, series in lanes.items()
            if (words := lane_rewards(series))}


def lane_rewards(series: Series) -> str:
    """The sentence of one lane at its last measurement; empty for one that was not measured for it."""
    mean, most, share = (series.finite(column)[-1:] for column in REWARD_COLUMNS)
    if not mean:
        return ""
    return (f"Rewards of the replay: {number(mean[0])} on average, at most {number(most[0])}, "
            f"{100.0 * share[0]:.3g}% not 0.")


def _spread(values: tuple[float, ...]) -> str:
    """`0.0097`, or `0.0097 [0.0011, 0.0168]` of several seeds."""
    middle = number(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} [{number(min(values))}, {number(max(values))}]"
