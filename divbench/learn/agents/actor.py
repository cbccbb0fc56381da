"""The actor's side of a lane, the same for every algorithm: its module, its step.

What its loss is, and how actions follow from its outputs, are the algorithms' own.
"""

from __future__ import annotations

from typing import Any

from divbench.learn.agents import stepping
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.networks.foreign_actor import foreign_actor
from divbench.spec.objects import ACTOR


def module_of(structure: Structure, kind: Any) -> Any:
    """The module of the actor, of the kind that the algorithm asks for, or one from outside in its place."""
    own = structure.own(ACTOR)
    if own:
        return foreign_actor(own, structure.observation_size, structure.action_size, kind)
    settings = structure.settings
    return kind(structure.action_size, settings.actor_hidden, settings.activation, settings.initialisation,
                "actor_layernorm" in structure.mechanisms)


def step(learner: LearnerState, gradient: Any, coefs: Coefficients, structure: Structure) -> tuple[dict, Any]:
    """The actor and the state of its optimizer after one step down `gradient`, a tree like the actor's parameters."""
    params, moments = stepping.apply_optimizer(stepping.actor_optimizer(coefs, structure), gradient,
                                               learner.actor_moments, learner.actor["params"])
    return {"params": params}, moments
