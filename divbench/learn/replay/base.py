"""What every replay has in common: the records it returns and the protocol it follows.

A replay is a layout, frozen and hashable; the transitions are an array of rows that `TrainState` carries. Every row
begins with observation, action and reward. Letters in shapes: L lanes, R rows, B batch, n transitions, O observation
size, A action size.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float, Int

Index = Int[ArrayLike, ""]  # the number of a transition, or a number of transitions


class Batch(NamedTuple):
    """Transitions of one lane. `continues` is 0 where the future is worth nothing (termination), else 1.

    `next_action` is the action taken in `next_obs`; where none was (an episode's end, the newest transition) it is
    `action`, and `next_taken` is 0.
    """

    obs: Float[Array, "B O"]
    action: Float[Array, "B A"]
    reward: Float[Array, " B"]
    continues: Float[Array, " B"]
    next_obs: Float[Array, "B O"]
    next_action: Float[Array, "B A"]
    next_taken: Float[Array, " B"]


class Stored(NamedTuple):
    """Transitions of one lane in the order in which they were made, n of them, as numpy arrays."""

    obs: Float[np.ndarray, "n O"]
    action: Float[np.ndarray, "n A"]  # in [-1, 1]
    reward: Float[np.ndarray, " n"]
    next_obs: Float[np.ndarray, "n O"]
    terminal: Bool[np.ndarray, " n"]  # the task ended
    truncated: Bool[np.ndarray, " n"]  # the time limit ended the episode


@runtime_checkable
class Replay(Protocol):
    """Where a lane's minibatches come from.

    Attributes:
      observation_size, action_size: O and A.
      grows: whether env steps fill it, as a `GrowingReplay`; the rows of a dataset are there from the start, and nobody
        acts.
      lane_axis: the axis of the rows that lanes are mapped over; None where all lanes share them.
    """

    @property
    def observation_size(self) -> int: ...

    @property
    def action_size(self) -> int: ...

    @property
    def grows(self) -> bool: ...

    @property
    def lane_axis(self) -> int | None: ...

    def blank_rows(self, lanes: int, transitions: int) -> Float[Array, "_ R W"]:
        """Room for so many transitions, all zeros: `[L, R, width]`, or `[1, R, width]` once for all lanes."""

    def lane_rows(self, rows: Float[Array, "_ R W"]) -> Float[Array, "*L R W"]:
        """The rows as `lane_axis` maps them: `[L, R, width]`, or `[R, width]`."""

    def complete_rows(self, env_step: int) -> int:
        """How many rows of the run's own no env step from number `env_step` on changes."""

    def add_last_observation(self, rows: Float[np.ndarray, "_ R W"], env_step: int,
                             obs: Float[np.ndarray, "L O"]) -> None:
        """Write the observations after `env_step` env steps, `[L, O]`, into rows `[L, R, width]` of which only the
        complete ones are filled. Nothing is written if the complete rows hold them."""

    def rows_of(self, transitions: Any) -> Any:
        """The rows of transitions of those numbers: an integer, or integers `[n]`."""

    def available(self, transitions: Index, data_fraction: Float[ArrayLike, ""], row_count: int) -> Index:
        """How many transitions a lane draws from, the first ones; an integer scalar.

        Args:
          transitions: how many env steps have been stored.
          data_fraction: the lane's, a float32 scalar of numpy or jax; the result is of the same library.
          row_count: R.
        """

    def gather(self, rows: Float[Array, "R W"], indices: Int[Array, " B"], transitions: Index) -> Batch:
        """The transitions of those numbers `[B]` from one lane's rows `[R, width]`, of which `transitions` are
        there."""


@runtime_checkable
class GrowingReplay(Replay, Protocol):
    """A replay that env steps fill."""

    def write(self, rows: Float[Array, "L R W"], transition: Index, obs: Float[Array, "L O"],
              action: Float[Array, "L A"], reward: Float[Array, " L"], continues: Float[Array, " L"],
              over: Float[Array, " L"], next_obs: Float[Array, "L O"]) -> Float[Array, "L R W"]:
        """Store one transition of every lane.

        Args:
          rows: `[L, R, width]`.
          transition: scalar, the same for all lanes: how many transitions came before.
          obs, action, reward, continues, over, next_obs: `[L, ...]`; `over` is 1 where the episode ended, for
            termination or the time limit, and `next_obs` is the observation before a new one begins.
        """

    def stored(self, rows: Float[np.ndarray, "R W"], first: int, last: int) -> Stored:
        """Transitions `first` to before `last` of one lane's rows `[R, width]`, which must hold the observation that
        the last one led to as well."""
