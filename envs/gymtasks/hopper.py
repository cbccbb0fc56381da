"""Hopper: a planar one-legged hopper, paid for forward speed and for staying up.

Lives here: its observation, reward, termination and reset. Source: gymnasium 1.4, `envs/mujoco/hopper_v4.py`. Version
5 differs in that it pays nothing for a step that ends an episode.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Field, ResetNoise, Sensed, TaskDefinition
from divbench.envs.rewards import control_cost, speed, within

_CONTROL_TIMESTEP = 0.008  # s
_LOWEST = 0.7  # m, the torso's
_STEEPEST = 0.2  # rad, the torso's
_LARGEST = 100.0  # of any other number of the state
_FASTEST_SEEN = 10.0  # m/s or rad/s


def observe(sensed: Sensed) -> jax.Array:
    """`[11]`: positions without the horizontal one `[5]`, velocities clipped to 10 `[6]`."""
    return jnp.concatenate([sensed.qpos[1:], jnp.clip(sensed.qvel, -_FASTEST_SEEN, _FASTEST_SEEN)])


def reward(sensed: Sensed) -> jax.Array:
    """Forward speed, 1 for the step, less a thousandth of the squared controls."""
    return speed(sensed, _CONTROL_TIMESTEP) + 1.0 - control_cost(sensed, 1e-3)


def terminated(sensed: Sensed) -> jax.Array:
    """Whether the torso is at or below 0.7 m, leans by 0.2 rad or more, or anything else is 100 or more."""
    well = within(sensed.qpos[1], _LOWEST, float("inf")) & within(sensed.qpos[2], -_STEEPEST, _STEEPEST)
    rest = jnp.concatenate([sensed.qpos[2:], sensed.qvel])
    return ~(well & within(rest, -_LARGEST, _LARGEST))


DEFINITIONS = (
    TaskDefinition(
        "hopper", _CONTROL_TIMESTEP, observe, reward, terminated=terminated,
        reset_noise=ResetNoise(5e-3), moves=Field("qpos", 0, 1),
    ),
)
