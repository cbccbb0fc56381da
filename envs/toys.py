"""Tasks with known answers, in the shape of `environment.Environment`, without a model or physics behind them."""

from collections.abc import Iterable

import jax
import jax.numpy as jnp
import numpy as np

from divbench.envs.base import State
from divbench.envs.names import TOY, task_info


class ConstantReward:
    """Reward 1 at every step, whatever is done; a time limit and no termination.

    The observation is a point on a circle that moves on by a fixed angle, so that a critic has something to look at.
    With discount g and no entropy term, Q is 1 / (1 - g) everywhere; with the time limit mistaken for termination
    it is less.
    """

    name, physics = "constant-reward", TOY
    info = task_info(name)
    observation_size, action_size = info.observation_size, info.action_size
    action_low, action_high = -np.ones(1), np.ones(1)
    reward_range = (info.reward_min, info.reward_max)
    terminates = info.terminates

    def __init__(self, episode_length: int = info.episode_length) -> None:
        self.episode_length = episode_length

    def draw(self, seeds: Iterable[int]) -> np.ndarray:
        """Starting angles, `[n]`; they depend on the seeds alone."""
        return np.asarray([np.random.default_rng(int(s)).uniform(0.0, 2.0 * np.pi) for s in seeds], np.float32)

    def start(self, angle: jax.Array | np.ndarray) -> State:
        return self._state(jnp.asarray(angle, jnp.float32), jnp.float32(0.0), jnp.int32(0))

    def reset(self, key: jax.Array) -> State:
        return self.start(jax.random.uniform(key, (), jnp.float32, 0.0, 2.0 * jnp.pi))

    def step(self, state: State, action: jax.Array) -> State:
        return self._state(state.data + 0.3, self._reward(action), state.info["steps"] + 1)

    def _reward(self, action: jax.Array) -> jax.Array:
        return jnp.float32(1.0) + 0.0 * jnp.sum(jnp.nan_to_num(action))

    def _state(self, angle: jax.Array, reward: jax.Array, steps: jax.Array) -> State:
        over = (steps >= self.episode_length).astype(jnp.float32)
        info = {"truncation": over, "steps": steps, "nonfinite": jnp.float32(0.0), "bad_action": jnp.float32(0.0)}
        return State(angle, jnp.stack([jnp.cos(angle), jnp.sin(angle)]), reward, over, {}, info)
