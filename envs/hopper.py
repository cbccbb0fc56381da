"""Hopper: a planar one-legged hopper, paid for standing still or for hopping forward.

Lives here: its observation and two rewards. Its model's edits are in `edits`, its resets in
`draws`. Source: dm_control 1.0, `suite/hopper.py`.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import tolerance

_STAND_HEIGHT = 0.6  # m, torso above foot
_HOP_SPEED = 2.0  # m/s


def observe(sensed: Sensed) -> jax.Array:
    """`[15]`: positions without the horizontal one `[6]`, velocities `[7]`, log touch `[2]`."""
    touch = jnp.concatenate([sensed.sensors["touch_toe"], sensed.sensors["touch_heel"]])
    return jnp.concatenate([sensed.qpos[1:], sensed.qvel, jnp.log1p(touch)])


def _standing(sensed: Sensed) -> jax.Array:
    height = sensed.sensors["torso_center"][2] - sensed.sensors["foot_center"][2]
    return tolerance(height, (_STAND_HEIGHT, 2.0))


def stand_reward(sensed: Sensed) -> jax.Array:
    """Standing, times four fifths plus a fifth of how small the controls are."""
    small = tolerance(sensed.ctrl, margin=1.0, value_at_margin=0.0, sigmoid="quadratic").mean()
    return _standing(sensed) * ((small + 4) / 5)


def hop_reward(sensed: Sensed) -> jax.Array:
    """Standing, times a term linear in forward speed that is 1 from 2 m/s on."""
    hopping = tolerance(
        sensed.sensors["torso_subtreelinvel"][0],
        (_HOP_SPEED, float("inf")),
        margin=_HOP_SPEED / 2,
        value_at_margin=0.5,
        sigmoid="linear",
    )
    return _standing(sensed) * hopping


DEFINITIONS = (
    TaskDefinition("hopper-stand", 0.02, observe, stand_reward),
    TaskDefinition("hopper-hop", 0.02, observe, hop_reward),
)
