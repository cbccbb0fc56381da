"""Reacher: a two-link arm in the plane, paid for holding its finger in a small target.

Lives here: the hard task's observation and reward. Its model's edits are in `edits`, its resets in
`draws`. Source: dm_control 1.0, `suite/reacher.py`.
"""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import length, tolerance

_TARGET_RADIUS = 0.015  # m
_FINGER_RADIUS = 0.01  # m


def target(model: mujoco.MjModel) -> np.ndarray:
    """`[2]`: where dm_control's reset put the target (x, y)."""
    return model.geom("target").pos[:2]


def _to_target(sensed: Sensed) -> jax.Array:
    return sensed.target - sensed.sensors["finger_position"][:2]


def observe(sensed: Sensed) -> jax.Array:
    """`[6]`: joint angles `[2]`, from finger to target `[2]`, velocities `[2]`."""
    return jnp.concatenate([sensed.qpos, _to_target(sensed), sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """1 while finger and target overlap, else 0."""
    return tolerance(length(_to_target(sensed)), (0.0, _TARGET_RADIUS + _FINGER_RADIUS))


DEFINITIONS = (TaskDefinition("reacher-hard", 0.02, observe, reward, 2, target),)
