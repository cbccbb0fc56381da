"""HalfCheetah: a planar two-legged runner, paid for forward speed. Its episodes end by the time limit alone.

Lives here: its observation, reward and reset. Source: gymnasium 1.4, `envs/mujoco/half_cheetah_v4.py`; versions 2, 4
and 5 are alike in all three.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Field, ResetNoise, Sensed, TaskDefinition
from divbench.envs.rewards import control_cost, speed

_CONTROL_TIMESTEP = 0.05  # s


def observe(sensed: Sensed) -> jax.Array:
    """`[17]`: positions without the horizontal one `[8]`, velocities `[9]`."""
    return jnp.concatenate([sensed.qpos[1:], sensed.qvel])


def reward(sensed: Sensed) -> jax.Array:
    """Forward speed less a tenth of the squared controls."""
    return speed(sensed, _CONTROL_TIMESTEP) - control_cost(sensed, 0.1)


DEFINITIONS = (
    TaskDefinition(
        "halfcheetah", _CONTROL_TIMESTEP, observe, reward,
        reset_noise=ResetNoise(0.1, normal_velocities=True), moves=Field("qpos", 0, 1),
    ),
)
