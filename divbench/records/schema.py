"""The tables of a run: names, columns, types and what each column means.

The documentation and the table writers are made from it. Measured columns of `values` are in `metrics`; reading and
writing are elsewhere (`journal`, `tables`). A column that comes or goes raises `SCHEMA_VERSION`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from divbench.records.metrics import METRICS, VALUES
from divbench.spec.networks import mlp_of

SCHEMA_VERSION = 4

TEXT, INTEGER, NUMBER = "text", "integer", "number"  # str, int64 and float64; a number that is missing is NaN

# In a column that a row's schema did not have yet.
NOT_MEASURED: dict[str, Any] = {TEXT: "", INTEGER: -1, NUMBER: math.nan}

# Since which schema a column means what it says today; in tables of older ones it holds "not measured". Before schema 3
# warnings were about the next 10,000 updates, and depended on how often a lane was measured.
RENEWED = {"verdicts": {"warning": 3}}
# A column of tables before schema 4: the widths of divbench's MLP, which `network` names since.
HIDDEN, NETWORK = "hidden", "network"


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table: name, type (`text`, `integer` or `number`) and one line of description."""

    name: str
    kind: str
    description: str


def _columns(*triples: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*triple) for triple in triples)


_LANE = _columns(
    ("suite", TEXT, "name of the suite"),
    ("task", TEXT, "environment, as dm_control spells it"),
    ("variant", TEXT, "what differs from plain SAC"),
    ("utd", TEXT, "gradient updates per env step of one lane: a whole number or 1/k"),
    ("seed", INTEGER, "seed of the lane"),
    ("physics", TEXT, "the implementation that made the physics: mjx, host or warp; toy for a task without a model"),
    ("action_repeat", INTEGER, "physics control steps per action"),
    ("network", TEXT, "critics and actor: mlp 256x256, or a critic of your own such as mine:SimBa(width=128)"),
    ("precision", TEXT, "matmul precision of the learner"),
)
_WHEN = _columns(
    ("env_step", INTEGER, "env steps of the lane so far, over all phases, action repeat counted"),
    ("update", INTEGER, "gradient updates of the lane so far"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "scores": _LANE + _WHEN + _columns(
        ("return_mean", NUMBER, "mean undiscounted return of the deterministic policy"),
        ("return_sd", NUMBER, "standard deviation of the return over the episodes"),
        ("episodes", INTEGER, "number of evaluation episodes"),
        ("return_min", NUMBER, "smallest return of an episode"),
        ("return_max", NUMBER, "largest return of an episode"),
    ),
    "values": _LANE + _WHEN + _columns(
        *((metric.name, NUMBER, metric.summary) for metric in METRICS.values() if metric.where == VALUES),
        ("resets", INTEGER, "resets of the lane so far"),
        ("nonfinite", TEXT, "empty, or what went non-finite first: learner, optimizer or physics"),
        ("nonfinite_step", INTEGER, "env step at which it did, -1 if it did not"),
        ("nonfinite_update", INTEGER, "update at which it did, -1 if it did not"),
    ),
    "diagnostics": _LANE + _WHEN + _columns(
        ("metric", TEXT, "name of the metric, as `divbench explain` knows it"),
        ("layer", TEXT, "hidden1, hidden2, ..., head, or a critic's own names; empty for a metric of the whole critic"),
        ("value", NUMBER, "its value"),
    ),
    "verdicts": _LANE + _columns(
        ("verdict", TEXT, "stable, overestimating, diverged, recovered or exploded"),
        ("env_step", INTEGER, "first measurement of what the verdict names; the last one if stable"),
        ("update", INTEGER, "update of the same measurement"),
        ("cause", TEXT, "the evidence in words"),
        ("first_cause", TEXT, "column of `values` that left its band first, or what went non-finite; empty if none"),
        ("first_update", INTEGER, "update of the measurement at which it did, -1 if none did"),
        ("explanation", TEXT, "what happened to the lane, in a paragraph"),
        ("warning", NUMBER, "probability that it diverges within the next 5,000 updates; nan if it has, or not fitted"),
        ("q_final", NUMBER, "q_replay_mean at the last measurement"),
        ("q_bound", NUMBER, "q_bound at the last measurement"),
    ),
    "timing": _columns(
        ("suite", TEXT, "name of the suite"),
        ("group", TEXT, "name of the group"),
        ("task", TEXT, "environment"),
        ("variants", TEXT, "variants of the group's lanes, joined by commas"),
        ("utd", TEXT, "gradient updates per env step of one lane"),
        ("physics", TEXT, "mjx, host or warp; toy for a task without a model"),
        ("action_repeat", INTEGER, "physics control steps per action"),
        ("network", TEXT, "critics and actor, as in the other tables"),
        ("precision", TEXT, "matmul precision of the learner"),
        ("lanes", INTEGER, "lanes of the group"),
        ("env_step", INTEGER, "env steps of one lane so far"),
        ("update", INTEGER, "updates of one lane so far"),
        ("phase", TEXT, "phase of the protocol"),
        ("event", TEXT, "compile, train, evaluate, measure or checkpoint; first_update: from the command to it"),
        ("seconds", NUMBER, "wall-clock seconds that the event took"),
        ("updates_per_second", NUMBER, "updates of all lanes per second; NaN unless the event is train"),
    ),
}

# Equal for equal runs; wall-clock figures are in `timing`.
RESULT_TABLES = ("scores", "values", "diagnostics", "verdicts")
LANE_COLUMNS = tuple(column.name for column in _LANE)


def column_names(table: str) -> tuple[str, ...]:
    """The columns of a table, in order."""
    return tuple(column.name for column in TABLES[table])


def completed_row(table: str, row: Mapping) -> dict:
    """A row of an older schema with the columns that have come since, as not measured, in today's order."""
    row = renamed_row(row)
    return {column.name: row.get(column.name, NOT_MEASURED[column.kind]) for column in TABLES[table]}


def renamed_row(row: Mapping) -> Mapping:
    """A row of an older schema with `network` in place of `hidden`: `mlp 256x256` for `256x256`."""
    if HIDDEN not in row:
        return row
    others = {name: value for name, value in row.items() if name != HIDDEN}
    return others | {NETWORK: row[HIDDEN] and mlp_of(row[HIDDEN])}


def check_rows(table: str, rows: Iterable[Mapping]) -> list[dict]:
    """The rows as plain Python values (`str`, `int`, `float`) in the table's column order.

    numpy scalars and arrays of one element become Python numbers; a float32 becomes the float64 of equal
    value.

    Raises:
      ValueError: an unknown table, or a row whose columns or types are not the table's. A mistake of the
        program, not of its user.
    """
    if table not in TABLES:
        raise ValueError(f"unknown table '{table}'; known: {', '.join(TABLES)}")
    columns = TABLES[table]
    checked = []
    for row in rows:
        if row.keys() != {column.name for column in columns}:
            names = {column.name for column in columns}
            raise ValueError(f"table '{table}': missing columns {sorted(names - row.keys())}, "
                             f"unknown columns {sorted(row.keys() - names)}")
        checked.append({column.name: _plain(table, column, row[column.name]) for column in columns})
    return checked


def _plain(table: str, column: Column, value: Any) -> str | int | float:
    if hasattr(value, "item"):
        value = value.item()
    if column.kind == TEXT and isinstance(value, str):
        return str(value)
    if column.kind == INTEGER and isinstance(value, int) and not isinstance(value, bool):
        return value
    if column.kind == NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"table '{table}', column '{column.name}': expected {column.kind}, found {value!r}")
