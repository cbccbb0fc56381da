"""Plain critics: values by hand, how weights are drawn, and the two sides of every layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics.kernels.gram import gram, parameter_count
from divbench.diagnostics.kernels.layers import gram_of_layers
from divbench.learn.networks.layer import NONLINEARITIES
from divbench.spec.settings import ACTIVATIONS
from divbench.studies.ntk import request as kernels
from divbench.studies.plain_critics import WEIGHTS, initialise, make_layers_fn, make_q_fn

pytestmark = pytest.mark.usefixtures("strict_jax")


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


def points(count, seed=0):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.normal(size=(count, 3))), jnp.asarray(rng.choice([-1.0, 1.0], (count, 2)))


def kernel_by_layers(activation, params, at):
    return gram_of_layers(jax.vmap(make_layers_fn(activation), (None, 0, 0))(params, *at))


def test_the_names_are_those_that_can_be_asked_for():
    assert tuple(NONLINEARITIES) == ACTIVATIONS and tuple(WEIGHTS) == kernels.WEIGHTS


@pytest.mark.parametrize(("activation", "by_hand"), [
    ("relu", lambda x: max(x, 0.0)),
    ("tanh", np.tanh),
    ("sin", np.sin),
    ("elu", lambda x: x if x > 0 else np.exp(x) - 1),
    ("mish", lambda x: x * np.tanh(np.log1p(np.exp(x)))),
])
def test_q_by_hand(activation, by_hand, x64):
    params = [{"kernel": jnp.asarray([[2.0, -1.0], [1.0, 3.0]]), "bias": jnp.asarray([0.5, -0.25])},
              {"kernel": jnp.asarray([[3.0], [-2.0]]), "bias": jnp.asarray([1.0])}]
    found = make_q_fn(activation)(params, jnp.asarray([0.4]), jnp.asarray([-0.3]))
    hidden = [by_hand(2.0 * 0.4 - 0.3 + 0.5), by_hand(-0.4 - 0.9 - 0.25)]
    assert float(found) == pytest.approx(3.0 * hidden[0] - 2.0 * hidden[1] + 1.0, abs=1e-12)


def test_the_kernel_of_one_hidden_relu_by_hand(x64):
    """Q = v relu(w x + b) + c with one unit: the gradient is v x, v, relu, 1 where it fires, else 0, 0, 0, 1."""
    params = [{"kernel": jnp.asarray([[2.0], [0.0]]), "bias": jnp.asarray([1.0])},
              {"kernel": jnp.asarray([[3.0]]), "bias": jnp.asarray([5.0])}]
    at = jnp.asarray([[1.0], [-1.0], [2.0]]), jnp.asarray([[1.0], [-1.0], [-1.0]])
    gradients = np.array([[3.0, 3.0, 3.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0], [6.0, -3.0, 3.0, 5.0, 1.0]])
    np.testing.assert_allclose(kernel_by_layers("relu", params, at), gradients @ gradients.T, atol=1e-13)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(ACTIVATIONS), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans(),
       st.integers(0, 2**31 - 1))
def test_the_kernel_by_layers_is_that_of_the_gradients(activation, hidden, biases, seed):
    with jax.enable_x64(True):
        params = initialise(jax.random.key(seed), 5, tuple(hidden), biases=biases)
        at = points(4, seed)
        found, expected = kernel_by_layers(activation, params, at), gram(make_q_fn(activation), params, at)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize(("weights", "variance"), [
    ("glorot_uniform", 2.0 / (300 + 200)), ("lecun_normal", 1.0 / 300), ("he_normal", 2.0 / 300),
    ("orthogonal", 2.0 / 300)])
def test_weights_have_the_variance_of_their_rule(weights, variance):
    first, _, last = initialise(jax.random.key(3), 300, (200, 50), weights)
    assert float(jnp.var(first["kernel"])) == pytest.approx(variance, rel=0.05)
    assert float(jnp.max(jnp.abs(first["bias"]))) == 0.0 and last["kernel"].shape == (50, 1)
    if weights == "glorot_uniform":
        assert float(jnp.max(jnp.abs(first["kernel"]))) <= (3.0 * variance) ** 0.5
    if weights == "orthogonal":
        product = first["kernel"].T @ first["kernel"]
        np.testing.assert_allclose(product, 2.0 * np.eye(200), atol=1e-4)


def test_sizes_and_biases():
    params = initialise(jax.random.key(0), 7, (4, 6))
    assert parameter_count(params) == 7 * 4 + 4 + 4 * 6 + 6 + 6 + 1
    without = initialise(jax.random.key(0), 7, (4, 6), biases=False)
    assert parameter_count(without) == 7 * 4 + 4 * 6 + 6
    np.testing.assert_array_equal(params[1]["kernel"], without[1]["kernel"])
    other = initialise(jax.random.key(1), 7, (4, 6))
    assert not np.array_equal(params[0]["kernel"], other[0]["kernel"])


def test_one_program_whatever_the_weights():
    traced = []

    @jax.jit
    def q(params, obs, action):
        traced.append(1)
        return make_q_fn("sin")(params, obs, action)

    for seed in range(3):
        q(initialise(jax.random.key(seed), 5, (8,)), jnp.zeros(3), jnp.ones(2))
    assert len(traced) == 1
