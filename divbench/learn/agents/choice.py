"""Which module is a structure's algorithm. Each has `initialise`, `temperature`, `entropy_weight`, `act`, `sample`,
`td_target`, `update` and `critic_change`."""

from __future__ import annotations

from types import ModuleType

from divbench.learn.agents import preqn, sac, td3
from divbench.learn.agents.coefficients import Structure

AGENTS = {"sac": sac, "td3": td3, "preqn": preqn}


def agent_of(structure: Structure) -> ModuleType:
    """The algorithm that lanes of that structure learn by."""
    return AGENTS[structure.settings.algorithm]
