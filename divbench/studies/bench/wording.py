"""The results of `divbench bench` for people and for programs: a line for each row, tables, CSV, JSON values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from divbench.spec.text import format_size, format_table, line_width
from divbench.studies.bench.measuring import Bench
from divbench.studies.bench.projection import Projection
from divbench.studies.bench.rows import SKIPPED, BenchRow

HEADER = ("task", "variant", "lanes", "timed", "updates/s", "env steps/s", "samples", "of matmuls", "compile", "memory")
HOURS = ("suite", "variant", "lanes", "hours", "updates", "env steps", "evaluation", "tasks measured")


def describe(bench: Bench) -> str:
    """With what it was measured, the table, the hours, and how to read them."""
    rows = [row for row in bench.rows if row.kind != SKIPPED]
    skipped = [f"skipped: {row.task}, {row.variant}, {row.lanes} lanes: {row.note}" for row in bench.rows
               if row.kind == SKIPPED]
    hours = [_hours(one) for one in bench.projections]
    parts = ["\n".join(facts(bench)), format_table(HEADER, [_cells(row) for row in bench.rows], right=HEADER[2:3]
                                                   + HEADER[4:], width=line_width()),
             *(["\n".join(skipped)] if skipped else []),
             *([format_table(HOURS, hours, right=HOURS[2:])] if hours else []), "\n".join(_notes(rows, bench))]
    return "\n\n".join(parts)


def facts(bench: Bench) -> list[str]:
    """What every number shares, in two lines."""
    card, first = bench.card, bench.rows[0]
    physics = ", ".join(dict.fromkeys(card["physics"].values()))
    networks = "; ".join(dict.fromkeys(f"network {row.network}, batch {row.batch_size}" for row in bench.rows))
    return [f"{card['device']}, {card['cpus']} CPU cores, jax {first.jax}, precision {card['precision']}, "
            f"physics {physics}, {networks}", card["command"]]


def line(row: BenchRow) -> str:
    """A row in one line."""
    name = f"{row.task}, {row.variant}, {row.lanes} {'lane' if row.lanes == 1 else 'lanes'}, {row.label}"
    if row.kind == SKIPPED:
        return f"{name}: {row.note}"
    rates = [f"{rate(value)} {unit}" for value, unit in ((row.updates_per_second, "updates/s"),
                                                         (row.env_steps_per_second, "env steps/s")) if value]
    return f"{name}: {', '.join(rates)} ({spread(row)})"


def spread(row: BenchRow) -> str:
    """The slowest and the fastest sample against the median: `-4% +2%`."""
    return f"{100 * (row.slowest - 1):+.0f}% {100 * (row.fastest - 1):+.0f}%"


def rate(value: float | None) -> str:
    """Three digits: `0.123`, `45.6`, `1,230`; nothing where nothing was measured."""
    if value is None:
        return ""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def as_csv(rows: Sequence[BenchRow]) -> bytes:
    """The rows, full precision; a column is empty where nothing was measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(BenchRow._fields)
    writer.writerows(rows)
    return text.getvalue().encode()


def as_record(bench: Bench) -> dict:
    """Everything as JSON values."""
    return {"card": bench.card, "rows": [row._asdict() for row in bench.rows],
            "projections": [one.record() for one in bench.projections]}


def _cells(row: BenchRow) -> tuple[str, ...]:
    names = (row.task, row.variant, str(row.lanes), row.label)
    if row.kind == SKIPPED:
        return (*names, "", "", "", "", "", f"{format_size(row.memory_counted)} needed")
    of_ceiling = "" if row.ceiling_share is None else f"{100 * row.ceiling_share:.1f}%"
    return (*names, rate(row.updates_per_second), rate(row.env_steps_per_second), spread(row), of_ceiling,
            f"{row.compile_seconds:.1f} s", format_size(row.memory_bytes))


def _hours(one: Projection) -> tuple[str, ...]:
    numbers = (one.hours, one.update_hours, one.env_step_hours, one.evaluation_hours)
    return (one.suite, one.variant, str(one.lanes), *map(rate, numbers),
            f"{len(one.measured)} of {len(one.measured) + len(one.assumed)}")


def _notes(rows: Sequence[BenchRow], bench: Bench) -> list[str]:
    first = rows[0]
    notes = [f"rates: sums over lanes, medians of {first.samples} samples; samples: slowest and fastest against them",
             "of matmuls: FLOPs/s of the updates over those of their matrix products alone, on this device",
             "learning: updates while nobody acts; acting: env steps of the policy without updates",
             f"memory: {first.memory_of}; earlier programs included; the replay holds two episodes, not a run's"]
    assuming = next((one for one in bench.projections if one.assumed), None)
    if bench.projections:
        notes.append("hours: all lanes of the suite, so many at a time, from learning and acting; "
                     "compilation and measurements come on top")
    if assuming:
        notes.append(f"tasks that were not measured take the rates of {assuming.rates_of}: updates scaled by FLOPs, "
                     "env steps as they are")
    return notes
