"""The tanh-Gaussian policy: limits of its log standard deviation, and samples with their density.

Letters in shapes: B batch, A action size.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def bound_log_std(log_std: jax.Array, rule: str, least: float | jax.Array, most: float | jax.Array) -> jax.Array:
    """A head's output within limits (scalars), any shape.

    The rule "tanh" maps x to least + (most - least) (1 + tanh x) / 2; "clip" clips it.
    """
    if rule == "tanh":
        return least + (most - least) * 0.5 * (1.0 + jnp.tanh(log_std))
    return jnp.clip(log_std, least, most)


def sample_action(key: jax.Array, mean: jax.Array, log_std: jax.Array) -> tuple[jax.Array, jax.Array]:
    """An action of the tanh-Gaussian policy and its log density in nats: `[B, A]` and `[B]`. The key is consumed.

    The log-determinant of tanh uses log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)), exact in the tails
    (Haarnoja et al., 1812.05905, appendix C).
    """
    noise = jax.random.normal(key, mean.shape, mean.dtype)
    pre_tanh = mean + jnp.exp(log_std) * noise
    gaussian = -0.5 * jnp.square(noise) - log_std - 0.5 * jnp.log(2.0 * jnp.pi)
    log_det = 2.0 * (jnp.log(2.0) - pre_tanh - jax.nn.softplus(-2.0 * pre_tanh))
    return jnp.tanh(pre_tanh), jnp.sum(gaussian - log_det, -1)
