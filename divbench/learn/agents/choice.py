"""Which agent a structure learns by."""

from __future__ import annotations

from divbench.learn.agents.agent import Agent
from divbench.learn.agents.coefficients import Structure
from divbench.learn.agents.preqn import PREQN
from divbench.learn.agents.sac import SAC
from divbench.learn.agents.td3 import TD3

AGENTS = {agent.algorithm: agent for agent in (SAC, TD3, PREQN)}


def agent_of(structure: Structure) -> Agent:
    """The algorithm that lanes of that structure learn by."""
    return AGENTS[structure.settings.algorithm]
