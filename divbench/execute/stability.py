"""How still a lane stands between two measurements: its policy, its critic, and the direction of its critic's kernel.

Lives here: what is kept of a measurement until the next one, and the comparison. Which numbers follow is said in
`divbench.records.metrics`, the limits at which they count as rest in `divbench.verdict.critical_point`.
While a run trains its end is not known, so the comparison is with the measurement before, not with the end as in the
figures of Yue et al. (2310.04411). Both parameters are tried on the same points, those of the present measurement.
Letters in shapes: L lanes, N critics, K points.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from divbench.diagnostics.kernels.directions import cosine
from divbench.diagnostics.policy import action_similarity
from divbench.execute.kernel_measures import first_critic, kernel_of
from divbench.learn.agents import critic as critics
from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.replay import Batch


class Before(NamedTuple):
    """What is kept of a measurement: networks of all lanes, leaves `[L, ...]`."""

    actor: dict
    critic: dict  # the first of each lane, its axis kept: `[L, 1, ...]`


def nothing_before(learner: LearnerState) -> Before:
    """What stands before the first measurement: NaN in the shapes of `learner`, so that what is compared with it is."""
    return jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), _parts(learner))


def remember(learner: LearnerState) -> Before:
    """What the next measurement is compared with; copies, since training gives the learner's own memory away."""
    return jax.tree.map(jnp.copy, _parts(learner))


def measure_stability(learner: LearnerState, before: Before, points: Batch, kernel: jax.Array, coefs: Coefficients,
                      structure: Structure) -> dict:
    """`..._stability` by metric and layer (`""`), of one lane. NaN in a lane that is frozen: it cannot move.

    Args:
      learner, before: the lane now, and as it was at the measurement before.
      points: K transitions, those of the present measurement.
      kernel: `kernel_of` the present first critic on them, `[K, K]`.
    """
    act = agent_of(structure).act
    actions, earlier = (act(actor, points.next_obs, coefs, structure) for actor in (learner.actor, before.actor))
    own = first_critic(learner.critic)
    found = {
        "action_stability": action_similarity(actions, earlier),
        "ntk_stability": cosine(kernel, kernel_of(before.critic, points, coefs, structure)),
        "parameter_stability": cosine(*(critics.learnable(critic["params"], coefs, structure)
                                         for critic in (own, before.critic))),
    }
    return {name: {"": jnp.where(learner.alive, value, jnp.nan)} for name, value in found.items()}


def _parts(learner: LearnerState) -> Before:
    return Before(learner.actor, jax.vmap(first_critic)(learner.critic))
