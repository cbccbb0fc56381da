"""How much freedom the policy has left: actions at their bounds, and entropy."""

from __future__ import annotations

import jax
import jax.numpy as jnp

AT_BOUND = 0.99


def saturation(mode: jax.Array) -> jax.Array:
    """Share of the entries of the policy's modes with |a| >= 0.99; a scalar in [0, 1].

    There tanh is flat: its slope 1 - a^2 is below 0.02, and little of the critics' gradient reaches the actor.

    Args:
      mode: modes of the tanh-Gaussian policy after the tanh, `[B, A]`. A NaN in it makes the result NaN.
    """
    at_bound = jnp.where(jnp.abs(mode) >= AT_BOUND, 1.0, 0.0)
    return jnp.mean(jnp.where(jnp.isnan(mode), mode, at_bound))


def entropy(log_prob: jax.Array) -> jax.Array:
    """-mean log pi(a|s), nats: the estimate of the policy's entropy from one sampled action per state; scalar.

    Args:
      log_prob: log density of each sampled action, nats, `[B]`.
    """
    return -jnp.mean(log_prob)
