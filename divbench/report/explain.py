"""What a metric means, as text for the command line. The words themselves are in `divbench.records.metrics`."""

from __future__ import annotations

import textwrap

from divbench.records.metrics import BY_PREQN, CHEAP, FULL, METRICS, Metric
from divbench.spec.errors import choose
from divbench.spec.text import format_table

WIDTH = 100  # of a line, in characters


def explain(name: str) -> str:
    """A metric in a few lines: name and place, what it means, formula, unit, level and source.

    Raises:
      UsageError: no metric of that name; it names the nearest one.
    """
    metric = METRICS[choose("metric", name, METRICS)]
    facts = {"formula": metric.formula, "unit": "none" if metric.unit == "1" else metric.unit, "level": _level(metric),
             "table": _table(metric), "one per": _per(metric), "source": metric.source}
    width = max(map(len, facts))
    lines = [metric.name, *textwrap.wrap(metric.meaning, WIDTH), ""]
    for label, fact in facts.items():
        head = f"{label:<{width}}  "
        lines += textwrap.wrap(fact, WIDTH, initial_indent=head, subsequent_indent=" " * len(head),
                               break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


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
