"""gymnasium's own environment of a task, over its own model: what this package's is compared with.

Lives here: `GymOracle`. Does not live here: dm_control's (`envs.oracle`), any comparison (`envs.parity`), or what
states are worth it (`envs.scenes`).
"""

import warnings
from typing import Any

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from divbench.envs.base import Start
from divbench.envs.gymtasks.draws import start_of
from divbench.envs.names import check_oracle, task_info


class GymOracle:
    """gymnasium's environment of a task, seen through flat arrays; the face of `envs.oracle.Oracle`.

    Attributes:
      task: the task's name.
      environment: gymnasium's environment, without the time limit.
      model, data: MuJoCo's own structs, in use by the environment.
      terminated: whether the last step ended the episode.

    Args:
      task: an entry of `names.GYM_TASKS`.
      seed: of gymnasium's random generator: the first `reset` is that of `reset(seed=seed)`.

    Raises:
      ValueError: one line, where gymnasium is not installed, or without its extra `mujoco`.
    """

    def __init__(self, task: str, seed: int = 0) -> None:
        check_oracle(task)
        import gymnasium

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there is a version 5
            self.environment: Any = gymnasium.make(task_info(task).gymnasium_id, disable_env_checker=True).unwrapped
        self.task, self.terminated = task, False
        self._seed: int | None = seed

    @property
    def model(self) -> mujoco.MjModel:
        return self.environment.model

    @property
    def data(self) -> mujoco.MjData:
        return self.environment.data

    def reset(self) -> np.ndarray:
        """Begins an episode at random; returns its observation."""
        seed, self._seed, self.terminated = self._seed, None, False
        return self.environment.reset(seed=seed)[0]

    def put(self, qpos: ArrayLike, qvel: ArrayLike, act: ArrayLike = (), target: ArrayLike = ()) -> np.ndarray:
        """Begins an episode at a state; returns its observation.

        Args:
          qpos, qvel: `[nq]`, `[nv]` or a scalar. act, target: for the face's sake; these tasks have none.
        """
        del act, target
        self.terminated = False
        mujoco.mj_resetData(self.model, self.data)
        self.environment.set_state(np.broadcast_to(qpos, self.model.nq), np.broadcast_to(qvel, self.model.nv))
        return self.environment._get_obs()

    def step(self, action: ArrayLike) -> tuple[np.ndarray, float]:
        """One control step; returns observation and reward. The action is taken in float64."""
        obs, reward, self.terminated, _, _ = self.environment.step(np.asarray(action, np.float64))
        return obs, float(reward)

    def start(self) -> Start:
        """The state as it stands, float64."""
        return start_of(self.task, self.model, self.data)

    def actions(self, shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
        """Random actions `[*shape, action_size]` within gymnasium's bounds, float32."""
        low, high = self.model.actuator_ctrlrange.T
        return np.random.RandomState(seed).uniform(low, high, (*shape, len(low))).astype(np.float32)
