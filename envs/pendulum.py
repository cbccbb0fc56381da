"""Pendulum: a pole with a weak motor at its hinge, paid for standing within 8 degrees of upright.

Lives here: its observation and reward. Its model's edits are in `edits`, its resets in `draws`.
Source: dm_control 1.0, `suite/pendulum.py`.
"""

import math

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import tolerance

_UPRIGHT_COSINE = math.cos(math.radians(8.0))


def observe(sensed: Sensed) -> jax.Array:
    """`[3]`: vertical and horizontal component of the pole's axis, angular velocity."""
    axis = sensed.sensors["pole_z_axis"]
    return jnp.concatenate([axis[2:], axis[:1], sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """1 within 8 degrees of upright, else 0. In float32 the cosine of a pole that stands straight
    may be rounded to above 1, which is still upright."""
    vertical = sensed.sensors["pole_z_axis"][2]
    rounding = 0.0 if vertical.dtype == jnp.float64 else 1e-6
    return tolerance(vertical, (_UPRIGHT_COSINE, 1.0 + rounding))


DEFINITIONS = (TaskDefinition("pendulum-swingup", 0.02, observe, reward),)
