"""What happened to each lane, as a section of Markdown: verdict, first cause, early warning and the paragraph on it.

Does not live here: the paragraph itself (`divbench.verdict.explanation`) and the tables (`markdown`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from divbench.verdict.rows import lane_of
from divbench.verdict.warning import HORIZON

if TYPE_CHECKING:
    from divbench.verdict import CriticalPoint

TITLE = "What happened to each lane"
NOTE = ("First cause: what left its band first, a column of the table of values, or the learner or the physics. "
        f"Warning: probability that the lane diverges within the next {HORIZON:,} updates; none where it has already, "
        "and where the model was not fitted.")
NOTE_CRITICAL = ("Critical point: the update from which policy and direction of the critic's kernel rested from "
                 "measurement to measurement (cosines of at least 0.99), until mean Q passed its bound or to the end.")


def lanes_section(rows: Iterable[Mapping], critical: Mapping[tuple, CriticalPoint] | None = None,
                  rewards: Mapping[tuple, str] | None = None) -> str:
    """The section, grouped by task, then by variant; empty without a row that has an explanation.

    Args:
      rows: rows of the table of verdicts. Groups appear in the order of their first row, lanes in a group by UTD and
        seed. A row of an older table, without explanation, is left out.
      critical: lanes' critical points, as `divbench.verdict.critical_points` finds them; None for a run that was not
        measured for them.
      rewards: by lane a sentence on the rewards of its replay, `divbench.report.rewards.rewards_in_words`.
    """
    tasks: dict[str, dict[str, list[Mapping]]] = {}
    for row in rows:
        if row.get("explanation"):
            tasks.setdefault(row["task"], {}).setdefault(row["variant"], []).append(row)
    if not tasks:
        return ""
    blocks = [f"## {TITLE}", NOTE if critical is None else f"{NOTE} {NOTE_CRITICAL}"]
    for task, variants in tasks.items():
        for variant, lanes in variants.items():
            blocks.append(f"### {_text(task)}, {_text(variant)}")
            blocks.append("\n".join(_item(row, critical, rewards or {}) for row in sorted(lanes, key=_place)))
    return "\n\n".join(blocks) + "\n"


def _item(row: Mapping, critical: Mapping[tuple, CriticalPoint] | None, rewards: Mapping[tuple, str]) -> str:
    facts = [f"UTD {_text(row['utd'])}", f"seed {row['seed']}", row["verdict"]]
    cause = row.get("first_cause")
    if cause:
        facts.append(f"first cause `{cause}` at update {row['first_update']:,}")
    if critical is not None:
        point = critical.get(lane_of(row))
        facts.append(f"critical point at update {point.update:,}" if point else "no critical point")
    warning = row.get("warning")
    if warning is not None and not math.isnan(warning):
        facts.append(f"warning {share(warning)}")
    told = " ".join([row["explanation"], *filter(None, [rewards.get(lane_of(row))])])
    return f"- **{', '.join(facts)}.** {_text(told)}"


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
