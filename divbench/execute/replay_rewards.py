"""Rewards of a lane's whole replay: mean, largest and share that is not 0, computed on the host in float64.

They tell what a lane could learn from: a robot that fell on its back collects next to nothing, whatever its variant.
Rewards are the task's own, as the replay stores them; `reward_scale` and `reward_shift` do not enter. Letters in
shapes: L lanes, R rows, n transitions.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from divbench.learn.replay import Replay
from divbench.learn.trainer import Cause, TrainState
from divbench.spec.plan import Lane

COLUMNS = ("reward_mean", "reward_max", "reward_nonzero")


def replay_rewards(state: TrainState, lanes: tuple[Lane, ...], replay: Replay) -> dict[str, np.ndarray]:
    """The three columns of the table of values, float64 `[L]`; NaN for a lane without a transition.

    An online lane counts the transitions that it made while it was sound: none since its learner broke, and neither the
    one that broke its physics nor any later one. An offline lane counts those that it draws from.
    """
    column = replay.observation_size + replay.action_size  # in every layout of rows
    rewards = np.asarray(state.rows[..., column])
    rows = rewards.shape[1]
    found = []
    for lane, own, made in zip(lanes, np.broadcast_to(rewards, (len(lanes), rows)), _sound_steps(state), strict=True):
        count: Any = replay.available(made, np.float32(lane.sac.data_fraction), rows)
        found.append(_statistics(own[replay.rows_of(np.arange(count))]))
    return dict(zip(COLUMNS, np.asarray(found, np.float64).T, strict=True))


def _sound_steps(state: TrainState) -> list[int]:
    """How many env steps each lane made while it was sound."""
    env_step, causes, steps = jax.device_get((state.env_step, state.cause, state.bad_step))
    # `step` is that of the transition that broke the physics; learner and optimizer break after it.
    return [int(env_step if cause == Cause.NONE else step - (cause == Cause.PHYSICS))
            for cause, step in zip(causes, steps, strict=True)]


def _statistics(rewards: np.ndarray) -> tuple[float, float, float]:
    """Mean, largest and share that is not 0 of float32 rewards `[n]`."""
    if not len(rewards):
        return (np.nan,) * 3
    return np.mean(rewards, dtype=np.float64), np.max(rewards), np.mean(rewards != 0.0)
