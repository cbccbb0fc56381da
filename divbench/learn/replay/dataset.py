"""A dataset in place of a replay: rows that all lanes share, there from the start.

A row is a whole transition, everything that a `Batch` holds. Letters in shapes: N transitions, B batch.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from divbench.learn.replay.base import Batch, Index

if TYPE_CHECKING:
    pass


@dataclasses.dataclass(frozen=True)
class SharedDataset:
    """A dataset that lanes learn from. Methods as in `Replay`; a lane draws from the first `data_fraction` of it."""

    observation_size: int
    action_size: int
    grows: ClassVar[bool] = False
    lane_axis: ClassVar[int | None] = None

    def blank_rows(self, lanes: int, transitions: int) -> Float[Array, "1 N W"]:
        return jnp.zeros((1, transitions, 2 * self.observation_size + 2 * self.action_size + 3), jnp.float32)

    def lane_rows(self, rows: Float[Array, "1 N W"]) -> Float[Array, "N W"]:
        return rows[0]

    def complete_rows(self, env_step: int) -> int:
        """None: the rows are the dataset's, not the run's."""
        return 0

    def add_last_observation(self, rows: Float[np.ndarray, "1 N W"], env_step: int,
                             obs: Float[np.ndarray, "L O"]) -> None:
        """There is none."""

    def rows_of(self, transitions: Any) -> Any:
        return transitions

    def available(self, transitions: Index, data_fraction: Float[ArrayLike, ""], row_count: int) -> Index:
        """The share of all rows that is nearest to `data_fraction`, at least one."""
        library = np if isinstance(data_fraction, np.generic) else jnp
        share = library.round(data_fraction * library.float32(row_count))
        return library.maximum(share, 1.0).astype(np.int32)

    def gather(self, rows: Float[Array, "N W"], indices: Int[Array, " B"], transitions: Index) -> Batch:
        return self.unpacked(rows[indices])

    def unpacked(self, rows: Float[Array, "B W"]) -> Batch:
        """Rows `[B, width]` as a `Batch`; the inverse of `packed`."""
        ends = np.cumsum([self.observation_size, self.action_size, 1, 1, self.observation_size, self.action_size])
        obs, action, reward, continues, next_obs, next_action, taken = jnp.split(rows, ends, 1)
        return Batch(obs, action, reward[:, 0], continues[:, 0], next_obs, next_action, taken[:, 0])


def packed(batch: Batch) -> Float[np.ndarray, "1 N W"]:
    """A dataset's transitions, as a `Batch` of N, as rows `[1, N, width]` in the order given."""
    columns = (batch.obs, batch.action, batch.reward[:, None], batch.continues[:, None], batch.next_obs,
               batch.next_action, batch.next_taken[:, None])
    return np.concatenate([np.asarray(column, np.float32) for column in columns], 1)[None]
