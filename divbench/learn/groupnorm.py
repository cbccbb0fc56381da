"""GroupNorm of the critics: each group of a layer's units is normalised by its own mean and variance, pair by pair.

Unlike BatchNorm's (`batchnorm`), the statistics are of one state and action alone: training has no pass of its own, and
there is nothing to keep. With one group it is LayerNorm, of the same epsilon. How many groups a layer has is the shape
of its parameters, so it is compiled in. Source: Wu and He, 1803.08494, section 3.
"""

from __future__ import annotations

import jax.numpy as jnp

from divbench.learn.normalisations import group_norm


def init(width: int, groups: int) -> dict:
    """A layer's own parameters, each `[groups, width / groups]`; `groups` divides `width`."""
    shape = (groups, width // groups)
    return {"group_scale": jnp.ones(shape, jnp.float32), "group_shift": jnp.zeros(shape, jnp.float32)}


def normalise(x, layer: dict):
    """`x` `[N, B, H]` with every group of neighbouring units at mean 0 and variance 1, then scaled and shifted unit by
    unit."""
    groups = layer["group_scale"].shape[-2]
    scale, shift = (layer[name].reshape(*x.shape[:-2], x.shape[-1]) for name in ("group_scale", "group_shift"))
    return group_norm(x, scale, shift, groups)
