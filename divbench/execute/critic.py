"""Trained critics, taken from a run's checkpoint: `divbench.load_critic`."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import jax
import jax.numpy as jnp

from divbench.execute.policy import last_state, units_of
from divbench.learn.agents import critic as critics
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.records.folder import read_card
from divbench.spec.plan import Lane


@dataclasses.dataclass(frozen=True, repr=False)
class Critic:
    """A lane's critics at its last checkpoint. Call it with an observation and an action.

    Attributes:
      lane: whose critics they are.
      env_step, update: how long the lane had trained.
      variables: of all critics, leaves `[N, ...]`; `params`, and collections such as `batch_stats`.
    """

    lane: Lane
    env_step: int
    update: int
    variables: dict
    coefs: Coefficients
    structure: Structure
    low: jax.Array
    high: jax.Array
    mean: jax.Array  # what observations are shifted and divided by, as an offline run saw them
    deviation: jax.Array

    def __call__(self, obs: jax.Array, action: jax.Array) -> jax.Array:
        """Q of each critic `[N]` for one observation `[O]` and one action `[A]` within the task's bounds."""
        return self.q(self.variables, obs, action)

    def q(self, variables: dict, obs: jax.Array, action: jax.Array) -> jax.Array:
        """The same of other variables: a pure function, to be compiled, vmapped, and differentiated in reverse mode.

        Q is in the unit of the rewards that the lane learned from (`reward_scale`, `reward_shift`).
        """
        seen = (jnp.asarray(obs, jnp.float32) - self.mean) / self.deviation
        done = (2.0 * jnp.asarray(action, jnp.float32) - self.low - self.high) / (self.high - self.low)
        return critics.values(variables, seen[None], done[None], self.coefs, self.structure)[:, 0]

    def __repr__(self) -> str:
        return f"<{self.structure.settings.critics} critics of {self.lane.name} at update {self.update:,}>"


def load_critic(path: str | os.PathLike, lane: str) -> Critic:
    """The critics of one lane of a run folder, from its last checkpoint.

    Args:
      path: the run folder, finished or not.
      lane: its name, `task/variant/utd<u>/seed<s>`, such as `cheetah-run/ofn/utd8/seed0`.

    Raises:
      UsageError: no such folder or lane, no checkpoint yet, or a damaged one.
    """
    path = Path(path)
    card = read_card(path, older=True)
    last = last_state(path, card, lane)
    return Critic(last.lane, last.env_step, last.update, last.learner.critic, last.coefs, last.structure,
                  *units_of(card, last.lane.task))
