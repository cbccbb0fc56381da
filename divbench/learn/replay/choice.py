"""Which type of replay a group's lanes have."""

from __future__ import annotations

from divbench.learn.agents.coefficients import Structure
from divbench.learn.replay.base import Replay
from divbench.learn.replay.dataset import SharedDataset
from divbench.learn.replay.episodes import EpisodeReplay
from divbench.learn.replay.fixed_length import FixedLengthReplay


def replay_of(env, structure: Structure) -> Replay:
    """The replay that lanes of that structure have on a task of `divbench.envs`."""
    sizes = structure.observation_size, structure.action_size
    if structure.offline:
        return SharedDataset(*sizes)
    return EpisodeReplay(*sizes) if env.terminates else FixedLengthReplay(*sizes, env.episode_length)
