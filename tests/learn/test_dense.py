"""The kernel of any module layer by layer, against its explicit Jacobian in float64; and which gradients are formed."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.diagnostics.kernels.gram import gram
from divbench.diagnostics.kernels.layers import gram_of_layers
from divbench.learn.networks import dense, ensemble
from divbench.learn.networks.foreign import foreign_critic
from divbench.learn.networks.mlp import MLPCritic
from divbench.learn.networks.switches import all_on
from tests.learn.critic_examples import HERE


class Block(nn.Module):
    """A residual block as in SimBa."""

    @nn.compact
    def __call__(self, x):
        return x + nn.Dense(8)(nn.relu(nn.Dense(16)(nn.LayerNorm()(x))))


class Chain(nn.Module):
    """A critic made of `Dense(8)`, what `middle` builds, and a head."""

    middle: object

    @nn.compact
    def __call__(self, obs, action, *, train=False, switches=None):
        x = self.middle(nn.Dense(8, name="first")(jnp.concatenate([obs, action], -1)))
        return nn.Dense(1, name="head")(x)[..., 0]


def twice(x):
    layer = nn.Dense(8, name="twice")
    return layer(jnp.tanh(layer(x)))


def tied(x):
    """Its kernel is read once more, by a product that is no Dense."""
    layer = nn.Dense(8, name="tied")
    x = jnp.tanh(layer(x))
    return x @ layer.variables["params"]["kernel"].T


def recurrent(x):
    cell = nn.GRUCell(8, name="cell")
    state = jnp.zeros_like(x)
    for _ in range(3):
        state, _ = cell(state, x)
    return state


def tokens(x):
    """`[B, 8]` as four tokens of two."""
    return jnp.mean(jnp.tanh(nn.Dense(8, name="of_tokens")(x.reshape(*x.shape[:-1], 4, 2))), -2)


def folded(x):
    """The same tokens as further rows of the batch."""
    rows = nn.Dense(8, name="of_rows")(x.reshape(-1, 2))
    return jnp.mean(jnp.tanh(rows).reshape(*x.shape[:-1], 4, 8), -2)


def normalised(x):
    return nn.relu(nn.BatchNorm(use_running_average=True)(x))


# What builds the middle of a critic, and the layers of it whose kernels have their gradients formed.
CASES = {
    "residual block": (lambda x: nn.LayerNorm()(Block()(x)), set()),
    "batchnorm": (normalised, set()),
    "no bias": (lambda x: nn.tanh(nn.Dense(8, use_bias=False)(x)), set()),
    "called twice": (twice, {"twice"}),
    "tied": (tied, {"tied"}),
    "weightnorm": (lambda x: nn.tanh(nn.WeightNorm(nn.Dense(8, name="wrapped"))(x)), {"wrapped"}),
    "tokens": (tokens, {"of_tokens"}),
    "tokens as rows": (folded, {"of_rows"}),
    "recurrent": (recurrent, {"cell"}),
    "rematerialised": (lambda x: nn.remat(Block)(name="again")(x), {"again"}),
    "convolution": (lambda x: nn.Conv(3, (2,), name="conv")(x[..., None]).reshape(*x.shape[:-1], -1), {"conv"}),
}


def moved(variables, number):
    """Every leaf away from where it began, variances above 0."""
    leaves, tree = jax.tree.flatten(variables)
    keys = jax.random.split(jax.random.key(number), len(leaves))
    return jax.tree.unflatten(tree, [leaf + 0.3 * jnp.abs(jax.random.normal(key, leaf.shape, leaf.dtype))
                                     for leaf, key in zip(leaves, keys, strict=True)])


def points(count=7):
    keys = jax.random.split(jax.random.key(1))
    return jax.random.normal(keys[0], (count, 3)), jax.random.uniform(keys[1], (count, 2), minval=-1.0)


def formed_where_exact(module):
    """Paths of the gradients that are formed, after kernels by layers and by the Jacobian have agreed in float64."""
    drawn = module.init(jax.random.key(2), *points())
    with jax.enable_x64(True):
        return compared(module, moved(jax.tree.map(lambda leaf: leaf.astype(jnp.float64), drawn), 3))


def compared(module, variables):
    obs, action = points()
    found = {}

    @jax.jit
    def both(variables):
        split = dense.gradients(module, variables, obs, action)
        found["formed"] = split.formed

        def q_fn(params, obs, action):
            q = dense.apply(module, {**variables, "params": params}, obs[None], action[None]).output
            return jnp.ravel(q)[0]

        return gram_of_layers(split.layers), gram(q_fn, variables["params"], (obs, action))

    by_layers, expected = both(variables)
    np.testing.assert_allclose(by_layers, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())
    return found["formed"]


# Critics from outside, and the layers of them whose kernels have their gradients formed: of a module that holds two
# critics, those of the first count.
FOREIGN = {"NnxSimBa(width=8)": set(), "NnxNormed": set(), "Pair": set(), "Trunk": set(), "Stacked": {"kernel"},
           "Twins": {"twins"}, "Twins(shown=False)": {"twins"}}


@pytest.mark.parametrize("name", FOREIGN)
def test_the_kernel_is_exact_for_nnx_modules_and_for_those_that_hold_two_critics(name):
    formed = formed_where_exact(foreign_critic(f"{HERE}:{name}", 3, 2, frozenset()))
    assert {path[0] for path in formed if path[-1] == "kernel"} == FOREIGN[name]


@pytest.mark.parametrize("name", CASES)
def test_the_kernel_is_exact_whatever_the_module(name):
    build, fall_back = CASES[name]
    formed = formed_where_exact(Chain(build))
    assert {path[0] for path in formed if path[-1] == "kernel"} == fall_back
    assert not {"first", "head"} & {path[0] for path in formed}


def test_no_kernel_of_the_house_has_its_gradients_formed():
    mechanisms = frozenset({"layernorm", "groupnorm", "feature_layernorm", "unit_ball"})
    formed = formed_where_exact(MLPCritic((8, 6), mechanisms=mechanisms, groups=2))
    assert {path[1] for path in formed} == {"layernorm", "groupnorm"} and len(formed) == 8


def test_where_programs_cannot_be_read_all_gradients_are_formed(monkeypatch):
    monkeypatch.setattr(dense, "Literal", None)
    formed = formed_where_exact(Chain(nn.tanh))
    assert sorted(formed) == [(layer, part) for layer in ("first", "head") for part in ("bias", "kernel")]


def test_the_features_of_any_module_are_what_its_last_dense_reads():
    """Its hidden layers are what all but the first read."""
    module = Chain(lambda x: Block()(x))
    critic = ensemble.draw(module, jax.random.key(2), 2, 3, 2, 1.0)
    passed = ensemble.forward(module, critic, *points(), switches=all_on(2))
    head = critic["params"]["head"]
    q = (passed.features @ head["kernel"])[..., 0] + head["bias"]
    assert passed.features.shape == (2, 7, 8) and passed.changed == {}
    assert [hidden.shape for hidden in passed.hidden] == [(2, 7, width) for width in (8, 16, 8)]
    np.testing.assert_allclose(q, passed.q, rtol=1e-5, atol=1e-6)
