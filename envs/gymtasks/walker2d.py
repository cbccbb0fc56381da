"""Walker2d: a planar biped, paid for forward speed and for staying up.

Lives here: its observation, reward, termination and reset. Source: gymnasium 1.4, `envs/mujoco/walker2d_v4.py`. As in
version 2, one foot slides more easily than the other (friction 0.9 and 1.9); in version 5 both have 1.9, and a step
that ends an episode pays nothing.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Field, ResetNoise, Sensed, TaskDefinition
from divbench.envs.rewards import control_cost, speed, within

_CONTROL_TIMESTEP = 0.008  # s
_LOWEST, _HIGHEST = 0.8, 2.0  # m, the torso's
_STEEPEST = 1.0  # rad, the torso's
_FASTEST_SEEN = 10.0  # m/s or rad/s


def observe(sensed: Sensed) -> jax.Array:
    """`[17]`: positions without the horizontal one `[8]`, velocities clipped to 10 `[9]`."""
    return jnp.concatenate([sensed.qpos[1:], jnp.clip(sensed.qvel, -_FASTEST_SEEN, _FASTEST_SEEN)])


def reward(sensed: Sensed) -> jax.Array:
    """Forward speed, 1 for the step, less a thousandth of the squared controls."""
    return speed(sensed, _CONTROL_TIMESTEP) + 1.0 - control_cost(sensed, 1e-3)


def terminated(sensed: Sensed) -> jax.Array:
    """Whether the torso is not between 0.8 and 2 m, or leans by 1 rad or more."""
    return ~(within(sensed.qpos[1], _LOWEST, _HIGHEST) & within(sensed.qpos[2], -_STEEPEST, _STEEPEST))


DEFINITIONS = (
    TaskDefinition(
        "walker2d", _CONTROL_TIMESTEP, observe, reward, terminated=terminated,
        reset_noise=ResetNoise(5e-3), moves=Field("qpos", 0, 1),
    ),
)
