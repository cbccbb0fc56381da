"""GroupNorm of the critics: an example by hand, its laws, and where it stands between LayerNorm and nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.learn import groupnorm, networks
from divbench.spec.settings import SACSettings

pytestmark = pytest.mark.usefixtures("strict_jax")
ON = frozenset({"groupnorm"})


def fresh(width, groups, critics=1):
    """A layer's parameters with the leading axis of critics."""
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (critics, *leaf.shape)), groupnorm.init(width, groups))


def test_two_groups_by_hand():
    """(1, 3) has mean 2 and deviation 1; (10, 10) is its own mean; (0, 8) has mean 4 and deviation 4."""
    x = jnp.asarray([[[1.0, 3.0, 10.0, 10.0], [0.0, 8.0, -1.0, 1.0]]])
    got = groupnorm.normalise(x, fresh(4, 2))
    np.testing.assert_allclose(got, [[[-1.0, 1.0, 0.0, 0.0], [-1.0, 1.0, -1.0, 1.0]]], atol=1e-5)
    layer = {"group_scale": jnp.asarray([[[2.0, 3.0], [1.0, 1.0]]]),
             "group_shift": jnp.asarray([[[0.0, 1.0], [5.0, 0.0]]])}
    affine = groupnorm.normalise(x, layer)
    np.testing.assert_allclose(affine, [[[-2.0, 4.0, 5.0, 0.0], [-2.0, 4.0, 4.0, 1.0]]], atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(1, 6), (2, 6), (3, 6), (2, 4), (4, 16)]))
def test_laws(seed, sizes):
    """Each group has mean 0 and variance 1, of its own units alone; its size and place do not matter; with one group it
    is LayerNorm."""
    groups, width = sizes
    keys = jax.random.split(jax.random.key(seed))
    x = 5.0 * jax.random.normal(keys[0], (2, 3, width)) + 2.0
    layer = fresh(width, groups, critics=2)
    got = np.asarray(groupnorm.normalise(x, layer))
    parts = got.reshape(2, 3, groups, width // groups)
    np.testing.assert_allclose(parts.mean(-1), 0.0, atol=1e-4)
    spread = np.asarray(x).reshape(parts.shape).std(-1)
    np.testing.assert_allclose(parts.std(-1)[spread > 0.1], 1.0, atol=1e-3)
    first = width // groups
    elsewhere = x.at[..., first:].add(jax.random.normal(keys[1], (2, 3, width - first)))
    np.testing.assert_array_equal(np.asarray(groupnorm.normalise(elsewhere, layer))[..., :first], got[..., :first])
    wide = np.repeat(spread > 0.5, width // groups, -1).reshape(got.shape)
    np.testing.assert_allclose(np.asarray(groupnorm.normalise(3.0 * x - 7.0, layer))[wide], got[wide], atol=1e-3)
    scale, shift = jax.random.normal(keys[1], (2, 2, width))
    as_layer = {"group_scale": scale[:, None], "group_shift": shift[:, None]}
    np.testing.assert_allclose(groupnorm.normalise(x, as_layer), networks.layer_norm(x, scale, shift, jnp.float32(1.0)),
                               atol=1e-4)


def test_every_hidden_layer_of_the_critics_is_normalised_before_its_relu():
    small = SACSettings(hidden=(32, 24), groupnorm_groups=4)
    parameters = networks.init_critic(jax.random.key(0), 5, 3, small, ON, jnp.float32(2.0**0.5))
    obs, action = 9.0 * jax.random.normal(jax.random.key(1), (64, 5)), jnp.zeros((64, 3))
    none = networks.MechanismCoefficients(jnp.zeros(2), *[jnp.float32(0.0)] * 4)
    x = np.concatenate([obs, action], -1).astype(np.float64)[None]
    got = networks.critic_activations(parameters, obs, action, none, ON).hidden
    for layer, found in zip(parameters["hidden"], got, strict=True):
        assert layer["group_scale"].shape == (2, 4, layer["kernel"].shape[-1] // 4)
        x = x @ np.asarray(layer["kernel"], np.float64)
        parts = x.reshape(*x.shape[:-1], 4, -1)
        parts = (parts - parts.mean(-1, keepdims=True)) / np.sqrt(parts.var(-1, keepdims=True) + 1e-6)
        x = np.maximum(parts.reshape(x.shape), 0.0)
        np.testing.assert_allclose(found, x, rtol=1e-4, atol=1e-4)


def test_gradients_are_finite_where_all_units_of_a_group_agree():
    x = jnp.full((1, 2, 4), 3.0)
    value, slope = jax.value_and_grad(lambda x: jnp.sum(groupnorm.normalise(x, fresh(4, 2)) ** 2))(x)
    assert float(value) == 0.0 and np.all(np.isfinite(slope))
