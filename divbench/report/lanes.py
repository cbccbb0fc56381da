"""What happened to each lane, as a section of Markdown: verdict, first cause, early warning and the paragraph on it.

Does not live here: the paragraph itself (`divbench.verdict.explanation`) and the tables (`markdown`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

TITLE = "What happened to each lane"
NOTE = ("First cause: what left its band first, a column of the table of values, or the learner or the physics. "
        "Warning: probability that the lane diverges within the next 10,000 updates; none where it has already.")


def lanes_section(rows: Iterable[Mapping]) -> str:
    """The section, grouped by task, then by variant; empty without a row that has an explanation.

    Args:
      rows: rows of the table of verdicts. Groups appear in the order of their first row, lanes in a group by UTD and
        seed. A row of an older table, without explanation, is left out.
    """
    tasks: dict[str, dict[str, list[Mapping]]] = {}
    for row in rows:
        if row.get("explanation"):
            tasks.setdefault(row["task"], {}).setdefault(row["variant"], []).append(row)
    if not tasks:
        return ""
    blocks = [f"## {TITLE}", NOTE]
    for task, variants in tasks.items():
        for variant, lanes in variants.items():
            blocks.append(f"### {_text(task)}, {_text(variant)}")
            blocks.append("\n".join(_item(row) for row in sorted(lanes, key=_place)))
    return "\n\n".join(blocks) + "\n"


def _item(row: Mapping) -> str:
    facts = [f"UTD {_text(row['utd'])}", f"seed {row['seed']}", row["verdict"]]
    cause = row.get("first_cause")
    if cause:
        facts.append(f"first cause `{cause}` at update {row['first_update']:,}")
    warning = row.get("warning")
    if warning is not None and not math.isnan(warning):
        facts.append(f"warning {share(warning)}")
    return f"- **{', '.join(facts)}.** {_text(row['explanation'])}"


def share(probability: float) -> str:
    """A probability for people: `3%`, `below 1%`, `above 99%`."""
    if probability < 0.01:
        return "below 1%"
    return "above 99%" if probability > 0.99 else f"{100.0 * probability:.0f}%"


def _place(row: Mapping) -> tuple[float, int]:
    """UTD as a number, `1/2` included, and seed."""
    over, _, under = str(row["utd"]).partition("/")
    return float(over) / float(under or 1), row["seed"]


def _text(text: str) -> str:
    """One line, in which no character starts a mark of Markdown or a cell: `finger-turn_hard` stays itself."""
    line = " ".join(str(text).split())
    for mark in ("\\", "*", "_", "`", "<", "|"):
        line = line.replace(mark, f"\\{mark}")
    return line
