"""What the critics' hidden layers still tell apart: ranks of the last features, dormant units, DR3's dot product.

Every function takes what the layers put out and averages over the critics, each of which is a net of its own. The
ranks share one singular value decomposition per critic, the expensive part of all diagnostics: about 5 ms for two
critics with 256 features on a batch of 256 on one CPU core, two gradient updates' worth. Everything else here is
a few passes over the activations.
Letters in shapes: N critics, B batch, H width of a hidden layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jaxtyping import Array, ArrayLike, Float

from divbench.diagnostics.norms import magnitude_scale

DELTA = 0.01  # share of the sum of singular values that a rank may leave out
FEATURE_THRESHOLD = 0.01  # of sigma / sqrt(B)
DORMANT_THRESHOLD = 0.025  # of a unit's mean activation over that of its layer


def singular_values(features: Float[Array, "N B H"]) -> Float[Array, "N K"]:
    """Singular values of each critic's features, largest first: `[N, B, H]` to `[N, min(B, H)]`.

    Unit: that of the features. Values that are rounding, below max(B, H) times float32's epsilon times the largest,
    are 0, so that a count of them means something when the features are huge. NaN for a critic whose features are not
    finite.

    Expensive: call it once and hand the result to the ranks. The eigenvalues of the features' Gram matrix take as
    long and lose half the digits, which moves the srank of collapsed features. The decompositions run one after the
    other, lanes and critics alike: batched QR is known to stop a program for good on a CPU (see `_orthogonal` in
    `divbench.learn.networks.drawing`), and a batched decomposition would gain nothing here. LAPACK brings threads of
    its own: on two cores they double its time, and beside another busy process they took it from milliseconds to a
    second. With OPENBLAS_NUM_THREADS=1 in the environment, before JAX starts, they stay away.
    """
    scale = magnitude_scale(features, (1, 2))
    finite = jnp.isfinite(scale)
    scaled = jnp.where(finite, features / scale, 0.0)
    sigma = jax.vmap(_decompose)(scaled)
    rounding = max(features.shape[1:]) * jnp.finfo(jnp.float32).eps * sigma[:, :1]
    sigma = jnp.where(sigma > rounding, sigma, 0.0)
    return jnp.where(finite[:, :, 0], sigma * scale[:, :, 0], jnp.nan)


@sequential_vmap
def _decompose(matrix: Float[Array, "B H"]) -> Float[Array, " K"]:
    return jnp.linalg.svd(matrix, compute_uv=False)


def srank(singular_values: Float[Array, "N K"], delta: Float[ArrayLike, ""] = DELTA) -> Float[Array, ""]:
    """The smallest k whose k largest singular values hold 1 - delta of their sum; mean over critics, scalar.

    From 0, if all features are 0, to min(B, H). Source: effective rank, Kumar et al., 2010.14498, section 3.

    Args:
      singular_values: `[N, K]`, largest first.
    """
    return jnp.mean(_fewest(_normalised(singular_values), delta))


def pca_rank(singular_values: Float[Array, "N K"], delta: Float[ArrayLike, ""] = DELTA) -> Float[Array, ""]:
    """The smallest k whose k largest squared singular values hold 1 - delta of their sum; mean over critics, scalar.

    The dimensions that explain 99 % of the second moment. From 0, if all features are 0, to min(B, H). Source:
    approximate rank, Yang et al., 1909.12255, section 2.

    Args:
      singular_values: `[N, K]`, largest first.
    """
    return jnp.mean(_fewest(jnp.square(_normalised(singular_values)), delta))


def entropy_rank(singular_values: Float[Array, "N K"]) -> Float[Array, ""]:
    """exp(-sum p log p) with p = sigma / sum sigma; mean over critics, scalar.

    A rank without a threshold: k equal singular values give k. 0 if all features are 0. Source: Roy and Vetterli,
    "The effective rank", EUSIPCO 2007, definition 2.1.

    Args:
      singular_values: `[N, K]`.
    """
    normalised = _normalised(singular_values)
    total = jnp.sum(normalised, -1, keepdims=True)
    share = normalised / jnp.where(total == 0.0, 1.0, total)
    entropy = -jnp.sum(share * jnp.log(jnp.where(share == 0.0, 1.0, share)), -1)
    return jnp.mean(jnp.where(total[:, 0] == 0.0, 0.0, jnp.exp(entropy)))


def feature_rank(singular_values: Float[Array, "N K"], batch: int,
                 threshold: Float[ArrayLike, ""] = FEATURE_THRESHOLD) -> Float[Array, ""]:
    """How many singular values of features / sqrt(B) exceed the threshold; mean over critics, scalar.

    The only one of the ranks that depends on the scale of the features. From 0 to min(B, H). Source: Lyle et al.,
    2204.09560, equations 4 and 5.

    Args:
      singular_values: `[N, K]`.
      batch: B, the number of rows they are of.
      threshold: of sigma / sqrt(B); in the unit of the features.
    """
    count = jnp.sum(singular_values / batch ** 0.5 > threshold, -1, dtype=jnp.float32)
    return jnp.mean(jnp.where(jnp.isnan(singular_values[:, 0]), jnp.nan, count))


def ranks(features: Float[Array, "N B H"]) -> dict[str, Float[Array, ""]]:
    """`srank`, `pca_rank`, `entropy_rank` and `feature_rank` of features `[N, B, H]`, with one decomposition."""
    sigma = singular_values(features)
    return {"srank": srank(sigma), "pca_rank": pca_rank(sigma), "entropy_rank": entropy_rank(sigma),
            "feature_rank": feature_rank(sigma, features.shape[1])}


def _normalised(singular_values: Float[Array, "N K"]) -> Float[Array, "N K"]:
    """Singular values `[N, K]` over their largest, which no square or sum can bring out of range."""
    return singular_values / magnitude_scale(singular_values, 1)


def _fewest(parts: Float[Array, "N K"], delta: Float[ArrayLike, ""]) -> Float[Array, " N"]:
    """How many of the first parts, `[N, K]` and not negative, hold 1 - delta of their sum: `[N]`; 0 if all are 0."""
    held = jnp.cumsum(parts, -1)
    total = held[:, -1:]
    count = jnp.sum(held < (1.0 - delta) * total, -1, dtype=jnp.float32) + 1.0
    return jnp.where(total[:, 0] == 0.0, 0.0, jnp.where(jnp.isnan(total[:, 0]), jnp.nan, count))


def mean_norm(features: Float[Array, "N B H"]) -> Float[Array, ""]:
    """Mean L2 norm of the feature vectors over critics and batch: `[N, B, H]` to a scalar; unit of the features."""
    scale = magnitude_scale(features, -1)
    norm = jnp.sqrt(jnp.sum(jnp.square(features / scale), -1)) * scale[..., 0]
    return jnp.mean(norm)


def dormant_share(layers: Sequence[Float[Array, "N B _"]],
                  threshold: Float[ArrayLike, ""] = DORMANT_THRESHOLD) -> Float[Array, ""]:
    """Share of dormant units among all units of all layers and critics; a scalar in [0, 1].

    A unit is dormant if mean_b |h_b| <= threshold * (mean over its layer's units of mean_b |h_b|), that is, if it
    fires next to never by the measure of its layer; in a layer that is wholly 0 every unit is. Each critic's layer is
    measured by itself. Source: Sokar et al., 2302.12902, definition 3.1; 0.025 is one of the thresholds used there.

    Args:
      layers: activations after the ReLU, one `[N, B, H_l]` for each hidden layer.
      threshold: of the score, which has no unit.
    """
    dormant = [_dormant(activation, threshold) for activation in layers]
    counts = [jnp.sum(units) for units in dormant]
    return sum(counts[1:], counts[0]) / sum(units.size for units in dormant)


def dormant_shares(layers: Sequence[Float[Array, "N B _"]],
                   threshold: Float[ArrayLike, ""] = DORMANT_THRESHOLD) -> dict[str, Float[Array, ""]]:
    """`dormant_share` of each layer apart, by the name of the layer: `hidden1`, `hidden2`, ...; scalars."""
    return {f"hidden{place}": jnp.mean(_dormant(activation, threshold))
            for place, activation in enumerate(layers, 1)}


def _dormant(activation: Float[Array, "N B H"], threshold: Float[ArrayLike, ""]) -> Float[Array, "N H"]:
    """1.0 for each dormant unit of a layer, else 0.0: `[N, B, H]` to `[N, H]`; NaN in a layer that is not finite."""
    scaled = activation / magnitude_scale(activation, (1, 2))
    size = jnp.mean(jnp.abs(scaled), 1)
    layer_size = jnp.mean(size, -1, keepdims=True)
    dormant = jnp.where(size <= threshold * layer_size, 1.0, 0.0)
    return jnp.where(jnp.isnan(layer_size), layer_size, dormant)


def dr3(features: Float[Array, "N B H"], next_features: Float[Array, "N B H"]) -> Float[Array, ""]:
    """mean_b phi(s_b, a_b) . phi(s'_b, a'_b), mean over critics: how alike successive features are; scalar.

    A raw dot product, not a cosine: it grows when features align and when they grow, and bootstrapping makes both
    happen. Unit: that of the features, squared. Source: Kumar et al., DR3, 2112.04716.

    Args:
      features: of states and actions of the data, `[N, B, H]`.
      next_features: of the next states and the actions that the target bootstraps from, by the same critics,
        `[N, B, H]`.
    """
    return jnp.mean(jnp.sum(features * next_features, -1))
