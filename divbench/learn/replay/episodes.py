"""Replay of tasks whose episodes end each at its own time: a row is a whole transition, with the observation it led to.

Row r of a lane is transition r: observation, action, reward, continuation, whether the episode was over, next
observation. Lanes share the pointer, as they make their env steps together. Twice the memory of `fixed_length`, whose
rows lean on all episodes being equally long. Letters in shapes: L lanes, R rows, O observation size, A action size,
B batch.
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
class EpisodeReplay:
    """The replay of a task that can end an episode before the time limit. Methods as in `GrowingReplay`."""

    observation_size: int
    action_size: int
    grows: ClassVar[bool] = True
    lane_axis: ClassVar[int | None] = 0

    def blank_rows(self, lanes: int, transitions: int) -> Float[Array, "L R W"]:
        """One row is spare, to be read for the action that followed the newest transition."""
        width = 2 * self.observation_size + self.action_size + 3
        return jnp.zeros((lanes, transitions + 1, width), jnp.float32)

    def lane_rows(self, rows: Float[Array, "L R W"]) -> Float[Array, "L R W"]:
        return rows

    def complete_rows(self, env_step: int) -> int:
        return env_step

    def add_last_observation(self, rows: Float[np.ndarray, "L R W"], env_step: int,
                             obs: Float[np.ndarray, "L O"]) -> None:
        """Rows hold it already."""

    def rows_of(self, transitions: Any) -> Any:
        return transitions

    def available(self, transitions: Index, data_fraction: Float[ArrayLike, ""], row_count: int) -> Index:
        return transitions

    def write(self, rows: Float[Array, "L R W"], transition: Index, obs: Float[Array, "L O"],
              action: Float[Array, "L A"], reward: Float[Array, " L"], continues: Float[Array, " L"],
              over: Float[Array, " L"], next_obs: Float[Array, "L O"]) -> Float[Array, "L R W"]:
        row = jnp.concatenate([obs, action, reward[:, None], continues[:, None], over[:, None], next_obs], -1)
        zero = jnp.zeros((), jnp.int32)
        return jax.lax.dynamic_update_slice(rows, row[:, None].astype(rows.dtype), (zero, transition, zero))

    def gather(self, rows: Float[Array, "R W"], indices: Int[Array, " B"], transitions: Index) -> Batch:
        pairs = jax.vmap(lambda r: jax.lax.dynamic_slice_in_dim(rows, r, 2))(indices)
        size, split = self.observation_size, self._split
        first, following = pairs[:, 0], pairs[:, 1, size:split]
        action, over = first[:, size:split], first[:, split + 2]
        ends = (over > 0.0) | (indices + 1 >= transitions)
        return Batch(first[:, :size], action, first[:, split], first[:, split + 1], first[:, split + 3:],
                     jnp.where(ends[:, None], action, following), 1.0 - ends.astype(jnp.float32))

    def stored(self, rows: Float[np.ndarray, "R W"], first: int, last: int) -> Stored:
        """Of a lane that looked past time limits."""
        found, size, split = rows[first:last], self.observation_size, self._split
        over, continues = found[:, split + 2] > 0.0, found[:, split + 1] > 0.0
        return Stored(found[:, :size], found[:, size:split], found[:, split], found[:, split + 3:], over & ~continues,
                      over & continues)

    @property
    def _split(self) -> int:
        """Where reward, continuation and end begin in a row."""
        return self.observation_size + self.action_size
