"""Humanoid: a simplified human body, paid for standing, walking at 1 m/s or running at 10 m/s.

Lives here: its observation and three rewards. Its model's edits are in `edits`, its resets in
`draws`. Source: dm_control 1.0, `suite/humanoid.py`.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import length, tolerance

_STAND_HEIGHT = 1.4  # m, the head's
_WALK_SPEED, _RUN_SPEED = 1.0, 10.0  # m/s
_LIMBS = ("left_hand", "left_foot", "right_hand", "right_foot")


def observe(sensed: Sensed) -> jax.Array:
    """`[67]`: joint angles `[21]`, head height `[1]`, hands and feet in the torso's frame `[12]`, the
    torso's vertical `[3]`, the centre of mass's velocity `[3]`, velocities `[27]`."""
    read = sensed.sensors
    axes = [read[f"torso_{axis}_axis"] for axis in "xyz"]
    away = [read[f"{limb}_position"] - read["torso_position"] for limb in _LIMBS]
    extremities = jnp.stack([offset @ axis for offset in away for axis in axes])
    vertical = jnp.stack([axis[2] for axis in axes])
    com_velocity = read["torso_subtreelinvel"]
    return jnp.concatenate(
        [sensed.qpos[7:], read["head_position"][2:], extremities, vertical, com_velocity, sensed.qvel]
    )


def _standing_with_little_control(sensed: Sensed) -> jax.Array:
    height = sensed.sensors["head_position"][2]
    standing = tolerance(height, (_STAND_HEIGHT, float("inf")), margin=_STAND_HEIGHT / 4)
    vertical = sensed.sensors["torso_z_axis"][2]
    upright = tolerance(vertical, (0.9, float("inf")), margin=1.9, value_at_margin=0.0, sigmoid="linear")
    small = tolerance(sensed.ctrl, margin=1.0, value_at_margin=0.0, sigmoid="quadratic").mean()
    return (4 + small) / 5 * (standing * upright)


def stand_reward(sensed: Sensed) -> jax.Array:
    """Standing upright with small controls and without moving sideways."""
    still = tolerance(sensed.sensors["torso_subtreelinvel"][:2], margin=2.0).mean()
    return _standing_with_little_control(sensed) * still


def _move_reward(sensed: Sensed, speed: float) -> jax.Array:
    velocity = length(sensed.sensors["torso_subtreelinvel"][:2])
    move = tolerance(velocity, (speed, float("inf")), margin=speed, value_at_margin=0.0, sigmoid="linear")
    return _standing_with_little_control(sensed) * ((5 * move + 1) / 6)


def walk_reward(sensed: Sensed) -> jax.Array:
    """Standing, times a sixth plus five sixths of a term linear in horizontal speed up to 1 m/s."""
    return _move_reward(sensed, _WALK_SPEED)


def run_reward(sensed: Sensed) -> jax.Array:
    """Standing, times a sixth plus five sixths of a term linear in horizontal speed up to 10 m/s."""
    return _move_reward(sensed, _RUN_SPEED)


DEFINITIONS = (
    TaskDefinition("humanoid-stand", 0.025, observe, stand_reward),
    TaskDefinition("humanoid-walk", 0.025, observe, walk_reward),
    TaskDefinition("humanoid-run", 0.025, observe, run_reward),
)
