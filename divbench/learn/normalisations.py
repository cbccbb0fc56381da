"""LayerNorm, GroupNorm and the unit ball: each normalises the units of one pair (s, a), without the rest of the batch.

A lane's coefficient acts on statistics of shape `[..., B, 1]`, never on activations, so that lanes without a mechanism
pay little for it. Letters in shapes: B batch, H width of a hidden layer; leading axes, such as the critics', are free.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

EPSILON = 1e-6  # of LayerNorm and GroupNorm
UNIT_BALL_EPSILON = 1e-12


def layer_norm(x, scale, shift, coefficient, affine=1.0):
    """LayerNorm over the last axis where `coefficient` is 1, the identity where it is 0.

    Where `affine` is 0 scale and shift count as 1 and 0 and have gradients of 0, so that no step moves them. The
    statistics are those of `coefficient * x`: a lane without the mechanism can overflow without a NaN in its gradient.
    Shapes: x `[..., B, H]`, scale and shift `[..., H]`, coefficient and affine scalar. Source: Ba et al., 1607.06450.
    """
    selected = coefficient * x
    mean = jnp.mean(selected, -1, keepdims=True)
    variance = jnp.mean(jnp.square(selected - mean), -1, keepdims=True)
    factor = coefficient * jax.lax.rsqrt(variance + EPSILON) + (1.0 - coefficient)
    learned = coefficient * affine
    affine_scale = 1.0 + learned * (scale - 1.0)
    return (x - mean) * factor * affine_scale[..., None, :] + (learned * shift)[..., None, :]


def group_norm(x, scale, shift, groups: int):
    """GroupNorm: each of `groups` groups of neighbouring units at mean 0 and variance 1, then scaled and shifted unit
    by unit. Shapes as in `layer_norm`; `groups` (static) divides H. Source: Wu and He, 1803.08494."""
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    centred = grouped - jnp.mean(grouped, -1, keepdims=True)
    factor = jax.lax.rsqrt(jnp.mean(jnp.square(centred), -1, keepdims=True) + EPSILON)
    return (centred * factor).reshape(x.shape) * scale[..., None, :] + shift[..., None, :]


def unit_ball(features, coefficient):
    """Features divided by their L2 norm where `coefficient` is 1, unchanged where it is 0.

    Gradients flow through the norm. Shapes: features `[N, B, H]`, coefficient scalar.
    Source: output feature normalization, Hussing et al., 2403.05996, section 4.
    """
    squares = jnp.sum(jnp.square(coefficient * features), -1, keepdims=True)
    factor = coefficient * jax.lax.rsqrt(squares + UNIT_BALL_EPSILON) + (1.0 - coefficient)
    return features * factor
