"""Ant: four legs and a torso, paid for forward speed and for staying up.

Lives here: its observation, reward, termination and reset. Source: gymnasium 1.4, `envs/mujoco/ant_v4.py`.

Version 2, which 1903.08894 ran, has 84 contact forces in its observation and a cost on them; from MuJoCo 2.0 on they
were zero there, and version 4 leaves them out. Version 5 puts them back, with their true values, and pays nothing for
a step that ends an episode.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Field, ResetNoise, Sensed, TaskDefinition
from divbench.envs.rewards import control_cost, speed

_CONTROL_TIMESTEP = 0.05  # s
_LOWEST, _HIGHEST = 0.2, 1.0  # m, the torso's


def observe(sensed: Sensed) -> jax.Array:
    """`[27]`: positions without the two horizontal ones `[13]`, velocities `[14]`."""
    return jnp.concatenate([sensed.qpos[2:], sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """The torso's forward speed, 1 for the step, less half of the squared controls."""
    return speed(sensed, _CONTROL_TIMESTEP) + 1.0 - control_cost(sensed, 0.5)


def terminated(sensed: Sensed) -> jax.Array:
    """Whether the torso is below 0.2 m or above 1 m, or a number is not finite."""
    height = sensed.qpos[2]
    finite = jnp.all(jnp.isfinite(sensed.qpos)) & jnp.all(jnp.isfinite(sensed.qvel))
    return ~(finite & (_LOWEST <= height) & (height <= _HIGHEST))


DEFINITIONS = (
    TaskDefinition(
        "ant", _CONTROL_TIMESTEP, observe, reward, terminated=terminated,
        reset_noise=ResetNoise(0.1, normal_velocities=True), moves=Field("xpos", 1, 2),
    ),
)
