"""Which agent a structure learns by: the algorithm of its settings, or one from outside."""

from __future__ import annotations

from divbench.learn.agents.agent import Agent
from divbench.learn.agents.coefficients import Structure
from divbench.learn.agents.preqn import PREQN
from divbench.learn.agents.sac import SAC
from divbench.learn.agents.td3 import TD3
from divbench.spec.errors import UsageError
from divbench.spec.naming import load_object
from divbench.spec.objects import AGENT, read_object

AGENTS = {agent.algorithm: agent for agent in (SAC, TD3, PREQN)}


def agent_of(structure: Structure) -> Agent:
    """The algorithm that lanes of that structure learn by.

    Raises:
      UsageError: the one from outside is no `Agent`.
    """
    own = structure.own(AGENT)
    if not own:
        return AGENTS[structure.settings.algorithm]
    what = f"agent '{own}'"
    agent = load_object(read_object(own, AGENT, what), what)
    if not isinstance(agent, Agent):
        raise UsageError(f"{what}: expected a divbench.learn.agents.agent.Agent, found a {type(agent).__name__}")
    return agent
