"""What rewards are built from: dm_control's soft indicator function, and what gymnasium's runners are paid for.

Lives here: `tolerance` and its sigmoids in JAX; `length`, safe to differentiate everywhere; `speed`, `control_cost`
and `within` of the runners.
Does not live here: any task's reward.
"""

import jax
import jax.numpy as jnp
import numpy as np

from divbench.envs.base import Sensed

_MAY_REACH_ZERO = ("cosine", "linear", "quadratic")


def _gaussian(x: jax.Array, value: float) -> jax.Array:
    return jnp.exp(-0.5 * (x * np.sqrt(-2 * np.log(value))) ** 2)


def _hyperbolic(x: jax.Array, value: float) -> jax.Array:
    scaled = x * np.arccosh(1 / value)
    # cosh overflows beyond this point, and the derivative of its inverse would be inf / inf.
    limit = np.log(jnp.finfo(scaled.dtype).max) - 1
    inside = ~(jnp.abs(scaled) > limit)
    return jnp.where(inside, 1 / jnp.cosh(jnp.where(inside, scaled, 0.0)), 0.0)


def _long_tail(x: jax.Array, value: float) -> jax.Array:
    return 1 / ((x * np.sqrt(1 / value - 1)) ** 2 + 1)


def _reciprocal(x: jax.Array, value: float) -> jax.Array:
    return 1 / (jnp.abs(x) * (1 / value - 1) + 1)


def _cosine(x: jax.Array, value: float) -> jax.Array:
    scaled = x * (np.arccos(2 * value - 1) / np.pi)
    inside = jnp.abs(scaled) < 1
    return jnp.where(inside, (1 + jnp.cos(np.pi * jnp.where(inside, scaled, 0.0))) / 2, 0.0)


def _linear(x: jax.Array, value: float) -> jax.Array:
    scaled = x * (1 - value)
    return jnp.where(jnp.abs(scaled) < 1, 1 - scaled, 0.0)


def _quadratic(x: jax.Array, value: float) -> jax.Array:
    scaled = x * np.sqrt(1 - value)
    inside = jnp.abs(scaled) < 1
    return jnp.where(inside, 1 - jnp.where(inside, scaled, 0.0) ** 2, 0.0)


def _tanh_squared(x: jax.Array, value: float) -> jax.Array:
    return 1 - jnp.tanh(x * np.arctanh(np.sqrt(1 - value))) ** 2


SIGMOIDS = {
    "gaussian": _gaussian,
    "hyperbolic": _hyperbolic,
    "long_tail": _long_tail,
    "reciprocal": _reciprocal,
    "cosine": _cosine,
    "linear": _linear,
    "quadratic": _quadratic,
    "tanh_squared": _tanh_squared,
}


def tolerance(
    x: jax.Array,
    bounds: tuple[float, float] = (0.0, 0.0),
    margin: float = 0.0,
    sigmoid: str = "gaussian",
    value_at_margin: float = 0.1,
) -> jax.Array:
    """1 inside `bounds`, falling to 0 outside of them; dm_control's `rewards.tolerance`.

    Args:
      x: array of any shape.
      bounds: inclusive lower and upper bound, either may be infinite.
      margin: distance from the nearer bound at which the result is `value_at_margin`, in the unit
        of `x`; 0 makes the function a step.
      sigmoid: how it falls, a key of `SIGMOIDS`.
      value_at_margin: result at distance `margin`, in (0, 1), or [0, 1) for the sigmoids of
        bounded support (cosine, linear, quadratic).

    Returns:
      Array of `x`'s shape with values in [0, 1]; float.

    Raises:
      ValueError: bounds in the wrong order, negative margin, unknown sigmoid, or a
        `value_at_margin` outside its range.

    Source: Tassa et al., "DeepMind Control Suite", 2018, section 2.2 ("Reward").
    """
    lower, upper = bounds
    if lower > upper:
        raise ValueError(f"lower bound {lower} exceeds upper bound {upper}")
    if margin < 0:
        raise ValueError(f"margin must not be negative, got {margin}")
    x = jnp.asarray(x)
    x = x.astype(jnp.result_type(x.dtype, jnp.float32) if x.dtype != jnp.float64 else x.dtype)
    in_bounds = (lower <= x) & (x <= upper)
    if margin == 0:
        return jnp.where(in_bounds, 1.0, 0.0).astype(x.dtype)
    if sigmoid not in SIGMOIDS:
        raise ValueError(f"unknown sigmoid {sigmoid!r}; known: {', '.join(SIGMOIDS)}")
    lowest_ok = 0 <= value_at_margin if sigmoid in _MAY_REACH_ZERO else 0 < value_at_margin
    if not (lowest_ok and value_at_margin < 1):
        raise ValueError(f"value_at_margin {value_at_margin} is out of range for sigmoid {sigmoid!r}")
    # The distance is made 0 inside the bounds, so that an infinite bound reaches no sigmoid.
    distance = jnp.where(in_bounds, 0.0, jnp.where(x < lower, lower - x, x - upper)) / margin
    return jnp.where(in_bounds, 1.0, SIGMOIDS[sigmoid](distance, value_at_margin)).astype(x.dtype)


def length(vector: jax.Array) -> jax.Array:
    """Euclidean norm of a vector, `[]`; its gradient at zero is zero."""
    squares = jnp.sum(jnp.square(vector))
    positive = squares > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1.0)), 0.0)


def speed(sensed: Sensed, control_timestep: float) -> jax.Array:
    """Mean forward speed during the control step, m/s."""
    return sensed.sensors["displacement"][0] / control_timestep


def control_cost(sensed: Sensed, weight: float) -> jax.Array:
    """`weight` times the sum of squared controls, as given, before MuJoCo's clamping."""
    return weight * jnp.sum(jnp.square(sensed.ctrl))


def within(value: jax.Array, low: float, high: float) -> jax.Array:
    """Whether every number of `value` lies strictly between `low` and `high`; false of what is not a number."""
    return jnp.all((low < value) & (value < high))
