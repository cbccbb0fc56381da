"""How large the networks of a run are, and what an update of them costs: from the card, where a run writes it."""

from __future__ import annotations

from collections.abc import Mapping

from divbench.report.layout import TextColumn, TextTable, number
from divbench.spec.text import format_span

NOTE = ("parameters that are learned, of all critics together and of the actor; FLOPs of the matrix products of one "
        "update of one lane")


def network_table(card: Mapping) -> TextTable:
    """One row for each task and size of networks; none for the card of an older or an imported run."""
    columns = (TextColumn("task", right=False), TextColumn("variants", right=False), TextColumn("network", right=False),
               TextColumn("critics"), TextColumn("actor"), TextColumn("FLOPs"))
    rows = tuple((row["task"], ", ".join(row["variants"]), row["network"], f"{row['critic_parameters']:,}",
                  f"{row['actor_parameters']:,}", number(row["update_flops"])) for row in card.get("networks", ()))
    return TextTable("Networks", columns, rows, NOTE)


def network_lines(card: Mapping) -> list[str]:
    """One line for each network, over all tasks and variants: `mlp 256x256: critics 144,386 parameters, actor 73,484,
    5.82e8 FLOPs an update`."""
    found: dict[str, list[Mapping]] = {}
    for row in card.get("networks", ()):
        found.setdefault(row["network"], []).append(row)
    return [f"{name}: critics {_span(rows, 'critic_parameters')} parameters, actor {_span(rows, 'actor_parameters')}, "
            f"{' to '.join(dict.fromkeys(number(pick(_of(rows, 'update_flops'))) for pick in (min, max)))} FLOPs an "
            "update" for name, rows in found.items()]


def _of(rows: list[Mapping], name: str) -> list[int]:
    return [row[name] for row in rows]


def _span(rows: list[Mapping], name: str) -> str:
    return format_span(_of(rows, name))
