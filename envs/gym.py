"""Every task as a Gymnasium environment: `gymnasium.make("divbench/cheetah-run-v0")`, one or many at once.

Lives here: `GymEnvironment` and `GymVectorEnvironment`. Needs the extra `gym`. Importing this module registers
the names; `gymnasium.make("divbench.envs.gym:divbench/cheetah-run-v0")` imports it by itself.

Actions are dm_control's, in its bounds. Episodes are truncated at the time limit and never terminate.
"""

from typing import TYPE_CHECKING, Any

import gymnasium
import jax
import numpy as np
from gymnasium.vector.utils import batch_space

from divbench.envs.base import State
from divbench.envs.environment import Environment, make
from divbench.envs.names import SIMULATED

if TYPE_CHECKING:
    from divbench.envs.render import Renderer


def _spaces(environment: Environment) -> tuple[gymnasium.spaces.Box, gymnasium.spaces.Box]:
    size = (environment.observation_size,)
    observations = gymnasium.spaces.Box(-np.inf, np.inf, size, np.float32)
    low, high = (bound.astype(np.float32) for bound in (environment.action_low, environment.action_high))
    return observations, gymnasium.spaces.Box(low, high, dtype=np.float32)


def _simulated(task: str, physics: str) -> Environment:
    environment = make(task, physics)
    if not isinstance(environment, Environment):
        raise ValueError(f"{task}: has no model; expected an entry of divbench.envs.SIMULATED")
    return environment


def _info(state: State) -> dict[str, np.ndarray]:
    return {"nonfinite": np.asarray(state.info["nonfinite"]) > 0}


class GymEnvironment(gymnasium.Env):
    """One task, one episode at a time.

    Args:
      task: an entry of `names.SIMULATED`.
      physics: `auto`, `host`, `mjx` or `warp`.
      render_mode: `rgb_array`, so that `render` draws, or None.
    """

    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, task: str, physics: str = "auto", render_mode: str | None = None) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode: expected None or 'rgb_array', got {render_mode!r}")
        self._environment = _simulated(task, physics)
        self.render_mode = render_mode
        self._renderer: Renderer | None = None
        self.metadata = self.metadata | {"render_fps": round(1 / self._environment.control_timestep)}
        self.observation_space, self.action_space = _spaces(self._environment)
        self._start, self._step = jax.jit(self._environment.start), jax.jit(self._environment.step)
        self._state: State | None = None

    def reset(self, *, seed: int | None = None,
              options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        drawn = self._environment.draw(self.np_random.integers(2**63, size=1, dtype=np.uint64))
        self._state = self._start(jax.tree.map(lambda leaf: leaf[0], drawn))
        return np.asarray(self._state.obs), _info(self._state)

    def step(self, action: Any) -> tuple[np.ndarray, Any, Any, Any, dict[str, Any]]:
        if self._state is None:
            raise gymnasium.error.ResetNeeded("step was called before reset")
        self._state = self._step(self._state, np.asarray(action, np.float32))
        truncated = bool(self._state.info["truncation"])
        return np.asarray(self._state.obs), float(self._state.reward), False, truncated, _info(self._state)

    def render(self) -> np.ndarray | None:
        """Draws the state, `[240, 320, 3]` uint8; None without a render mode."""
        if self.render_mode is None:
            return None
        if self._state is None:
            raise gymnasium.error.ResetNeeded("render was called before reset")
        from divbench.envs.render import Renderer, positions

        if self._renderer is None:
            self._renderer = Renderer(self._environment.name)
        target = np.asarray(self._state.info.get("target", ()))
        return self._renderer.frame(positions(self._environment, self._state.data), target)

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


class GymVectorEnvironment(gymnasium.vector.VectorEnv):
    """Many episodes of one task in one compiled program, in lockstep: they end, and begin anew, together.

    Args:
      task: an entry of `names.SIMULATED`.
      num_envs: how many.
      physics: `auto`, `host`, `mjx` or `warp`.
    """

    metadata = {"render_modes": [], "autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}

    def __init__(self, task: str, num_envs: int = 1, physics: str = "auto") -> None:
        self._environment = _simulated(task, physics)
        self.num_envs = num_envs
        self.single_observation_space, self.single_action_space = _spaces(self._environment)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._start = jax.jit(jax.vmap(self._environment.start))
        self._step = jax.jit(jax.vmap(self._environment.step))
        self._state: State | None = None
        self._over = False

    def reset(self, *, seed: int | list[int] | None = None,
              options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        if isinstance(seed, list):  # one generator draws for all
            seed = int(np.random.SeedSequence(seed).generate_state(1)[0])
        super().reset(seed=seed)
        drawn = self._environment.draw(self.np_random.integers(2**63, size=self.num_envs, dtype=np.uint64))
        self._state, self._over = self._start(drawn), False
        return np.asarray(self._state.obs), _info(self._state)

    def step(self, actions: Any) -> tuple[np.ndarray, Any, Any, Any, dict[str, Any]]:
        if self._state is None:
            raise gymnasium.error.ResetNeeded("step was called before reset")
        nothing = np.zeros(self.num_envs, bool)
        if self._over:
            obs, info = self.reset()
            return obs, np.zeros(self.num_envs), nothing, nothing, info
        self._state = self._step(self._state, np.asarray(actions, np.float32))
        truncated = np.asarray(self._state.info["truncation"]) > 0
        self._over = bool(truncated.any())
        reward = np.asarray(self._state.reward, np.float64)
        return np.asarray(self._state.obs), reward, nothing, truncated, _info(self._state)


for _task in SIMULATED:
    gymnasium.register(
        id=f"divbench/{_task}-v0",
        entry_point="divbench.envs.gym:GymEnvironment",
        vector_entry_point="divbench.envs.gym:GymVectorEnvironment",
        kwargs={"task": _task},
    )
