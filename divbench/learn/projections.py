"""Projections of the critics' parameters after each step, by mechanism: functions of the parameters of one lane."""

from __future__ import annotations

import jax
import jax.numpy as jnp

LARGEST_SINGULAR_VALUE = 1.0
ITERATIONS = 8  # of the power method; 256 x 256 kernels in training come within 2 % of their largest singular value


def largest_singular_value(kernel):
    """Of each critic's kernel `[N, I, H]`, by `ITERATIONS` steps of the power method from a fixed start: `[N]`, never
    more than the true one."""
    start = jax.random.normal(jax.random.key(0), (*kernel.shape[:1], kernel.shape[2]), kernel.dtype)

    def iterate(_, right):
        left = _unit(jnp.einsum("nih,nh->ni", kernel, right))
        return _unit(jnp.einsum("nih,ni->nh", kernel, left))

    right = jax.lax.fori_loop(0, ITERATIONS, iterate, _unit(start))
    return jnp.sqrt(jnp.sum(jnp.square(jnp.einsum("nih,nh->ni", kernel, right)), -1))


def _unit(vectors):
    return vectors * jax.lax.rsqrt(jnp.sum(jnp.square(vectors), -1, keepdims=True) + 1e-30)


def spectral_norm(params: dict) -> dict:
    """Hidden kernels divided by their largest singular value where that exceeds `LARGEST_SINGULAR_VALUE`.

    Gogianu et al., 2105.05246, normalise in the forward pass; here the parameters themselves are projected.
    """
    return _hidden_kernels(params, lambda kernel: kernel / jnp.maximum(
        largest_singular_value(kernel) / LARGEST_SINGULAR_VALUE, 1.0)[:, None, None])


def weight_norm(params: dict) -> dict:
    """Hidden kernels scaled to a Frobenius norm of 1 (Palenicek et al., 2502.07523)."""
    return _hidden_kernels(params, lambda kernel: kernel * jax.lax.rsqrt(
        jnp.sum(jnp.square(kernel), (-2, -1), keepdims=True) + 1e-30))


def _hidden_kernels(params: dict, change) -> dict:
    def one(layer):
        return {**layer, "dense": {**layer["dense"], "kernel": change(layer["dense"]["kernel"])}}

    return {name: layer if name == "head" else one(layer) for name, layer in params.items()}


PROJECTIONS = {"spectral_norm": spectral_norm, "weight_norm": weight_norm}
