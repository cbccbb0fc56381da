"""What gymnasium's runners share: the speed that they are paid for, and what control costs.

Lives here: `speed`, `control_cost`, `within`. Does not live here: any one task.
"""

import jax
import jax.numpy as jnp

from divbench.envs.base import Sensed


def speed(sensed: Sensed, control_timestep: float) -> jax.Array:
    """Mean forward speed during the control step, m/s."""
    return sensed.sensors["displacement"][0] / control_timestep


def control_cost(sensed: Sensed, weight: float) -> jax.Array:
    """`weight` times the sum of squared controls, as given, before MuJoCo's clamping."""
    return weight * jnp.sum(jnp.square(sensed.ctrl))


def within(value: jax.Array, low: float, high: float) -> jax.Array:
    """Whether every number of `value` lies strictly between `low` and `high`; false of what is not a number."""
    return jnp.all((low < value) & (value < high))
