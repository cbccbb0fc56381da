"""Where transitions are kept and minibatches come from: the lane's own replay, or a dataset that all lanes share.

Lives here: the choice, and the layout of a dataset's rows on the device. Does not live here: the layouts of the replay,
`replay` where all episodes are equally long, and `episodes` where a task can end them. Letters in shapes: L lanes,
N transitions of a dataset, B batch, O observation size, A action size.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from divbench.learn import episodes, replay
from divbench.learn.agents import rewards
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.replay import Batch


def blank_rows(structure: Structure, lanes: int, transitions: int, episode_length: int) -> jax.Array:
    """Room for the transitions, all zeros: `[L, R, width]`; of a dataset `[1, N, width]`, once for all lanes."""
    sizes = structure.observation_size, structure.action_size
    if structure.offline:
        return jnp.zeros((1, transitions, dataset_width(*sizes)), jnp.float32)
    if structure.terminates:
        return jnp.zeros((lanes, episodes.row_count(transitions), episodes.row_width(*sizes)), jnp.float32)
    rows = replay.row_count(transitions, episode_length)
    return jnp.zeros((lanes, rows, replay.row_width(*sizes)), jnp.float32)


def complete_rows(env_step: int, structure: Structure, episode_length: int) -> int:
    """How many rows no later env step changes; a dataset's are none of the run's."""
    if structure.offline:
        return 0
    return env_step if structure.terminates else replay.row_of(env_step, episode_length)


def write(rows, structure: Structure, env_step, episode_length: int, before, action, after, continues):
    """Store the transition that env step number `env_step` made of every lane.

    Args:
      rows: `[L, R, width]`.
      before, after: env states of the lanes; `after` is not yet a new episode.
      action, continues: `[L, A]` and `[L]`.
    """
    if structure.terminates:
        return episodes.write(rows, env_step, before.obs, action, after.reward, continues, after.done, after.obs)
    return replay.write(rows, env_step, episode_length, before.obs, action, after.reward, continues, after.obs)


def stored(rows: np.ndarray, structure: Structure, first: int, last: int, episode_length: int) -> replay.Stored:
    """Transitions `first` to before `last` of one lane's replay `[R, width]`, which holds the observation that the last
    one led to as well."""
    sizes = structure.observation_size, structure.action_size
    if structure.terminates:
        return episodes.stored(rows, first, last, *sizes)
    return replay.stored(rows, first, last, episode_length, *sizes)


def transition_rows(transitions: np.ndarray, structure: Structure, episode_length: int) -> np.ndarray:
    """The rows in which transitions of these numbers lie, integers `[n]`."""
    lockstep = not (structure.offline or structure.terminates)
    return replay.row_of(transitions, episode_length) if lockstep else transitions


def share_of_rows(fraction, rows: int):
    """How many of a dataset's rows a lane with that `data_fraction` draws from: the nearest whole number, at least 1.

    `fraction` is a float32 scalar of numpy or jax; the result is one of the same library.
    """
    library = np if isinstance(fraction, np.generic) else jnp
    return library.maximum(library.round(fraction * library.float32(rows)), 1.0).astype(np.int32)


def dataset_width(observation_size: int, action_size: int) -> int:
    """Numbers in a row of a dataset: everything that a `Batch` holds."""
    return 2 * observation_size + 2 * action_size + 3


def dataset_rows(batch: Batch) -> np.ndarray:
    """A dataset's transitions, as a `Batch` of N, as rows `[1, N, width]` in the order given."""
    columns = (batch.obs, batch.action, batch.reward[:, None], batch.continues[:, None], batch.next_obs,
               batch.next_action, batch.next_taken[:, None])
    return np.concatenate([np.asarray(column, np.float32) for column in columns], 1)[None]


def dataset_batch(rows, structure: Structure) -> Batch:
    """Rows of a dataset, `[B, width]`, as a `Batch`; the way back from `dataset_rows`."""
    observation, action = structure.observation_size, structure.action_size
    ends = np.cumsum([observation, action, 1, 1, observation, action])
    obs, action, reward, continues, next_obs, next_action, taken = jnp.split(rows, ends, 1)
    return Batch(obs, action, reward[:, 0], continues[:, 0], next_obs, next_action, taken[:, 0])


def each_lane(structure: Structure) -> int | None:
    """The axis of the rows that lanes are mapped over; None for a dataset's, which lie there once."""
    return None if structure.offline else 0


def lane_rows(rows: jax.Array, structure: Structure) -> jax.Array:
    """The rows as `each_lane` maps them: `[L, R, width]`, or `[N, width]`."""
    return rows[0] if structure.offline else rows


def make_draw(episode_length: int, structure: Structure, size: int | None = None) -> Callable:
    """`draw(key, rows, transitions, coefs) -> Batch` of one lane, uniform with replacement; the key is consumed.

    A minibatch, or `size` transitions. Of the replay, from its first `transitions`; of a dataset, from the first
    `data_fraction` of its rows. Rows hold the task's rewards, a batch those that the lane learns from.
    """
    size, sizes = size or structure.settings.batch_size, (structure.observation_size, structure.action_size)

    def of_replay(key, rows, transitions, coefs: Coefficients) -> Batch:
        indices = replay.sample_indices(key, size, transitions)
        return replay.gather(rows, indices, transitions, episode_length, *sizes)

    def of_episodes(key, rows, transitions, coefs: Coefficients) -> Batch:
        return episodes.gather(rows, replay.sample_indices(key, size, transitions), transitions, *sizes)

    def of_dataset(key, rows, transitions, coefs: Coefficients) -> Batch:
        count = share_of_rows(coefs.data_fraction, rows.shape[0])
        return dataset_batch(rows[replay.sample_indices(key, size, count)], structure)

    gather = of_dataset if structure.offline else of_episodes if structure.terminates else of_replay

    def draw(key, rows, transitions, coefs: Coefficients) -> Batch:
        batch = gather(key, rows, transitions, coefs)
        return batch._replace(reward=rewards.learned(batch.reward, coefs, structure))

    return draw
