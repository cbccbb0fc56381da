"""Cheetah: a planar two-legged runner, paid for horizontal speed up to 10 m/s.

Lives here: its observation and reward. Its model's edits are in `edits`, its resets in `draws`.
Source: dm_control 1.0, `suite/cheetah.py`.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import tolerance

_RUN_SPEED = 10.0  # m/s


def observe(sensed: Sensed) -> jax.Array:
    """`[17]`: positions without the horizontal one `[8]`, velocities `[9]`."""
    return jnp.concatenate([sensed.qpos[1:], sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """Linear in the centre of mass's forward speed, 1 from 10 m/s on."""
    speed = sensed.sensors["torso_subtreelinvel"][0]
    return tolerance(
        speed, (_RUN_SPEED, float("inf")), margin=_RUN_SPEED, value_at_margin=0.0, sigmoid="linear"
    )


DEFINITIONS = (TaskDefinition("cheetah-run", 0.01, observe, reward),)
