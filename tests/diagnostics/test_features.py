"""Ranks, dormant units and dot products of features whose answers are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics import features

pytestmark = pytest.mark.usefixtures("strict_jax")

singular_values = jax.jit(features.singular_values)
ranks = jax.jit(features.ranks)
RANKS = {"srank": jax.jit(features.srank), "pca_rank": jax.jit(features.pca_rank),
         "entropy_rank": jax.jit(features.entropy_rank),
         "feature_rank": jax.jit(lambda sigma: features.feature_rank(sigma, 32))}
dormant_share = jax.jit(features.dormant_share)
dormant_shares = jax.jit(features.dormant_shares)


def with_singular_values(sigma, batch=32, width=16, seed=0):
    """A `[batch, width]` matrix of the given singular values."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(n, len(sigma))))[0] for n in (batch, width))
    return jnp.asarray(left @ np.diag(sigma) @ right.T, jnp.float32)


def draw(seed, shape=(2, 32, 16)):
    return jnp.asarray(np.maximum(np.random.default_rng(seed).normal(size=shape), 0.0), jnp.float32)


def test_singular_values_of_each_critic_largest_first():
    sigma = [[9.0, 4.0, 1.0, 0.5], [3.0, 3.0, 2.0, 0.0]]
    got = singular_values(jnp.stack([with_singular_values(values) for values in sigma]))
    assert got.shape == (2, 16)
    np.testing.assert_allclose(got[:, :4], sigma, rtol=1e-5)
    np.testing.assert_array_equal(got[:, 4:], 0.0)  # rounding is cut off
    assert singular_values(draw(0, (1, 8, 24))).shape == (1, 8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), exponent=st.integers(-25, 35))
def test_singular_values_at_every_scale(seed, exponent):
    expected = np.linalg.svd(np.asarray(draw(seed), np.float64), compute_uv=False) * 10.0**exponent
    got = np.asarray(singular_values(draw(seed) * jnp.float32(10.0**exponent)), np.float64)
    np.testing.assert_allclose(got, expected, atol=1e-5 * expected.max(), rtol=0.0)


@pytest.mark.parametrize("name", RANKS)
@pytest.mark.parametrize("rank", [1, 5, 16])
def test_equal_singular_values_give_their_number(name, rank):
    sigma = singular_values(with_singular_values([3.0] * rank)[None])
    assert float(RANKS[name](sigma)) == pytest.approx(rank, abs=1e-4)


def test_ranks_count_as_their_papers_say():
    sigma = jnp.asarray([[100.0, 10.0, 1.0, 0.05]])
    assert float(features.srank(sigma)) == 2.0  # 110 of 111.05 is 0.9905
    assert float(features.srank(sigma, delta=0.005)) == 3.0
    assert float(features.pca_rank(sigma)) == 1.0  # 10,000 of 10,101
    assert float(features.pca_rank(sigma, delta=0.005)) == 2.0
    share = np.asarray([100.0, 10.0, 1.0, 0.05]) / 111.05
    assert float(features.entropy_rank(sigma)) == pytest.approx(np.exp(-np.sum(share * np.log(share))), rel=1e-5)
    assert float(features.feature_rank(sigma, batch=16)) == 4.0  # 0.05 / 4 is above 0.01
    assert float(features.feature_rank(sigma, batch=36)) == 3.0  # 0.05 / 6 is not


@pytest.mark.parametrize("name", RANKS)
def test_ranks_are_averaged_over_critics(name):
    alone = [float(RANKS[name](singular_values(with_singular_values([3.0] * rank)[None]))) for rank in (2, 9)]
    pair = jnp.stack([with_singular_values([3.0] * rank) for rank in (2, 9)])
    assert float(RANKS[name](singular_values(pair))) == pytest.approx(np.mean(alone), abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), exponent=st.integers(-20, 35))
def test_laws_of_the_ranks(seed, exponent):
    sigma = singular_values(draw(seed))
    scaled = sigma * jnp.float32(10.0**exponent)
    assert 1.0 <= float(features.pca_rank(sigma)) <= float(features.srank(sigma)) <= 16.0
    assert 1.0 <= float(features.entropy_rank(sigma)) <= 16.0
    for name in ("srank", "pca_rank", "entropy_rank"):
        # a sum one rounding beside the threshold may count one dimension more in one of the two critics
        assert float(RANKS[name](scaled)) == pytest.approx(float(RANKS[name](sigma)), abs=0.5, rel=1e-4)
    assert float(RANKS["feature_rank"](sigma)) <= float(RANKS["feature_rank"](sigma * 10.0)) <= 16.0


def test_the_four_ranks_together_are_those_apart():
    batch = draw(3)
    sigma = singular_values(batch)
    together = ranks(batch)
    assert set(together) == set(RANKS)
    for name, rank in RANKS.items():
        assert float(together[name]) == pytest.approx(float(rank(sigma)), rel=1e-6)


def test_a_critic_that_is_wholly_0_has_rank_0_and_the_other_its_own():
    both = jnp.stack([jnp.zeros((32, 16)), with_singular_values([2.0] * 4)])
    for value in ranks(both).values():
        assert float(value) == pytest.approx(2.0, abs=1e-4)


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_ranks_of_features_that_are_not_finite_are_nan(bad):
    large = jnp.ones((2, 256, 256)).at[1, 200, 7].set(bad)
    assert all(np.isnan(value) for value in ranks(large).values())


def svd_operands(jaxpr):
    """Shapes of what the program decomposes, those in loops and calls included."""
    found = []
    for equation in jaxpr.eqns:
        if equation.primitive.name == "svd":
            found.append(equation.invars[0].aval.shape)
        for inner in jax.tree.leaves(equation.params, is_leaf=lambda leaf: hasattr(leaf, "eqns")):
            inner = getattr(inner, "jaxpr", inner)
            found += svd_operands(inner) if hasattr(inner, "eqns") else []
    return found


def test_one_decomposition_at_a_time_however_many_lanes():
    jaxpr = jax.make_jaxpr(jax.vmap(features.ranks))(jnp.zeros((5, 2, 8, 4)))
    assert svd_operands(jaxpr.jaxpr) == [(8, 4)]


def test_mean_norm():
    assert float(features.mean_norm(jnp.asarray([[[3.0, 4.0], [0.0, 0.0]], [[0.0, 1.0], [-2.0, 0.0]]]))) == 2.0
    assert float(features.mean_norm(jnp.full((1, 4, 4), 1e30))) == pytest.approx(2e30, rel=1e-6)


def test_dormant_units_of_known_activations():
    # one critic: means 1, 0.02, 0 and 2.98 with layer mean 1: 0.02 is dormant at 0.025, not at 0.01
    first = jnp.asarray([[[2.0, 0.04, 0.0, 5.96], [0.0, 0.0, 0.0, 0.0]]])
    second = jnp.asarray([[[1.0, 1.0], [1.0, 1.0]]])
    assert {name: float(share) for name, share in dormant_shares([first, second]).items()} == {
        "hidden1": 0.5, "hidden2": 0.0}
    assert float(dormant_share([first, second])) == pytest.approx(2 / 6)
    assert float(dormant_share([first, second], threshold=0.01)) == pytest.approx(1 / 6)


def test_each_critic_is_the_measure_of_its_own_units():
    strong, weak = draw(0, (1, 32, 16)), 1e-6 * draw(1, (1, 32, 16))
    assert float(dormant_share([jnp.concatenate([strong, weak])])) == 0.0


def test_a_layer_that_is_wholly_0_is_wholly_dormant():
    layers = [draw(0, (2, 32, 16)), jnp.zeros((2, 32, 48))]
    assert {name: float(share) for name, share in dormant_shares(layers).items()} == {
        "hidden1": 0.0, "hidden2": 1.0}
    assert float(dormant_share(layers)) == 0.75


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), exponent=st.integers(-30, 36), threshold=st.floats(0.0, 2.0, width=32))
def test_dormancy_does_not_depend_on_scale_or_order(seed, exponent, threshold):
    batch = draw(seed) * jnp.asarray(np.random.default_rng(seed).uniform(0.0, 1.0, (2, 1, 16)) ** 4, jnp.float32)
    scaled = batch[:, ::-1, ::-1] * jnp.float32(2.0 ** (3 * exponent))
    size = np.abs(np.asarray(batch, np.float64)).mean(1)
    score = size / size.mean(1, keepdims=True)
    for units in (batch, scaled):
        got = float(dormant_share([units], threshold))
        # scores one rounding beside the threshold may fall on either side
        assert np.mean(score <= threshold - 1e-4) <= got + 1e-6
        assert got <= np.mean(score <= threshold + 1e-4) + 1e-6


def test_dormant_share_does_not_hide_a_nan():
    bad = draw(0, (2, 32, 64)).at[0, 0, 0].set(jnp.nan)
    shares = dormant_shares([draw(0), bad])
    assert float(shares["hidden1"]) == 0.0
    assert np.isnan(shares["hidden2"])
    assert np.isnan(dormant_share([draw(0), bad]))


def test_dr3_is_the_mean_dot_product():
    now = jnp.asarray([[[1.0, 2.0], [0.0, 1.0]], [[3.0, 0.0], [1.0, 1.0]]])
    ahead = jnp.asarray([[[2.0, 1.0], [5.0, -1.0]], [[0.0, 9.0], [1.0, 0.0]]])
    assert float(features.dr3(now, ahead)) == (4.0 - 1.0 + 0.0 + 1.0) / 4
    assert float(features.dr3(now, now)) == pytest.approx((5.0 + 1.0 + 9.0 + 2.0) / 4)
