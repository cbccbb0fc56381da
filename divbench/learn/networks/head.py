"""Maps on a critic's last hidden features, which its head reads: LayerNorm without scale and shift, the unit ball.

They know nothing of the layers before, so any critic can have them. Letters in shapes: B batch, H width.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from divbench.learn.networks.switches import Switches
from divbench.learn.normalisations import layer_norm, unit_ball


def mapped(features: Float[Array, "B H"], mechanisms: frozenset[str], switches: Switches) -> Float[Array, "B H"]:
    """Features `[B, H]` after the maps that are compiled in, `feature_layernorm` first, where the lane has them."""
    if "feature_layernorm" in mechanisms:
        ones = jnp.ones(features.shape[-1], features.dtype)
        features = layer_norm(features, ones, 0.0 * ones, switches.feature_layernorm, 0.0)
    if "unit_ball" in mechanisms:
        features = unit_ball(features, switches.unit_ball)
    return features
