"""Fish: a swimmer in three dimensions, paid for bringing its mouth to a target.

Lives here: the swim task's observation and reward. Its model's edits are in `edits`, its resets in
`draws`. Source: dm_control 1.0, `suite/fish.py`.
"""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import length, tolerance

_RADII = 0.04 + 0.005  # m, the target's and the mouth's


def target(model: mujoco.MjModel) -> np.ndarray:
    """`[3]`: where dm_control's reset put the target."""
    return model.geom("target").pos


def _to_target(sensed: Sensed) -> jax.Array:
    """From mouth to target in the mouth's frame."""
    away = sensed.target - sensed.sensors["mouth_position"]
    return jnp.stack([away @ sensed.sensors[f"mouth_{axis}_axis"] for axis in "xyz"])


def observe(sensed: Sensed) -> jax.Array:
    """`[24]`: joint angles `[7]`, uprightness `[1]`, from mouth to target `[3]`, velocities `[13]`."""
    upright = sensed.sensors["torso_z_axis"][2:]
    return jnp.concatenate([sensed.qpos[7:], upright, _to_target(sensed), sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """Seven eighths for the mouth at the target, one eighth for being upright."""
    in_target = tolerance(length(_to_target(sensed)), (0.0, _RADII), margin=2 * _RADII)
    upright = 0.5 * (sensed.sensors["torso_z_axis"][2] + 1)
    return (7 * in_target + upright) / 8


DEFINITIONS = (TaskDefinition("fish-swim", 0.04, observe, reward, 3, target),)
