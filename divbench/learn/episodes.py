"""Replay of tasks whose episodes end each at its own time: a row is a whole transition, with the observation it led to.

Row r of a lane is transition r; lanes share the pointer, as they make their env steps together. Twice the memory of
`replay`, whose rows lean on all episodes being equally long. Letters in shapes: L lanes, R rows, O observation size,
A action size, B batch.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from divbench.learn.replay import Batch, Stored


def row_width(observation_size: int, action_size: int) -> int:
    """Numbers in a row: observation, action, reward, continuation, whether the episode was over, next observation."""
    return 2 * observation_size + action_size + 3


def row_count(transitions: int) -> int:
    """Rows to allocate: one is spare, to be read for the action that followed the newest transition."""
    return transitions + 1


def write(rows, transition, obs, action, reward, continues, over, next_obs):
    """Store one transition of every lane.

    Args:
      rows: `[L, R, width]`.
      transition: scalar, the same for all lanes: how many transitions came before.
      obs, action, reward, continues, over, next_obs: `[L, ...]`; `over` is 1 where the episode ended, by whatever.
    """
    row = jnp.concatenate([obs, action, reward[:, None], continues[:, None], over[:, None], next_obs], -1)
    zero = jnp.zeros((), jnp.int32)
    return jax.lax.dynamic_update_slice(rows, row[:, None].astype(rows.dtype), (zero, transition, zero))


def gather(rows, indices, transitions, observation_size: int, action_size: int) -> Batch:
    """The transitions of those numbers from one lane's rows `[R, width]`, of which `transitions` are there."""
    pairs = jax.vmap(lambda r: jax.lax.dynamic_slice_in_dim(rows, r, 2))(indices)
    split = observation_size + action_size
    first, following = pairs[:, 0], pairs[:, 1, observation_size:split]
    action, over = first[:, observation_size:split], first[:, split + 2]
    ends = (over > 0.0) | (indices + 1 >= transitions)
    return Batch(first[:, :observation_size], action, first[:, split], first[:, split + 1], first[:, split + 3:],
                 jnp.where(ends[:, None], action, following), 1.0 - ends.astype(jnp.float32))


def stored(rows: np.ndarray, first: int, last: int, observation_size: int, action_size: int) -> Stored:
    """Transitions `first` to before `last` of one lane's rows `[R, width]`, of a lane that looked past time limits."""
    found, split = rows[first:last], observation_size + action_size
    over, continues = found[:, split + 2] > 0.0, found[:, split + 1] > 0.0
    return Stored(found[:, :observation_size], found[:, observation_size:split], found[:, split],
                  found[:, split + 3:], over & ~continues, over & continues)
