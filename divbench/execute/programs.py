"""The compiled functions of a group, at most four: train a chunk, evaluate, diagnose, reset lanes.

A program depends on the task, the physics, the structure and the number of lanes, never on UTD, seeds or
coefficients: groups that differ in those alone share one. Letters in shapes: L lanes, B batch, T steps of an episode.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax

from divbench import envs
from divbench.execute.diagnosing import make_diagnose
from divbench.execute.offline import NormalisedTask, OfflineData
from divbench.execute.stability import nothing_before
from divbench.learn import rollout, trainer
from divbench.learn.agents.coefficients import Structure, structure_of
from divbench.learn.replay import Replay
from divbench.learn.replay.drawing import replay_of
from divbench.learn.trainer import TrainState
from divbench.spec.run_spec import SEEM

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment
    from divbench.spec.plan import Group


@dataclasses.dataclass(frozen=True)
class Program:
    """The jitted functions of a group and what they were built for."""

    env: TaskEnvironment
    structure: Structure
    replay: Replay
    lanes: int
    capacity: int  # transitions the replay holds, or the dataset has
    episodes: int  # of one evaluation
    level: str  # of `diagnose`
    train_chunk: Callable
    evaluate: Callable
    diagnose: Callable
    reset_lanes: Callable

    def blank_state(self) -> TrainState:
        state = trainer.blank_state(self.env, self.structure, self.lanes, self.capacity)
        return state._replace(before=nothing_before(state.learner)) if SEEM in self.level.split(",") else state

    def functions(self) -> dict:
        """The jitted functions by name."""
        return {name: getattr(self, name) for name in ("train_chunk", "evaluate", "diagnose", "reset_lanes")}


def build(env: TaskEnvironment, structure: Structure, lanes: int, capacity: int, episodes: int,
          level: str = "cheap") -> Program:
    """Wrap the four functions in `jax.jit`; nothing is compiled before the first call. `level` is that of `diagnose`;
    the other three do not depend on it."""
    return Program(
        env, structure, replay_of(env, structure), lanes, capacity, episodes, level,
        train_chunk=jax.jit(trainer.make_train_chunk(env, structure), donate_argnums=0),
        evaluate=jax.jit(rollout.make_evaluate(env, structure), donate_argnums=2),
        diagnose=jax.jit(make_diagnose(env, structure, level)),
        reset_lanes=jax.jit(trainer.make_reset_lanes(structure), donate_argnums=0),
    )


@functools.lru_cache(maxsize=8)
def _cached(task: str, physics: str, data: Any, *others: Any) -> Program:
    env = envs.make(task, physics=physics)
    return build(env if data is None else NormalisedTask(env, data), *others)


def program_for(group: Group, physics: str, episodes: int, level: str = "cheap",
                data: OfflineData | None = None) -> Program:
    """The program of a group; the same object for groups that can share it.

    Args:
      group: a `divbench.spec.plan.Group`.
      physics: `mjx`, `host` or `warp`.
      episodes: episodes of one evaluation.
      level: how much is measured, `cheap` or `full`.
      data: what an offline run learns from.
    """
    capacity = group.protocol.env_steps if data is None else len(data)
    return _cached(group.task, physics, data, structure_for(group, data), len(group.lanes), capacity, episodes, level)


def structure_for(group: Group, data: OfflineData | None = None) -> Structure:
    """The structure of a group's program; arguments as in `program_for`."""
    info = envs.task_info(group.task)
    low, high = info.reward_min, info.reward_max
    rewards = None if low is None or high is None else (low, high)
    range_seen = rewards is None and data is not None
    if rewards is None and data is not None:
        rewards = min(data.reward_range[0], 0.0), max(data.reward_range[1], 0.0)
    return structure_of(group.lanes, group.mechanisms, info.observation_size, info.action_size, rewards,
                        terminates=info.terminates, offline=data is not None, range_seen=range_seen)
