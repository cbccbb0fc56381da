"""Acrobot: two links, one motor at the elbow, paid for bringing the tip to a target above.

Lives here: its observation and reward. Its model's edits are in `edits`, its resets in `draws`.
Source: dm_control 1.0, `suite/acrobot.py`.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import length, tolerance

_TARGET_RADIUS = 0.2  # m


def observe(sensed: Sensed) -> jax.Array:
    """`[6]`: both links' horizontal, then vertical component of their axes `[4]`, velocities `[2]`."""
    axes = [sensed.sensors["upper_arm_z_axis"], sensed.sensors["lower_arm_z_axis"]]
    directions = [axis[index : index + 1] for index in (0, 2) for axis in axes]
    return jnp.concatenate([*directions, sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """1 with the tip inside the target, a Gaussian of the distance beyond it."""
    distance = length(sensed.sensors["target_position"] - sensed.sensors["tip_position"])
    return tolerance(distance, (0.0, _TARGET_RADIUS), margin=1.0)


DEFINITIONS = (TaskDefinition("acrobot-swingup", 0.01, observe, reward),)
