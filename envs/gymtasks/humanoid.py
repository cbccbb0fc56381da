"""Humanoid: a simplified human body, paid for its centre of mass's forward speed and for staying up.

Lives here: its observation, reward, termination and reset. Source: gymnasium 1.4, `envs/mujoco/humanoid_v4.py`.

Version 2 also has a cost on contact forces; from MuJoCo 2.0 on those forces were zero there. Version 5 has that cost
again, leaves out of the observation what is always zero, and pays nothing for a step that ends an episode. The model
asks for MuJoCo's solver PGS, which MJX does not have: under `mjx` it is Newton's.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Field, ResetNoise, Sensed, TaskDefinition
from divbench.envs.rewards import control_cost, speed, within

_CONTROL_TIMESTEP = 0.015  # s
_LOWEST, _HIGHEST = 1.0, 2.0  # m, the torso's
_FIELDS = tuple(map(Field, ("cinert", "cvel", "qfrc_actuator", "cfrc_ext")))


def observe(sensed: Sensed) -> jax.Array:
    """`[376]`: positions without the two horizontal ones `[22]`, velocities `[23]`, and of the world and the 13
    bodies inertias `[140]` and velocities `[84]` about the centre of mass, the actuators' forces on the joints
    `[23]`, and contact forces on the bodies `[84]`."""
    fields = [sensed.sensors[field.source] for field in _FIELDS]
    return jnp.concatenate([sensed.qpos[2:], sensed.qvel, *fields])


def reward(sensed: Sensed) -> jax.Array:
    """Five quarters of the forward speed, 5 for the step, less a tenth of the squared controls."""
    return 1.25 * speed(sensed, _CONTROL_TIMESTEP) + 5.0 - control_cost(sensed, 0.1)


def terminated(sensed: Sensed) -> jax.Array:
    """Whether the torso is not between 1 and 2 m."""
    return ~within(sensed.qpos[2], _LOWEST, _HIGHEST)


DEFINITIONS = (
    TaskDefinition(
        "humanoid", _CONTROL_TIMESTEP, observe, reward, terminated=terminated,
        reset_noise=ResetNoise(1e-2), moves=Field("subtree_com", 1, 2), reads=_FIELDS,
    ),
)
