"""What the networks of a lane are called: the column `network` of every table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from divbench.spec.plan import Lane


def network_of(lane: Lane) -> str:
    """`mlp 256x256`, or a critic from outside as it is written: `mine:SimBa(width=128)`."""
    return lane.variant.critic or mlp_of(widths_text(lane.sac.hidden))


def mlp_of(widths: str) -> str:
    """divbench's own networks, with hidden layers of these widths, as text."""
    return f"mlp {widths}"


def widths_text(widths: Iterable[int]) -> str:
    """`256x256`."""
    return "x".join(map(str, widths))
