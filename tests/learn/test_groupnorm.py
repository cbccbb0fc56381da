"""GroupNorm of the critics: an example by hand, its laws, and where it stands between LayerNorm and nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.learn.networks import ensemble
from divbench.learn.networks.layer import HiddenLayer
from divbench.learn.networks.mlp import MLPCritic
from divbench.learn.networks.switches import all_on
from divbench.learn.normalisations import layer_norm

pytestmark = pytest.mark.usefixtures("strict_jax")
ON = frozenset({"groupnorm"})


def normalised(x, groups, scale=None, bias=None):
    """`x` `[..., B, H]` by a hidden layer whose Dense passes it on."""
    width = x.shape[-1]
    ones, zeros = jnp.ones(width), jnp.zeros(width)
    params = {"dense": {"kernel": jnp.eye(width), "bias": zeros},
              "groupnorm": {"scale": ones if scale is None else scale, "bias": zeros if bias is None else bias}}
    return HiddenLayer(width, ON, groups).apply({"params": params}, x)


def test_two_groups_by_hand():
    """(1, 3) has mean 2 and deviation 1; (10, 10) is its own mean; (0, 8) has mean 4 and deviation 4."""
    x = jnp.asarray([[1.0, 3.0, 10.0, 10.0], [0.0, 8.0, -1.0, 1.0]])
    got = normalised(x, 2)
    np.testing.assert_allclose(got, [[-1.0, 1.0, 0.0, 0.0], [-1.0, 1.0, -1.0, 1.0]], atol=1e-5)
    affine = normalised(x, 2, jnp.asarray([2.0, 3.0, 1.0, 1.0]), jnp.asarray([0.0, 1.0, 5.0, 0.0]))
    np.testing.assert_allclose(affine, [[-2.0, 4.0, 5.0, 0.0], [-2.0, 4.0, 4.0, 1.0]], atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(1, 6), (2, 6), (3, 6), (2, 4), (4, 16)]))
def test_laws(seed, sizes):
    """Each group has mean 0 and variance 1, of its own units alone; its size and place do not matter; with one group it
    is LayerNorm."""
    groups, width = sizes
    keys = jax.random.split(jax.random.key(seed))
    x = 5.0 * jax.random.normal(keys[0], (6, width)) + 2.0
    got = np.asarray(normalised(x, groups))
    parts = got.reshape(6, groups, width // groups)
    np.testing.assert_allclose(parts.mean(-1), 0.0, atol=1e-4)
    spread = np.asarray(x).reshape(parts.shape).std(-1)
    np.testing.assert_allclose(parts.std(-1)[spread > 0.1], 1.0, atol=1e-3)
    first = width // groups
    elsewhere = x.at[..., first:].add(jax.random.normal(keys[1], (6, width - first)))
    np.testing.assert_array_equal(np.asarray(normalised(elsewhere, groups))[..., :first], got[..., :first])
    wide = np.repeat(spread > 0.5, width // groups, -1).reshape(got.shape)
    np.testing.assert_allclose(np.asarray(normalised(3.0 * x - 7.0, groups))[wide], got[wide], atol=1e-3)
    scale, bias = jax.random.normal(keys[1], (2, width))
    np.testing.assert_allclose(normalised(x, 1, scale, bias), layer_norm(x, scale, bias, jnp.float32(1.0)), atol=1e-4)


def test_every_hidden_layer_of_the_critics_is_normalised_before_its_relu():
    module = MLPCritic((32, 24), mechanisms=ON, groups=4)
    critic = ensemble.draw(module, jax.random.key(0), 2, 5, 3, jnp.float32(2.0**0.5))
    obs, action = 9.0 * jax.random.normal(jax.random.key(1), (64, 5)), jnp.zeros((64, 3))
    x = np.concatenate([obs, action], -1).astype(np.float64)[None]
    got = ensemble.forward(module, critic, obs, action, switches=all_on(2)).hidden
    for name, found in zip(("hidden1", "hidden2"), got, strict=True):
        x = x @ np.asarray(critic["params"][name]["dense"]["kernel"], np.float64)
        parts = x.reshape(*x.shape[:-1], 4, -1)
        parts = (parts - parts.mean(-1, keepdims=True)) / np.sqrt(parts.var(-1, keepdims=True) + 1e-6)
        x = np.maximum(parts.reshape(x.shape), 0.0)
        np.testing.assert_allclose(found, x, rtol=1e-4, atol=1e-4)


def test_gradients_are_finite_where_all_units_of_a_group_agree():
    x = jnp.full((2, 4), 3.0)
    value, slope = jax.value_and_grad(lambda x: jnp.sum(normalised(x, 2) ** 2))(x)
    assert float(value) == 0.0 and np.all(np.isfinite(slope))
