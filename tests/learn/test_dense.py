"""Inputs and slopes of every Dense, of modules that know nothing of it."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.learn.agents import critic as critics
from divbench.learn.agents import kernel
from divbench.learn.networks import dense, ensemble
from divbench.learn.networks.switches import all_on

pytestmark = pytest.mark.usefixtures("strict_jax")
OBS, ACTION = jax.random.normal(jax.random.key(0), (6, 3)), jax.random.normal(jax.random.key(1), (6, 2))


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + nn.relu(nn.Dense(8)(nn.LayerNorm()(x)))


class Residual(nn.Module):
    """Somebody's critic, with a Dense in a module of its own and one without bias."""

    @nn.compact
    def __call__(self, obs, action, *, train=False, switches=None):
        x = nn.Dense(8, use_bias=False)(jnp.concatenate([obs, action], -1))
        return nn.Dense(1, name="head")(Block()(x))[..., 0]


class Twice(nn.Module):
    """One Dense that is called twice."""

    @nn.compact
    def __call__(self, obs, action, *, train=False, switches=None):
        layer = nn.Dense(5)
        return nn.Dense(1)(layer(jnp.tanh(layer(jnp.concatenate([obs, action], -1)))))[..., 0]


def test_a_kernel_s_gradient_is_the_outer_product_of_input_and_slope():
    variables = Residual().init(jax.random.key(2), OBS, ACTION)
    shapes = {("Dense_0",): 8, ("Block_0", "Dense_0"): 8, ("head",): 1}
    shifts = {path: jnp.zeros((6, width)) for path, width in shapes.items()}

    def total(shifts):
        q, calls = dense.apply(Residual(), variables, OBS, ACTION, shifts=shifts)
        return jnp.sum(q), dict(calls)

    slopes, seen = jax.grad(total, has_aux=True)(shifts)
    assert seen.keys() == shapes.keys()
    expected = jax.grad(lambda variables: jnp.sum(Residual().apply(variables, OBS, ACTION)))(variables)["params"]
    for path, inputs in seen.items():
        layer = expected
        for name in path:
            layer = layer[name]
        np.testing.assert_allclose(inputs.T @ slopes[path], layer["kernel"], rtol=1e-5, atol=1e-6)


def test_the_features_of_any_module_are_what_its_last_dense_reads():
    critic = ensemble.draw(Residual(), jax.random.key(2), 2, 3, 2, 1.0)
    passed = ensemble.passed(Residual(), critic, OBS, ACTION, switches=all_on(2))
    head = critic["params"]["head"]
    q = (passed.features @ head["kernel"])[..., 0] + head["bias"]
    assert passed.features.shape == (2, 6, 8) and passed.hidden == () and passed.changed == {}
    np.testing.assert_allclose(q, passed.q, rtol=1e-5, atol=1e-6)


def test_every_call_is_listed_and_a_kernel_of_two_calls_is_refused(monkeypatch):
    """Its gradient is the sum of two outer products."""
    critic = ensemble.draw(Twice(), jax.random.key(2), 1, 5, 0, 1.0)
    obs = jnp.concatenate([OBS, ACTION], -1)
    first = jax.tree.map(lambda leaf: leaf[0], critic)
    _, calls = dense.apply(Twice(), first, obs, obs[:, :0])
    assert [path for path, _ in calls] == [("Dense_0",), ("Dense_0",), ("Dense_1",)]
    monkeypatch.setattr(critics, "module_of", lambda structure: Twice())

    class Coefs:
        switches = None

    with pytest.raises(ValueError, match="expected one call of each Dense"):
        kernel.layers_of(critic, obs, obs[:, :0], Coefs, None)
