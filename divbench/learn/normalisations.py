"""LayerNorm, GroupNorm and the unit ball: each normalises the units of one pair (s, a), without the rest of the batch.

Their gradients are written out (`jax.custom_vjp`), and on a CPU their sums over units are matrix products: XLA's own
reductions over the last axis, and those that differentiation adds, halve the update rate of a lane there. A function
with such a gradient has no forward mode (`jax.jvp`); `plain` selects the same function differentiated by JAX.
Letters in shapes: B batch, H width of a hidden layer, G groups; leading axes, such as the critics', are free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from divbench.learn.networks.switches import Switches

EPSILON = 1e-6  # of LayerNorm and GroupNorm
UNIT_BALL_EPSILON = 1e-12


def layer_norm(x: jax.Array, scale: jax.Array, shift: jax.Array, coefficient: float | jax.Array,
               affine: float | jax.Array = 1.0, *, plain: bool = False) -> jax.Array:
    """LayerNorm over the last axis where `coefficient` is 1, the identity where it is 0.

    Where `affine` is 0, scale and shift count as 1 and 0 and have gradients of 0, so that no step moves them. A lane
    without the mechanism can overflow without a NaN in its gradient.
    Source: Ba et al., 1607.06450.

    Args:
      x: `[..., B, H]`.
      scale, shift: `[..., H]`.
      coefficient, affine: 0 or 1, scalars.
      plain: whether forward mode is needed (static).
    """
    learned = jnp.asarray(coefficient * affine) > 0.0
    normalise = _normalised if plain else _normalise
    return normalise(1, x, jnp.where(learned, scale, 1.0), jnp.where(learned, shift, 0.0), coefficient)


def group_norm(x: jax.Array, scale: jax.Array, shift: jax.Array, groups: int) -> jax.Array:
    """GroupNorm: each of `groups` groups of neighbouring units at mean 0 and variance 1, then scaled and shifted unit
    by unit. Shapes as in `layer_norm`; `groups` (static) divides H. Source: Wu and He, 1803.08494."""
    return _normalise(groups, x, scale, shift, 1.0)


def unit_ball(features: jax.Array, coefficient: float | jax.Array, *, plain: bool = False) -> jax.Array:
    """Features `[..., B, H]` divided by their L2 norm where `coefficient` (scalar) is 1, unchanged where it is 0.

    Gradients flow through the norm. `plain` as in `layer_norm`.
    Source: output feature normalization, Hussing et al., 2403.05996, section 4.
    """
    return (_projected if plain else _project)(features, coefficient)


def normalise_features(features: Float[Array, "B H"], mechanisms: frozenset[str],
                       switches: Switches) -> Float[Array, "B H"]:
    """A critic's last hidden features after the normalisations that are compiled in and that the lane has.

    `feature_layernorm`, LayerNorm without scale and shift, comes before `unit_ball`. They need nothing of the layers
    before, so any critic can have them.
    """
    if "feature_layernorm" in mechanisms:
        ones = jnp.ones(features.shape[-1], features.dtype)
        features = layer_norm(features, ones, 0.0 * ones, switches.feature_layernorm, 0.0)
    if "unit_ball" in mechanisms:
        features = unit_ball(features, switches.unit_ball)
    return features


def _sums(x: jax.Array, groups: int = 1, weights: jax.Array | None = None) -> Any:
    """Weighted sums over groups of neighbouring units: `[..., B, H]` to `[..., B, G]`; weights `[..., H]`, or 1."""
    width = x.shape[-1]
    weights = jnp.ones((*x.shape[:-2], width), x.dtype) if weights is None else weights

    def by_product(x, weights):
        members = jnp.repeat(jnp.eye(groups, dtype=x.dtype), width // groups, 0)
        members = jnp.broadcast_to(members, (*weights.shape, groups))
        return jnp.matmul(x, weights[..., None] * members, precision=jax.lax.Precision.HIGHEST)

    def by_reduction(x, weights):
        return jnp.sum((x * weights[..., None, :]).reshape(*x.shape[:-1], groups, width // groups), -1)

    return jax.lax.platform_dependent(x, weights, cpu=by_product, default=by_reduction)


def _to_units(statistic: jax.Array, width: int) -> jax.Array:
    """A group's statistic for each of its units: `[..., B, G]` to `[..., B, H]`, or `[..., B, 1]` for one group."""
    return statistic if statistic.shape[-1] == 1 else jnp.repeat(statistic, width // statistic.shape[-1], -1)


def _statistics(groups: int, x: jax.Array, coefficient: float | jax.Array) -> Any:
    """Mean and 1 / standard deviation of each group, `[..., B, G]`; 0 and 1 where `coefficient` is 0."""
    chosen, size = jnp.asarray(coefficient) > 0.0, x.shape[-1] // groups
    mean = jnp.where(chosen, _sums(x, groups) / size, 0.0)
    variance = _sums(jnp.square(x - _to_units(mean, x.shape[-1])), groups) / size
    return mean, jnp.where(chosen, jax.lax.rsqrt(variance + EPSILON), 1.0)


def _normalised(groups: int, x: jax.Array, scale: jax.Array, shift: jax.Array,
                coefficient: float | jax.Array) -> jax.Array:
    return _forward(groups, x, scale, shift, coefficient)[0]


def _forward(groups: int, x: jax.Array, scale: jax.Array, shift: jax.Array, coefficient: float | jax.Array) -> Any:
    mean, factor = _statistics(groups, x, coefficient)
    units = (x - _to_units(mean, x.shape[-1])) * _to_units(factor, x.shape[-1])
    return units * scale[..., None, :] + shift[..., None, :], (x, scale, coefficient, mean, factor)


def _backward(groups: int, saved: Any, slope: jax.Array) -> Any:
    """With u the normalised units, f the factor and t = slope * scale: f (t - mean(t) - u mean(t u)) for x, the means
    over the group; sums over the batch of slope * u and of slope for scale and shift."""
    x, scale, coefficient, mean, factor = saved
    chosen, width = jnp.asarray(coefficient) > 0.0, x.shape[-1]
    size = width // groups
    factor = _to_units(factor, width)
    units = (x - _to_units(mean, width)) * factor
    along = slope * units
    level, tilt = (_to_units(jnp.where(chosen, _sums(value, groups, scale) / size, 0.0), width)
                   for value in (slope, along))
    return factor * (slope * scale[..., None, :] - level - units * tilt), jnp.sum(along, -2), jnp.sum(slope, -2), None


_normalise = jax.custom_vjp(_normalised, nondiff_argnums=(0,))
_normalise.defvjp(_forward, _backward)


def _projected(features: jax.Array, coefficient: float | jax.Array) -> jax.Array:
    return _project_forward(features, coefficient)[0]


def _project_forward(features: jax.Array, coefficient: float | jax.Array) -> Any:
    norm = _sums(jnp.square(features)) + UNIT_BALL_EPSILON
    factor = jnp.where(jnp.asarray(coefficient) > 0.0, jax.lax.rsqrt(norm), 1.0)
    return features * factor, (features, coefficient, factor)


def _project_backward(saved: Any, slope: jax.Array) -> Any:
    """With u the projected features and f the factor: f (slope - u sum(slope u))."""
    features, coefficient, factor = saved
    units = features * factor
    along = jnp.where(jnp.asarray(coefficient) > 0.0, _sums(slope * units), 0.0)
    return factor * (slope - units * along), None


_project = jax.custom_vjp(_projected)
_project.defvjp(_project_forward, _project_backward)


class LayerSwitches(NamedTuple):
    """What a lane says about the normalisation of one hidden layer.

    Attributes:
      on: 1 where the lane has it in this layer, else 0: then it is the identity, and its parameters do not learn.
        Always 1 of a mechanism that is not `selectable`.
      affine: 1 where LayerNorm's scale and shift count, else 0.
      groups: of GroupNorm (static).
    """

    on: jax.Array | float
    affine: jax.Array | float
    groups: int


class Normalisation(NamedTuple):
    """A normalisation of a hidden layer before its activation.

    Attributes:
      parameters: names of its own, each `[H]`; `scale` begins at 1, every other at 0.
      act: `(x [..., B, H], *parameters, switches) -> [..., B, H]`.
    """

    parameters: tuple[str, ...]
    act: Callable[..., jax.Array]


# By the name of the mechanism, in the order in which they act. BatchNorm, which is flax's, comes before them.
NORMALISATIONS = {
    "layernorm": Normalisation(("scale", "bias"), lambda x, scale, bias, lane: layer_norm(
        x, scale, bias, lane.on, lane.affine)),
    "groupnorm": Normalisation(("scale", "bias"), lambda x, scale, bias, lane: group_norm(
        x, scale, bias, lane.groups)),
}
