"""BatchNorm of the critics: normalise by a batch's statistics while training, by running ones elsewhere.

The batch of a training pass holds both (s, a) and (s', a'), as in CrossQ (Bhatt et al., 1902.05605), so that neither is
normalised by the other's statistics. Running statistics live among the parameters, have no gradient and are
moved after each update.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

EPSILON = 1e-3
STATISTICS = ("batch_mean", "batch_variance")  # what runs along in a layer and is not learned
MOMENTUM = 0.99  # of the running statistics; a running mean of numbers of order 1 loses nothing in float32


def init(width: int) -> dict:
    """A layer's own parameters; running statistics of a standard normal."""
    zeros, ones = jnp.zeros(width, jnp.float32), jnp.ones(width, jnp.float32)
    return {"batch_scale": ones, "batch_shift": zeros, "batch_mean": zeros, "batch_variance": ones}


def normalise(x, layer: dict, training: bool):
    """`x` `[N, B, H]` normalised over the batch with affine parameters, and the statistics used: mean and variance
    `[N, H]`."""
    if training:
        mean, variance = jnp.mean(x, 1), jnp.var(x, 1)
    else:
        mean, variance = (jax.lax.stop_gradient(layer[name]) for name in STATISTICS)
    factor = layer["batch_scale"] * jax.lax.rsqrt(variance + EPSILON)
    return (x - mean[:, None, :]) * factor[:, None, :] + layer["batch_shift"][:, None, :], (mean, variance)


def with_statistics(critic: dict, statistics: list) -> dict:
    """The critics with their running statistics moved towards those of a training pass, a pair for each layer."""
    def moved(layer, pair):
        mean, variance = (jax.lax.stop_gradient(value) for value in pair)
        return {**layer, "batch_mean": MOMENTUM * layer["batch_mean"] + (1.0 - MOMENTUM) * mean,
                "batch_variance": MOMENTUM * layer["batch_variance"] + (1.0 - MOMENTUM) * variance}

    return {**critic, "hidden": [moved(*both) for both in zip(critic["hidden"], statistics, strict=True)]}
