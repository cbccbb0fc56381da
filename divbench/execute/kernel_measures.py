"""What `--diagnose ntk,seem` measures: the kernel of a lane's first critic on transitions of its replay or dataset.

Made of the functions of `divbench.diagnostics.kernels`. What each number means is said in `divbench.records.metrics`.
SEEM's eigenvalues are found on the host: `diagnose` hands out the matrix, `seem_of` makes numbers of it.
Letters in shapes: L lanes, K points.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from divbench.diagnostics.kernels import summaries
from divbench.diagnostics.kernels.directions import update_alignment
from divbench.diagnostics.kernels.seem import seem
from divbench.learn.agents import critic as critics
from divbench.learn.agents import kernel as kernels
from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.replay import Batch

POINTS = 256  # transitions that kernels are made of
MATRIX = "seem_matrix"


def first_critic(critic: Any) -> Any:
    """The first critic alone, its axis kept; of a module that holds all critics, the module."""
    return jax.tree.map(lambda leaf: leaf[:1], critic)


def kernel_of(critic: Any, points: Batch, coefs: Coefficients, structure: Structure) -> jax.Array:
    """K(X, X) of one critic (`first_critic`) on the data's pairs, `[K, K]`."""
    return kernels.kernel(critic, points.obs, points.action, coefs, structure)


def measure_ntk(kernel: jax.Array) -> dict:
    """`ntk_...` by metric and layer (`""`): scalars of a kernel `[K, K]`."""
    described = summaries.describe(kernel)
    names = {"average_diagonal": "ntk_diagonal", "row_ratio": "ntk_row_ratio", "condition_number": "ntk_condition",
             "rank": "ntk_rank"}
    return {names[name]: {"": value} for name, value in described.items()}


def measure_alignment(learner: LearnerState, batch: Batch, target: Any, step: Any, coefs: Coefficients,
                      structure: Structure) -> dict:
    """`update_cosine`: did the step change the first critic's Q on its minibatch as the TD errors ask?"""
    moved = {**learner.critic, "params": jax.tree.map(jnp.add, learner.critic["params"], step)}
    before, after = (critics.values(critic, batch.obs, batch.action, coefs, structure)[0]
                     for critic in (learner.critic, moved))
    return {"update_cosine": {"": update_alignment(before, after, target - before)}}


def measure_excitation(learner: LearnerState, points: Batch, coefs: Coefficients, structure: Structure) -> dict:
    """SEEM's matrix A, `[K, K]`, for `seem_of`. The policy's actions are its mode's."""
    action = agent_of(structure).act(learner.actor, points.next_obs, coefs, structure)
    matrix = kernels.excitation(first_critic(learner.critic), (points.obs, points.action), (points.next_obs, action),
                                coefs, structure)
    return {MATRIX: {"": matrix}}


def seem_of(details: dict) -> dict:
    """What `diagnose` measured by layer, with the lanes' matrices `[L, K, K]` replaced by SEEM's numbers `[L]`."""
    if MATRIX not in details:
        return details
    found = [seem(matrix) for matrix in np.asarray(details[MATRIX][""])]
    numbers = {"seem": [one.value for one in found], "seem_normalised": [one.normalised for one in found],
               "seem_resolution": [one.resolution for one in found]}
    kept = {name: layers for name, layers in details.items() if name != MATRIX}
    return kept | {name: {"": np.asarray(values)} for name, values in numbers.items()}
