"""Projections of the critics' parameters after each step, by mechanism: functions of the parameters of one critic.

They are called inside a `jax.vmap` over the critics, whose axis is named `hooks.CRITICS`. Letters in shapes: I inputs
and H outputs of a layer.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from divbench.learn.hooks import CRITICS

LARGEST_SINGULAR_VALUE = 1.0
ITERATIONS = 8  # of the power method; 256 x 256 kernels in training come within 2 % of their largest singular value


def largest_singular_value(kernel: jax.Array) -> Any:
    """Of a kernel `[I, H]`, by `ITERATIONS` steps of the power method from a start that depends on the critic's number:
    scalar, never more than the true one."""
    starts = jax.random.normal(jax.random.key(0), (jax.lax.axis_size(CRITICS), kernel.shape[1]), kernel.dtype)

    def iterate(_, right):
        left = _unit(jnp.einsum("ih,h->i", kernel, right))
        return _unit(jnp.einsum("ih,i->h", kernel, left))

    right = jax.lax.fori_loop(0, ITERATIONS, iterate, _unit(starts)[jax.lax.axis_index(CRITICS)])
    return jnp.sqrt(jnp.sum(jnp.square(jnp.einsum("ih,h->i", kernel, right))))


def _unit(vectors: jax.Array) -> jax.Array:
    return vectors * jax.lax.rsqrt(jnp.sum(jnp.square(vectors), -1, keepdims=True) + 1e-30)


def spectral_norm(params: dict) -> dict:
    """Hidden kernels divided by their largest singular value where that exceeds `LARGEST_SINGULAR_VALUE`.

    Gogianu et al., 2105.05246, normalise in the forward pass; here the parameters themselves are projected.
    """
    return _hidden_kernels(params, lambda kernel: kernel / jnp.maximum(
        largest_singular_value(kernel) / LARGEST_SINGULAR_VALUE, 1.0))


def weight_norm(params: dict) -> dict:
    """Hidden kernels scaled to a Frobenius norm of 1 (Palenicek et al., 2502.07523)."""
    return _hidden_kernels(params, lambda kernel: kernel * jax.lax.rsqrt(
        jnp.sum(jnp.square(kernel)) + 1e-30))


def _hidden_kernels(params: dict, change: Any) -> dict:
    def one(layer):
        return {**layer, "dense": {**layer["dense"], "kernel": change(layer["dense"]["kernel"])}}

    return {name: layer if name == "head" else one(layer) for name, layer in params.items()}


PROJECTIONS = {"spectral_norm": spectral_norm, "weight_norm": weight_norm}
