"""Swimmer: three links in a viscous plane, paid for forward speed. Its episodes end by the time limit alone.

Lives here: its observation, reward and reset. Source: gymnasium 1.4, `envs/mujoco/swimmer_v4.py`; versions 2, 4 and 5
are alike in all three.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Field, ResetNoise, Sensed, TaskDefinition
from divbench.envs.rewards import control_cost, speed

_CONTROL_TIMESTEP = 0.04  # s


def observe(sensed: Sensed) -> jax.Array:
    """`[8]`: positions without the two of the first link's tip `[3]`, velocities `[5]`."""
    return jnp.concatenate([sensed.qpos[2:], sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """The first link's forward speed less a ten-thousandth of the squared controls."""
    return speed(sensed, _CONTROL_TIMESTEP) - control_cost(sensed, 1e-4)


DEFINITIONS = (
    TaskDefinition(
        "swimmer", _CONTROL_TIMESTEP, observe, reward, reset_noise=ResetNoise(0.1), moves=Field("qpos", 0, 2)
    ),
)
