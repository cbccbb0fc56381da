"""Quadruped: a four-legged walker with filtered, tendon-coupled actuators.

Lives here: the observation and reward of walk and run. Its model's edits are in `edits`, its resets in
`draws`. Source: dm_control 1.0, `suite/quadruped.py`.
"""

import functools

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import tolerance

_WALK_SPEED, _RUN_SPEED = 0.5, 5.0  # m/s
_LEGS = ("front_left", "front_right", "back_right", "back_left")


def observe(sensed: Sensed) -> jax.Array:
    """`[78]`: hinge angles `[16]`, hinge velocities `[16]`, activations `[12]`, torso velocity
    in its own frame `[3]`, uprightness `[1]`, accelerometer and gyro `[6]`, and the inverse
    hyperbolic sine of the toes' forces `[12]` and torques `[12]`."""
    read = sensed.sensors
    loads = [read[f"{kind}_toe_{leg}"] for kind in ("force", "torque") for leg in _LEGS]
    return jnp.concatenate(
        [
            sensed.qpos[7:],
            sensed.qvel[6:],
            sensed.act,
            read["velocimeter"],
            read["torso_z_axis"][2:],
            read["imu_accel"],
            read["imu_gyro"],
            jnp.arcsinh(jnp.concatenate(loads)),
        ]
    )


def _move_reward(sensed: Sensed, speed: float) -> jax.Array:
    """Uprightness times a term linear in the torso's own forward speed, 1 from `speed` m/s on."""
    move = tolerance(
        sensed.sensors["velocimeter"][0],
        (speed, float("inf")),
        margin=speed,
        value_at_margin=0.5,
        sigmoid="linear",
    )
    upright = tolerance(
        sensed.sensors["torso_z_axis"][2],
        (1.0, float("inf")),
        margin=2.0,
        value_at_margin=0.0,
        sigmoid="linear",
    )
    return upright * move


DEFINITIONS = tuple(
    TaskDefinition(name, 0.02, observe, functools.partial(_move_reward, speed=speed))
    for name, speed in (("quadruped-walk", _WALK_SPEED), ("quadruped-run", _RUN_SPEED))
)
