"""Finger: a two-joint finger that spins a free body on a hinge, or turns it to a target.

Lives here: the observation and reward of spin and of the hard turn. Its model's edits are in `edits`, its resets in
`draws`. Source: dm_control 1.0, `suite/finger.py`.
"""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import length

_SPIN_VELOCITY = 15.0  # rad/s
_TARGET_RADIUS = 0.03  # m


def target(model: mujoco.MjModel) -> np.ndarray:
    """`[2]`: where dm_control's reset put the target (x, z)."""
    return model.site("target").pos[[0, 2]]


def observe_spin(sensed: Sensed) -> jax.Array:
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


def _target_position(sensed: Sensed) -> jax.Array:
    return sensed.target - sensed.sensors["spinner"][jnp.array([0, 2])]


def _distance(sensed: Sensed) -> jax.Array:
    """From the spinner's tip to the target's edge, negative inside of it."""
    read = sensed.sensors
    tip = (read["tip"] - read["spinner"])[jnp.array([0, 2])]
    return length(_target_position(sensed) - tip) - _TARGET_RADIUS


def observe_turn(sensed: Sensed) -> jax.Array:
    """`[12]`: what spin observes `[9]`, the target (x, z) `[2]`, the tip's distance to it `[1]`."""
    return jnp.concatenate([observe_spin(sensed), _target_position(sensed), _distance(sensed)[None]])


def turn_reward(sensed: Sensed) -> jax.Array:
    """1 while the tip is inside the target, else 0."""
    distance = _distance(sensed)
    return (distance <= 0).astype(distance.dtype)


DEFINITIONS = (
    TaskDefinition("finger-spin", 0.02, observe_spin, spin_reward),
    TaskDefinition("finger-turn_hard", 0.02, observe_turn, turn_reward, 2, target),
)
