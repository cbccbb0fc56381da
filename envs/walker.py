"""Walker: a planar biped, paid for standing tall and moving forward at 8 m/s.

Lives here: its observation and reward. Its model's edits are in `edits`, its resets in `draws`.
Source: dm_control 1.0, `suite/walker.py`.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import tolerance

_STAND_HEIGHT = 1.2  # m
_RUN_SPEED = 8.0  # m/s
_BODIES = ("torso", "right_thigh", "right_leg", "right_foot", "left_thigh", "left_leg", "left_foot")


def observe(sensed: Sensed) -> jax.Array:
    """`[24]`: two entries of each body's rotation `[14]`, torso height `[1]`, velocities `[9]`."""
    axes = [sensed.sensors[f"{body}_{axis}_axis"][:1] for body in _BODIES for axis in ("x", "z")]
    return jnp.concatenate([*axes, sensed.sensors["torso_position"][2:], sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """Standing and uprightness, times a sixth plus five sixths of the speed term."""
    height = sensed.sensors["torso_position"][2]
    standing = tolerance(height, (_STAND_HEIGHT, float("inf")), margin=_STAND_HEIGHT / 2)
    upright = (1 + sensed.sensors["torso_z_axis"][2]) / 2
    stand_reward = (3 * standing + upright) / 4
    speed = sensed.sensors["torso_subtreelinvel"][0]
    move_reward = tolerance(
        speed,
        (_RUN_SPEED, float("inf")),
        margin=_RUN_SPEED / 2,
        value_at_margin=0.5,
        sigmoid="linear",
    )
    return stand_reward * (5 * move_reward + 1) / 6


DEFINITIONS = (TaskDefinition("walker-run", 0.025, observe, reward),)
