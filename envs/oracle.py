"""dm_control's own environment of a task, over its own model: what this package is compared with.

Lives here: `Oracle`, and `oracle_of`, which gives gymnasium's tasks theirs (`gymtasks.oracle`). Does not live here:
any comparison (`parity`), or what states are worth it (`scenes`).
"""

from collections.abc import Mapping

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from divbench.envs.base import Start
from divbench.envs.gymtasks.oracle import GymOracle
from divbench.envs.names import task_info
from divbench.envs.suite import load_suite, put_target, start_of


class Oracle:
    """dm_control's environment of a task, seen through flat arrays.

    Attributes:
      task: the task's name.
      environment: dm_control's `control.Environment`.
      model, data: MuJoCo's own structs, in use by the environment.
      terminated: False; none of these tasks ends before its time limit.

    Args:
      task: an entry of `names.SIMULATED`.
      seed: of dm_control's random generator.
    """

    terminated = False

    def __init__(self, task: str, seed: int = 0) -> None:
        self.environment = load_suite(task, seed)
        self.task = task

    @property
    def model(self) -> mujoco.MjModel:
        return self.environment.physics.model.ptr

    @property
    def data(self) -> mujoco.MjData:
        return self.environment.physics.data.ptr

    def reset(self) -> np.ndarray:
        """Begins an episode at random; returns its observation."""
        return flatten(self.environment.reset().observation)

    def put(self, qpos: ArrayLike, qvel: ArrayLike, act: ArrayLike, target: ArrayLike = ()) -> np.ndarray:
        """Begins an episode at a state; returns its observation.

        Args:
          qpos, qvel, act: `[nq]`, `[nv]`, `[na]` or a scalar.
          target: `[target_size]`; where empty, it stays where the episode's reset put it.
        """
        self.environment.reset()
        if np.size(target):
            put_target(self.model, np.asarray(target))
        with self.environment.physics.reset_context():
            self.data.qpos[:], self.data.qvel[:] = qpos, qvel
            if self.model.na:
                self.data.act[:] = act
        return flatten(self.environment.task.get_observation(self.environment.physics))

    def step(self, action: ArrayLike) -> tuple[np.ndarray, float]:
        """One control step; returns observation and reward."""
        found = self.environment.step(action)
        return flatten(found.observation), float(found.reward)

    def start(self) -> Start:
        """The state as it stands, float64."""
        return start_of(self.task, self.model, self.data)

    def actions(self, shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
        """Random actions `[*shape, action_size]` within dm_control's bounds, float32."""
        spec = self.environment.action_spec()
        generator = np.random.RandomState(seed)
        return generator.uniform(spec.minimum, spec.maximum, (*shape, *spec.shape)).astype(np.float32)


def oracle_of(task: str, seed: int = 0) -> Oracle | GymOracle:
    """Returns what `task` is compared with: dm_control's environment, or gymnasium's.

    Args:
      task: an entry of `names.SIMULATED` or `names.GYM_TASKS`. seed: of its random generator.
    """
    return (GymOracle if task_info(task).gymnasium_id else Oracle)(task, seed)


def flatten(observation: Mapping[str, ArrayLike]) -> np.ndarray:
    """dm_control's dictionary of an observation as one vector, in its order."""
    return np.concatenate([np.ravel(value) for value in observation.values()])
