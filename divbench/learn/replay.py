"""Replay on the device: each observation stored once, as long as the run, never wrapping.

Row r of a lane holds (observation, action, reward, continuation) of a transition; the observation it led to is the one
in row r + 1. Each episode of T steps takes T + 1 rows, the last holding only the final observation, so a transition at
an episode's end leads to the observation before the reset. Letters in shapes: L lanes, R rows, O observation size,
A action size, B batch.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Batch(NamedTuple):
    """Transitions of one lane. `continues` is 0 where the future is worth nothing (termination), else 1.

    `next_action` is the action taken in `next_obs`; where none was (an episode's end, the newest transition) it is
    `action`, and `next_taken` is 0.
    """

    obs: jax.Array  # [B, O]
    action: jax.Array  # [B, A]
    reward: jax.Array  # [B]
    continues: jax.Array  # [B]
    next_obs: jax.Array  # [B, O]
    next_action: jax.Array  # [B, A]
    next_taken: jax.Array  # [B]


class Stored(NamedTuple):
    """Transitions of one lane in the order in which they were made, n of them, as numpy arrays."""

    obs: np.ndarray  # [n, O]
    action: np.ndarray  # [n, A], in [-1, 1]
    reward: np.ndarray  # [n]
    next_obs: np.ndarray  # [n, O]
    terminal: np.ndarray  # bool [n], the task ended
    truncated: np.ndarray  # bool [n], the time limit ended the episode


def row_width(observation_size: int, action_size: int) -> int:
    """Numbers in a row: observation, action, reward, continuation."""
    return observation_size + action_size + 2


def row_count(transitions: int, episode_length: int) -> int:
    """Rows to allocate for `transitions` consecutive transitions.

    Final observations are included, and two spare rows: a round in which nobody acts writes past the last transition.
    """
    return row_of(transitions, episode_length) + 2


def row_of(transition, episode_length: int):
    """The row of transition number `transition` (integer or integer array)."""
    return transition + transition // episode_length


def write(rows, transition, episode_length: int, obs, action, reward, continues, next_obs):
    """Store one transition of every lane.

    Args:
      rows: `[L, R, width]`.
      transition: scalar, the same for all lanes: how many transitions came before.
      obs, action, reward, continues, next_obs: `[L, ...]`.
    """
    first = jnp.concatenate([obs, action, reward[:, None], continues[:, None]], -1)
    second = jnp.pad(next_obs, ((0, 0), (0, first.shape[-1] - next_obs.shape[-1])))
    pair = jnp.stack([first, second], 1).astype(rows.dtype)
    zero = jnp.zeros((), jnp.int32)
    return jax.lax.dynamic_update_slice(rows, pair, (zero, row_of(transition, episode_length), zero))


def sample_indices(key, batch_size: int, transitions) -> jax.Array:
    """Uniform transition numbers below `transitions` (scalar), `[B]`. The key is consumed."""
    return jax.random.randint(key, (batch_size,), 0, transitions)


def gather(rows, indices, transitions, episode_length: int, observation_size: int, action_size: int) -> Batch:
    """The transitions of those numbers from one lane's rows `[R, width]`, of which `transitions` are there."""
    start = row_of(indices, episode_length)
    pairs = jax.vmap(lambda r: jax.lax.dynamic_slice_in_dim(rows, r, 2))(start)
    first, next_obs = pairs[:, 0], pairs[:, 1, :observation_size]
    split = observation_size + action_size
    action = first[:, observation_size:split]
    ends = ((indices + 1) % episode_length == 0) | (indices + 1 >= transitions)
    next_action = jnp.where(ends[:, None], action, pairs[:, 1, observation_size:split])
    return Batch(first[:, :observation_size], action, first[:, split], first[:, split + 1], next_obs, next_action,
                 1.0 - ends.astype(jnp.float32))


def stored(rows: np.ndarray, first: int, last: int, episode_length: int, observation_size: int,
           action_size: int) -> Stored:
    """Transitions `first` to before `last` of one lane's rows `[R, width]`, which have to hold the observation that the
    last one led to as well."""
    numbers = np.arange(first, last)
    places, split = row_of(numbers, episode_length), observation_size + action_size
    found = rows[places]
    return Stored(found[:, :observation_size], found[:, observation_size:split], found[:, split],
                  rows[places + 1, :observation_size], np.zeros(len(numbers), bool),
                  (numbers + 1) % episode_length == 0)
