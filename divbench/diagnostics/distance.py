"""What the critics say of actions that the data does not hold, by their distance from those that it does."""

from __future__ import annotations

import chex
import jax
import jax.numpy as jnp

from divbench.diagnostics.norms import magnitude_scale

ROUNDING = 1e-6  # of the largest magnitude; what varies by less is constant as far as float32 can tell


def most_distant(action: jax.Array) -> jax.Array:
    """For each action the corner of [-1, 1]^A farthest from it: -1 where it is positive, +1 elsewhere, 0 included.

    Shapes: `[B, A]` to `[B, A]`. Where an entry is 0 both corners are as far, and +1 is taken.
    """
    return jnp.where(action > 0.0, -1.0, 1.0).astype(action.dtype)


def distance_correlation(actions: jax.Array, reference: jax.Array, q: jax.Array) -> jax.Array:
    """Pearson correlation, over the batch, of Q with the actions' distance from those of the data.

    corr(|a_i - b_i|_2, mean over critics of Q(s_i, a_i)). Near 1 the critics find actions the better the farther they
    are from what was tried, which is how divergence begins. Source: Voelcker et al., MAD-TD, 2410.08896, whose code
    logs such a correlation.

    Args:
      actions: the actions that `q` is of, `[B, A]`.
      reference: the actions of the data in the same states, `[B, A]`.
      q: `[critics, B]`.

    Returns:
      A scalar in [-1, 1]; exactly 0 where distances or Q are constant but for rounding.
    """
    chex.assert_equal_shape((actions, reference))
    chex.assert_shape(q, (None, len(actions)))
    difference = actions - reference
    scaled = difference / magnitude_scale(difference)
    distance = jnp.sqrt(jnp.sum(jnp.square(scaled), -1))
    q_mean = jnp.mean(q / magnitude_scale(q), 0)
    return jnp.clip(jnp.sum(_direction(distance) * _direction(q_mean)), -1.0, 1.0)


def _direction(series: jax.Array) -> jax.Array:
    """The series `[B]`, of order 1, less its mean and at length 1; zeros if it is constant, NaN if not finite."""
    constant = jnp.all(jnp.isfinite(series)) & (jnp.max(series) - jnp.min(series) <= ROUNDING)
    centred = series - jnp.mean(series)
    length = jnp.sqrt(jnp.sum(jnp.square(centred)))
    return jnp.where(constant, 0.0, centred / jnp.where(constant, 1.0, length))
