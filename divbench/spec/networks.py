"""What the networks of a lane are called: the column `network` of every table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from divbench.spec.settings import SACSettings

if TYPE_CHECKING:
    from divbench.spec.plan import Lane


def network_of(lane: Lane) -> str:
    """`mlp 256x256`, or a critic from outside as it is written: `mine:SimBa(width=128)`.

    An actor from outside is named too, and one that is not as wide as the MLP critic, or, with a critic from outside,
    as by default: `mlp 256x256, actor 128x128`.
    """
    if lane.variant.critic:
        critic, usual = lane.variant.critic, SACSettings().actor_hidden
    else:
        critic, usual = mlp_of(widths_text(lane.sac.critic_hidden)), lane.sac.critic_hidden
    if lane.variant.actor:
        return f"{critic}, actor {lane.variant.actor}"
    actor = lane.sac.actor_hidden
    return critic if actor == usual else f"{critic}, actor {widths_text(actor)}"


def mlp_of(widths: str) -> str:
    """divbench's own networks, with hidden layers of these widths, as text."""
    return f"mlp {widths}"


def widths_text(widths: Iterable[int]) -> str:
    """`256x256`."""
    return "x".join(map(str, widths))
