"""Finger: a two-joint finger that spins a free body on a hinge.

Lives here: the spin task's observation and reward. Its model's edits are in `models`, its resets in
`draws`. Source: dm_control 1.0, `suite/finger.py`.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition

_SPIN_VELOCITY = 15.0  # rad/s


def observe(sensed: Sensed) -> jax.Array:
    """`[9]`: joint angles `[2]`, spinner tip (x, z) `[2]`, velocities `[3]`, log touch `[2]`."""
    read = sensed.sensors
    tip = read["tip"] - read["spinner"]
    touch = jnp.concatenate([read["touchtop"], read["touchbottom"]])
    return jnp.concatenate(
        [
            read["proximal"],
            read["distal"],
            tip[0:1],
            tip[2:3],
            read["proximal_velocity"],
            read["distal_velocity"],
            read["hinge_velocity"],
            jnp.log1p(touch),
        ]
    )


def spin_reward(sensed: Sensed) -> jax.Array:
    """1 while the body turns at 15 rad/s or faster in the negative direction, else 0."""
    velocity = sensed.sensors["hinge_velocity"][0]
    return (velocity <= -_SPIN_VELOCITY).astype(velocity.dtype)


DEFINITIONS = (TaskDefinition("finger-spin", 0.02, observe, spin_reward),)
