"""Trained critics, taken from a run's checkpoint: `divbench.load_critic`."""

from __future__ import annotations

import os

import chex
import jax
import jax.numpy as jnp

from divbench.execute.trained_policy import TrainedNetworks, load_networks
from divbench.learn.agents import critic as critics


class Critic(TrainedNetworks):
    """A lane's critics at its last checkpoint. Call it with an observation and an action.

    Attributes: as `TrainedNetworks`.
      variables: of all critics, leaves `[N, ...]`, or `[1, ...]` of a module that holds them all; `params`, and
        collections such as `batch_stats`.
    """

    @property
    def variables(self) -> dict:
        return self.networks

    def __call__(self, obs: jax.Array, action: jax.Array) -> jax.Array:
        """Q of each critic `[N]` for one observation `[O]` and one action `[A]` within the task's bounds."""
        return self.q(self.variables, obs, action)

    def q(self, variables: dict, obs: jax.Array, action: jax.Array) -> jax.Array:
        """The same of other variables: a pure function, to be compiled, vmapped, and differentiated in reverse mode.

        Q is in the unit of the rewards that the lane learned from (`reward_scale`, `reward_shift`).
        """
        action = jnp.asarray(action, jnp.float32)
        chex.assert_shape(action, (self.structure.action_size,), custom_message="one action; vmap over more")
        done = (2.0 * action - self.low - self.high) / (self.high - self.low)
        return critics.values(variables, self.seen(obs)[None], done[None], self.coefs, self.structure)[:, 0]

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
    return load_networks(Critic, "critic", path, lane)
