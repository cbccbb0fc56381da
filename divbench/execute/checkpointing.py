"""A group's checkpoint: what is put into it and how training is taken up from it."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from divbench.execute.schedule import Position
from divbench.learn.replay import Replay
from divbench.learn.trainer import TrainState

BLOCK_ROWS = 8_192  # replay rows fetched from the device at once


def _without_rows(state: TrainState) -> TrainState:
    nothing: Any = None  # the rows are kept beside the state
    return state._replace(rows=nothing)


class Checkpointer:
    """Saves a group's state and restores it. Replay rows are written once, when they are complete.

    Args:
      folder: the group's folder (`divbench.records.folder.GroupFolder`).
      replay: of the group's lanes.
    """

    def __init__(self, folder: Any, replay: Replay) -> None:
        self._folder, self._replay = folder, replay
        self._saved_rows = 0
        self._fetch = jax.jit(lambda rows, first: jax.lax.dynamic_slice_in_dim(
            rows, first, min(BLOCK_ROWS, rows.shape[1]), 1))

    def save(self, state: TrainState, at: Position, pending: bool) -> None:
        """Write a checkpoint.

        Args:
          state: all that training carries.
          at: how far it is.
          pending: whether what is due at `at` has still to be done.
        """
        offset = self._folder.journal.flush()
        self._folder.timing.flush()
        complete = self._replay.complete_rows(at.env_step)
        meta = {"position": list(dataclasses.astuple(at)), "pending": pending, "journal": offset}
        self._folder.checkpoints.save(_without_rows(state), meta=meta, first_row=self._saved_rows,
                                      rows=self._rows(state.rows, self._saved_rows, complete))
        self._saved_rows = complete

    def restore(self, blank: TrainState) -> tuple[TrainState, Position, bool] | None:
        """The state of the last checkpoint, its position, and whether what is due there is pending; None without one.

        The journal is cut back to what it held then.

        Args:
          blank: shapes of the state. Arrays would keep a second replay buffer in memory.

        Raises:
          UsageError: the checkpoint or the journal is damaged.
        """
        loaded = self._folder.checkpoints.load(_without_rows(blank))
        if loaded is None:
            self._folder.journal.truncate(0)
            return None
        self._folder.journal.truncate(loaded.meta["journal"])
        at = Position(*loaded.meta["position"])
        rows = np.zeros(blank.rows.shape, blank.rows.dtype)
        if loaded.rows is not None:
            self._saved_rows = loaded.rows.shape[1]
            rows[:, :self._saved_rows] = loaded.rows
            loaded = dataclasses.replace(loaded, rows=None)  # as large as the replay: not kept beside it
        state = jax.tree.map(jnp.asarray, loaded.tree)
        self._replay.add_last_observation(rows, at.env_step, np.asarray(state.env.obs))
        return state._replace(rows=jnp.asarray(rows)), at, bool(loaded.meta["pending"])

    def _rows(self, rows: jax.Array, first: int, last: int) -> np.ndarray:
        blocks = [np.empty((rows.shape[0], 0, rows.shape[2]), rows.dtype)]
        size = min(BLOCK_ROWS, rows.shape[1])
        while first < last:
            begin = min(first, rows.shape[1] - size)  # where `dynamic_slice` would clamp it to
            count = min(last - first, size - (first - begin))
            block = np.asarray(self._fetch(rows, jnp.int32(begin)))
            blocks.append(block[:, first - begin:first - begin + count])
            first += count
        return np.concatenate(blocks, 1)
