"""Known answers of norms per layer and of their ratios."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics import norms

layer_norms = jax.jit(norms.layer_norms)
pytestmark = pytest.mark.usefixtures("strict_jax")


def critic(seed=0, scale=1.0, depth=2, width=5):
    rng = np.random.default_rng(seed)

    def array(*shape):
        return jnp.asarray(scale * rng.normal(size=shape), jnp.float32)

    hidden = {f"hidden{place + 1}": {"dense": {"kernel": array(2, 3 if place == 0 else width, width),
                                               "bias": array(2, width)},
                                     "layernorm": {"scale": array(2, width), "bias": array(2, width)}}
              for place in range(depth)}
    return hidden | {"head": {"kernel": array(2, width, 1), "bias": array(2, 1)}}


@pytest.mark.parametrize("depth", [1, 3, 11])
def test_layers_have_the_names_that_they_have_in_the_tree(depth):
    tree = critic(depth=depth)
    found = norms.layer_norms(tree)
    assert list(found) == [*(f"hidden{place + 1}" for place in range(depth)), "head"]
    assert all(float(found[name]) == float(norms.global_norm(tree[name])) for name in tree)


def test_a_layer_counts_all_its_arrays_and_critics():
    dense = {"kernel": jnp.full((2, 1, 1), 2.0), "bias": jnp.zeros((2, 1))}
    tree = {"hidden1": {"dense": dense, "layernorm": {"scale": jnp.ones((2, 1))}, "extra": jnp.full((2, 3), -1.0)},
            "head": {"kernel": jnp.asarray([[[3.0]], [[0.0]]]), "bias": jnp.asarray([[0.0], [-4.0]])}}
    got = layer_norms(tree)
    assert {name: float(norm) for name, norm in got.items()} == {"hidden1": 4.0, "head": 5.0}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_squares_of_the_layers_add_up_to_the_whole(seed):
    tree = critic(seed)
    layers = layer_norms(tree).values()
    assert sum(float(norm) ** 2 for norm in layers) == pytest.approx(float(norms.global_norm(tree)) ** 2, rel=1e-5)


@pytest.mark.parametrize("exponent", [-30, 0, 30, 37])
def test_a_norm_is_exact_where_its_squares_do_not_fit(exponent):
    got = layer_norms(critic(scale=10.0**exponent))
    for name, norm in layer_norms(critic()).items():
        assert float(got[name]) == pytest.approx(float(norm) * 10.0**exponent, rel=1e-5)


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_a_layer_that_is_not_finite_shows_it_and_the_others_do_not_suffer(bad):
    tree = critic(width=300)
    dense = tree["hidden2"]["dense"]
    dense["kernel"] = dense["kernel"].at[0, 3, 4].set(bad)
    got = layer_norms(tree)
    assert [name for name, norm in got.items() if not np.isfinite(norm)] == ["hidden2"]
    np.testing.assert_equal(float(got["hidden2"]), abs(bad))
    dense["bias"] = dense["bias"].at[0, 0].set(jnp.nan)
    assert np.isnan(layer_norms(tree)["hidden2"])


def test_the_share_of_their_own_length_by_which_parameters_move():
    assert float(norms.effective_rate(jnp.float32(6.0), jnp.float32(2.0))) == 3.0
    assert float(norms.effective_rate(jnp.float32(0.5), jnp.float32(100.0))) == pytest.approx(0.005)
    assert float(norms.effective_rate(jnp.float32(6.0), jnp.float32(0.0))) == 0.0
    assert np.isnan(norms.effective_rate(jnp.float32(1.0), jnp.float32(jnp.nan)))
    found = norms.effective_rate(jnp.asarray([2.0, 5.0]), jnp.asarray([4.0, 0.0]))
    np.testing.assert_array_equal(found, [0.5, 0.0])
