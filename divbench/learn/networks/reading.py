"""What is read of a pass through a critic's module: its hidden layers and its features, critic by critic.

Where a layer's input cannot be read, as inside of `nn.vmap` without `variable_axes={"intermediates": 0}`, features are
NaN. Letters in shapes: n critics that one module holds, B batch, H width of a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp

from divbench.learn.networks.dense import Applied
from divbench.learn.networks.watching import Path


def layers_of(found: Applied, heads: tuple[Path, ...]) -> tuple[tuple[jax.Array, ...], jax.Array]:
    """Hidden layers and features, each `[B, H]`, or `[n, B, H]` of a module that holds n critics.

    Hidden layers are what the module stores under `intermediates` as `hidden`, else the inputs of all Dense layers but
    the first and those that read the same. Arguments as in `features_of`.
    """
    features, shaped = features_of(found, heads), _shaped(found)
    if features is None:
        features = jnp.full((*found.output.shape, 1), jnp.nan, found.output.dtype)
        return (features,), features
    between = (call.given for call in found.calls if call.given is not found.calls[0].given)
    hidden = _stored(found, shaped) or _readable(map(shaped, between))
    return hidden or (features,), features


def features_of(found: Applied, heads: tuple[Path, ...]) -> jax.Array | None:
    """What the head is given, or else the last layer that the module stores as `hidden`; None where neither is known.

    Args:
      heads: path of the head, or of each critic's; empty where there is none.
    """
    given = _readable(next((call.given for call in reversed(found.calls) if call.path == head), None) for head in heads)
    shaped = _shaped(found)
    known = jnp.stack(given) if len(given) == len(heads) > 1 else shaped(given[0]) if len(given) == 1 else None
    return next(iter(_stored(found, shaped)[-1:]), None) if known is None else known


def _stored(found: Applied, shaped: Callable) -> tuple[jax.Array, ...]:
    return _readable(map(shaped, found.changed.get("intermediates", {}).get("hidden", ())))


def _readable(layers: Iterable[jax.Array | None]) -> tuple[jax.Array, ...]:
    return tuple(layer for layer in layers if layer is not None)


def _shaped(found: Applied) -> Callable:
    """What makes `[B, H]` of a layer's input, or `[n, B, H]` of inputs `[B, H]` that the critics share, `[n, B, H]` or
    `[B, n, H]`; and None of others."""
    batch, critics = found.output.shape[-1:], found.output.shape[:-1]

    def by_critic(given):
        if given is None or given.shape[:-1] not in (batch, critics + batch, batch + critics):
            return None
        if not critics or given.shape[:-1] == critics + batch:
            return given
        return jnp.broadcast_to(given, (*critics, *given.shape)) if given.ndim == 2 else jnp.moveaxis(given, 1, 0)

    return by_critic
