"""Dog: a four-legged body of 38 muscle-like actuators, paid for standing and for moving forward.

Lives here: its observation and four rewards. Its model's edits are in `edits`, its resets in
`draws`. Source: dm_control 1.0, `suite/dog.py`.
"""

import functools
import math

import jax
import jax.numpy as jnp
import mujoco

from divbench.envs.base import Sensed, TaskDefinition
from divbench.envs.models import load_model
from divbench.envs.rewards import tolerance

_UPRIGHT_COSINE = math.cos(math.radians(30.0))
_STAND_HEIGHT_FRACTION = 0.9  # of the height at the default pose
_INERTIAL = ("accelerometer", "velocimeter", "gyro")
_FEET = ("foot_L", "foot_R", "hand_L", "hand_R")
_SOLES = ("palm_L", "palm_R", "sole_L", "sole_R")
_UPRIGHT_BODIES = ("skull", "torso", "pelvis")
# Task: the speed from which on it pays fully, m/s.
_SPEEDS = {"dog-walk": 1.0, "dog-trot": 3.0, "dog-run": 9.0}


def observe(sensed: Sensed) -> jax.Array:
    """`[223]`: hinge angles `[73]` and velocities `[73]`, height of torso and pelvis `[2]`, vertical
    components of three bodies' axes `[9]`, the centre of mass's velocity in the torso's frame `[3]`,
    accelerometer, velocimeter and gyro of the head `[9]`, forces on the feet `[12]`, touch `[4]`,
    activations `[38]`."""
    read = sensed.sensors
    vertical = [read[f"{body}_{axis}_axis"][2:] for body in _UPRIGHT_BODIES for axis in "xyz"]
    return jnp.concatenate(
        [
            sensed.qpos[7:],
            sensed.qvel[6:],
            read["torso_position"][2:],
            read["pelvis_position"][2:],
            *vertical,
            jnp.stack([read["torso_linvel"] @ read[f"torso_{axis}_axis"] for axis in "xyz"]),
            *(read[name] for name in (*_INERTIAL, *_FEET, *_SOLES)),
            sensed.act,
        ]
    )


@functools.cache
def _standing_constants() -> tuple[float, float, float]:
    """Heights of torso and pelvis (m) that count as standing, and the body's weight (N)."""
    model = load_model("dog-stand").model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    torso, pelvis = (float(data.body(body).xpos[2] * _STAND_HEIGHT_FRACTION) for body in ("torso", "pelvis"))
    return torso, pelvis, float(-model.opt.gravity[2] * model.body("torso").subtreemass[0])


def stand_reward(sensed: Sensed) -> jax.Array:
    """The product of torso height, pelvis height, three uprightnesses, and weight on the soles."""
    torso, pelvis, weight = _standing_constants()
    read = sensed.sensors
    infinity = float("inf")
    height = [
        tolerance(read[f"{body}_position"][2], (needed, infinity), margin=needed)
        for body, needed in (("torso", torso), ("pelvis", pelvis))
    ]
    upright = tolerance(
        jnp.stack([read[f"{body}_z_axis"][2] for body in _UPRIGHT_BODIES]),
        (_UPRIGHT_COSINE, infinity),
        margin=_UPRIGHT_COSINE + 1,
        value_at_margin=0.0,
        sigmoid="linear",
    )
    first, *others = (read[name][0] for name in _SOLES)
    pressed = sum(others, first)
    touch = tolerance(pressed, (weight, infinity), margin=weight, value_at_margin=0.9, sigmoid="linear")
    return height[0] * height[1] * jnp.prod(upright) * touch


def _move_reward(sensed: Sensed, speed: float) -> jax.Array:
    """Standing, times a fifth plus four fifths of a term linear in the torso's own forward speed."""
    forward = sensed.sensors["torso_linvel"] @ sensed.sensors["torso_x_axis"]
    bounds = (speed, 2 * speed)
    move = tolerance(forward, bounds, margin=max(1.0, speed), value_at_margin=0.0, sigmoid="linear")
    return stand_reward(sensed) * ((4 * move + 1) / 5)


DEFINITIONS = (
    TaskDefinition("dog-stand", 0.015, observe, stand_reward),
    *(
        TaskDefinition(name, 0.015, observe, functools.partial(_move_reward, speed=speed))
        for name, speed in _SPEEDS.items()
    ),
)
