"""The replay of a group's lanes, and minibatches from it, uniform with replacement. Letters in shapes: B batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
from jaxtyping import Array, Float, Int, Key

from divbench.learn.agents import rewards
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.replay.base import Batch, Index, Replay
from divbench.learn.replay.dataset import SharedDataset
from divbench.learn.replay.episodes import EpisodeReplay
from divbench.learn.replay.fixed_length import FixedLengthReplay

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment


def replay_of(env: TaskEnvironment, structure: Structure) -> Replay:
    """The replay that lanes of that structure have on a task of `divbench.envs`."""
    sizes = structure.observation_size, structure.action_size
    if structure.offline:
        return SharedDataset(*sizes)
    return EpisodeReplay(*sizes) if env.terminates else FixedLengthReplay(*sizes, env.episode_length)


def sample_indices(key: Key[Array, ""], batch_size: int, transitions: Index) -> Int[Array, " B"]:
    """Uniform transition numbers below `transitions` (scalar), `[B]`. The key is consumed."""
    return jax.random.randint(key, (batch_size,), 0, transitions)


def make_draw(replay: Replay, structure: Structure, size: int | None = None) -> Callable:
    """`draw(key, rows, transitions, coefs) -> Batch` of one lane; the key is consumed.

    A minibatch, or `size` transitions, of those that are `available`. Rows hold the task's rewards, a batch those that
    the lane learns from.
    """
    size = size or structure.settings.batch_size

    def draw(key: Key[Array, ""], rows: Float[Array, "R W"], transitions: Index, coefs: Coefficients) -> Batch:
        count = replay.available(transitions, coefs.data_fraction, rows.shape[0])
        batch = replay.gather(rows, sample_indices(key, size, count), transitions)
        return batch._replace(reward=rewards.transform(batch.reward, coefs, structure))

    return draw
