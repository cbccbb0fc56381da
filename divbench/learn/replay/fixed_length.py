"""Replay of episodes of one length: each observation stored once, as long as the run, never wrapping.

Row r of a lane holds (observation, action, reward, continuation) of a transition; the observation it led to is the one
in row r + 1. Each episode of T steps takes T + 1 rows, the last holding only the final observation, so a transition at
an episode's end leads to the observation before the reset. Letters in shapes: L lanes, R rows, O observation size,
A action size, B batch.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from divbench.learn.replay.base import Batch, Index, Stored


@dataclasses.dataclass(frozen=True)
class FixedLengthReplay:
    """The replay of a task whose episodes all have `episode_length` env steps. Methods as in `GrowingReplay`."""

    observation_size: int
    action_size: int
    episode_length: int
    grows: ClassVar[bool] = True
    lane_axis: ClassVar[int | None] = 0

    def blank_rows(self, lanes: int, transitions: int) -> Float[Array, "L R W"]:
        """Final observations are included, and two spare rows: a round in which nobody acts writes past the last
        transition."""
        return jnp.zeros((lanes, self.rows_of(transitions) + 2, self._split + 2), jnp.float32)

    def lane_rows(self, rows: Float[Array, "L R W"]) -> Float[Array, "L R W"]:
        return rows

    def complete_rows(self, env_step: int) -> int:
        return self.rows_of(env_step)

    def add_last_observation(self, rows: Float[np.ndarray, "L R W"], env_step: int,
                             obs: Float[np.ndarray, "L O"]) -> None:
        if env_step % self.episode_length:
            rows[:, self.rows_of(env_step), :self.observation_size] = obs

    def rows_of(self, transitions: Any) -> Any:
        return transitions + transitions // self.episode_length

    def available(self, transitions: Index, data_fraction: Float[ArrayLike, ""], row_count: int) -> Index:
        return transitions

    def write(self, rows: Float[Array, "L R W"], transition: Index, obs: Float[Array, "L O"],
              action: Float[Array, "L A"], reward: Float[Array, " L"], continues: Float[Array, " L"],
              over: Float[Array, " L"], next_obs: Float[Array, "L O"]) -> Float[Array, "L R W"]:
        first = jnp.concatenate([obs, action, reward[:, None], continues[:, None]], -1)
        second = jnp.pad(next_obs, ((0, 0), (0, first.shape[-1] - next_obs.shape[-1])))
        pair = jnp.stack([first, second], 1).astype(rows.dtype)
        zero = jnp.zeros((), jnp.int32)
        return jax.lax.dynamic_update_slice(rows, pair, (zero, self.rows_of(transition), zero))

    def gather(self, rows: Float[Array, "R W"], indices: Int[Array, " B"], transitions: Index) -> Batch:
        start, split = self.rows_of(indices), self._split
        pairs = jax.vmap(lambda r: jax.lax.dynamic_slice_in_dim(rows, r, 2))(start)
        first, next_obs = pairs[:, 0], pairs[:, 1, :self.observation_size]
        action = first[:, self.observation_size:split]
        ends = ((indices + 1) % self.episode_length == 0) | (indices + 1 >= transitions)
        next_action = jnp.where(ends[:, None], action, pairs[:, 1, self.observation_size:split])
        return Batch(first[:, :self.observation_size], action, first[:, split], first[:, split + 1], next_obs,
                     next_action, 1.0 - ends.astype(jnp.float32))

    def stored(self, rows: Float[np.ndarray, "R W"], first: int, last: int) -> Stored:
        numbers = np.arange(first, last)
        places, split = self.rows_of(numbers), self._split
        found = rows[places]
        return Stored(found[:, :self.observation_size], found[:, self.observation_size:split], found[:, split],
                      rows[places + 1, :self.observation_size], np.zeros(len(numbers), bool),
                      (numbers + 1) % self.episode_length == 0)

    @property
    def _split(self) -> int:
        """Where reward and continuation begin in a row."""
        return self.observation_size + self.action_size
