"""Quadruped: a four-legged walker with filtered, tendon-coupled actuators.

Lives here: the run task's observation and reward. Its model's edits are in `models`, its resets in
`draws`. Source: dm_control 1.0, `suite/quadruped.py`.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.rewards import tolerance

_RUN_SPEED = 5.0  # m/s
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


def run_reward(sensed: Sensed) -> jax.Array:
    """Uprightness times a term linear in the torso's own forward speed, 1 from 5 m/s on."""
    move = tolerance(
        sensed.sensors["velocimeter"][0],
        (_RUN_SPEED, float("inf")),
        margin=_RUN_SPEED,
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


DEFINITIONS = (TaskDefinition("quadruped-run", 0.02, observe, run_reward),)
