"""What a metric or a column means, as text for the command line.

The words themselves are in `divbench.records.metrics` and, of columns that are no metric, `divbench.records.schema`.
"""

from __future__ import annotations

from divbench.records.metrics import BY_PREQN, CHEAP, FULL, METRICS, Metric
from divbench.records.schema import TABLES
from divbench.spec.errors import choose
from divbench.spec.text import format_table, line_width, to_plain, wrapped

NAMES = (*METRICS, *sorted({column.name for table in TABLES.values() for column in table} - METRICS.keys()))


def explain(name: str) -> str:
    """A metric in a few lines: name and place, what it means, formula, unit, level and source; or another column of a
    table: what it holds, and where.

    Raises:
      UsageError: nothing of that name; it names the nearest one.
    """
    choose("metric or column", name, NAMES)
    if name not in METRICS:
        return _column(name)
    metric = METRICS[name]
    facts = {"formula": metric.formula, "unit": "none" if metric.unit == "1" else metric.unit, "level": _level(metric),
             "table": _table(metric), "one per": _per(metric), "source": metric.source}
    width = max(map(len, facts))
    lines = [metric.name, wrapped(metric.meaning, line_width(), 0), ""]
    lines += [wrapped(f"{label:<{width}}  {fact}", line_width(), width + 2) for label, fact in facts.items()]
    return "\n".join(lines)


def explanation_record(name: str) -> dict:
    """The same for programs: the fields of a `Metric`, or the tables that have the column and what each means by it.

    Raises:
      UsageError: as `explain`.
    """
    choose("metric or column", name, NAMES)
    if name in METRICS:
        return to_plain(METRICS[name])
    return {"name": name, "tables": {table: {"kind": kind, "meaning": meaning}
                                     for (kind, meaning), tables in _places(name).items() for table in tables}}


def _places(name: str) -> dict[tuple[str, str], list[str]]:
    """The tables that have a column, by its kind and what they mean by it."""
    places: dict[tuple[str, str], list[str]] = {}
    for table, columns in TABLES.items():
        for column in columns:
            if column.name == name:
                places.setdefault((column.kind, column.description), []).append(table)
    return places


def _column(name: str) -> str:
    """What each table means by a column that is no metric; tables that mean the same in one paragraph."""
    lines = [name]
    for (kind, description), tables in _places(name).items():
        lines += [wrapped(f"{description[0].upper()}{description[1:]}.", line_width(), 0), "",
                  f"type   {kind}", f"table  {', '.join(tables)} (a column)", ""]
    return "\n".join(lines[:-1])


def overview_record() -> dict:
    """All metrics for programs."""
    return {"metrics": list(METRICS.values())}


def overview() -> str:
    """All metrics, in the order of the tables: name, level and the first sentence of what each means."""
    rows = [(metric.name, metric.level, _first_sentence(metric.meaning)) for metric in METRICS.values()]
    return format_table(("metric", "level", "meaning"), rows)


def _table(metric: Metric) -> str:
    return metric.where + (" (a column)" if metric.where == "values" else " (rows whose metric is its name)")


def _level(metric: Metric) -> str:
    when = {CHEAP: "always", FULL: "with full diagnostics only", BY_PREQN: "of lanes that learn by preqn"}
    return f"{metric.level}, measured {when.get(metric.level, f'with --diagnose {metric.level}')}"


def _per(metric: Metric) -> str:
    return "layer of the critics" if metric.per_layer else "lane"


def _first_sentence(text: str) -> str:
    """Up to the first colon or full stop, whichever comes first, without it."""
    return min((text.partition(mark)[0] for mark in (": ", ". ")), key=len).rstrip(".")
