"""How much freedom the policy has left, by actions at their bounds and entropy; and how far it has moved."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from divbench.diagnostics.kernels.directions import unit

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


def action_similarity(now: Float[Array, "B A"], before: Float[Array, "B A"]) -> Float[Array, ""]:
    """Mean over states of the cosine between the policy's action now and before; a scalar in [-1, 1].

    1 where the policy rests. States in which an action is wholly 0 count as 0. Source: Yue et al., 2310.04411, the
    code's logged similarity of policy actions.

    Args:
      now, before: the policy's actions in the same states, `[B, A]`.
    """
    return jnp.mean(jnp.clip(jnp.sum(unit(now, 1) * unit(before, 1), 1), -1.0, 1.0))
