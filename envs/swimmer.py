"""Swimmer: six links in a viscous plane, paid for bringing its nose to a target.

Lives here: its observation and reward. Its model's edits are in `edits`, its resets in `draws`.
Source: dm_control 1.0, `suite/swimmer.py`.
"""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import length, tolerance

_TARGET_RADIUS = 0.1  # m
_BODIES = (("head_vel", "head_gyro"), *((f"velocimeter_{i}", f"gyro_{i}") for i in range(5)))


def target(model: mujoco.MjModel) -> np.ndarray:
    """`[3]`: where dm_control's reset put the target."""
    return model.geom("target").pos


def _to_target(sensed: Sensed) -> jax.Array:
    """From nose to target in the head's frame, the first two coordinates."""
    away = sensed.target - sensed.sensors["nose_pos"]
    return jnp.stack([away @ sensed.sensors["head_xaxis"], away @ sensed.sensors["head_yaxis"]])


def observe(sensed: Sensed) -> jax.Array:
    """`[25]`: joint angles `[5]`, from nose to target `[2]`, and of each body two linear velocities
    in its plane and its turning velocity `[18]`."""
    read = sensed.sensors
    velocities = [part for linear, gyro in _BODIES for part in (read[linear][:2], read[gyro][2:])]
    return jnp.concatenate([sensed.qpos[3:], _to_target(sensed), *velocities])


def reward(sensed: Sensed) -> jax.Array:
    """1 with the nose inside the target, falling with a long tail beyond it."""
    margin = 5 * _TARGET_RADIUS
    return tolerance(length(_to_target(sensed)), (0.0, _TARGET_RADIUS), margin, sigmoid="long_tail")


DEFINITIONS = (TaskDefinition("swimmer-swimmer6", 0.03, observe, reward, 3, target),)
