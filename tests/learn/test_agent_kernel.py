"""The kernel of a lane's critic by its layers, against gradients of all its parameters written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.diagnostics.kernels import gram, seem
from divbench.learn.agents import critic as critics
from divbench.learn.agents import kernel
from divbench.learn.agents.coefficients import coefficients, structure_of
from tests.learn.conftest import compiled, make_lane

POINTS, OBSERVATIONS, ACTIONS = 7, 3, 2
VARIANTS = ["baseline", "layernorm", "ofn", "layernorm+layernorm_layers=2", "layernorm+layernorm_affine=false",
            "groupnorm=4", "feature-layernorm", "batchnorm", "td3+activation=sin", "spectral-norm"]


def setting(variant):
    """One critic away from where it began, its parameters as one vector, points, coefficients and structure."""
    one = make_lane(variant)
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((one,), ACTIONS))
    structure = structure_of((one,), one.mechanisms, OBSERVATIONS, ACTIONS, (0.0, 1.0))
    return *drawn(coefs, structure), coefs, structure


@compiled
def drawn(coefs, structure):
    critic = jax.tree.map(lambda leaf: leaf[:1], critics.initialise(jax.random.key(1), coefs, structure))
    leaves, tree = jax.tree.flatten(critic)
    keys = jax.random.split(jax.random.key(2), len(leaves))
    critic = jax.tree.unflatten(tree, [leaf + 0.2 * jnp.abs(jax.random.normal(key, leaf.shape))
                                       for leaf, key in zip(leaves, keys, strict=True)])
    keys = jax.random.split(jax.random.key(3), 4)
    data, policy = ((jax.random.normal(keys[i], (POINTS, OBSERVATIONS)),
                     jax.random.uniform(keys[i + 1], (POINTS, ACTIONS), minval=-1.0)) for i in (0, 2))
    return critic, data, policy


def q_fn(critic, coefs, structure):
    def q_of_pair(params, obs, action):
        return critics.values({**critic, "params": params}, obs[None], action[None], coefs, structure)[0, 0]

    return q_of_pair


@compiled
def both_ways(critic, data, policy, coefs, structure):
    """The kernel and the excitation, each by layers and from all gradients."""
    whole = q_fn(critic, coefs, structure), critic["params"]
    return ((kernel.kernel(critic, *data, coefs, structure), gram.gram(*whole, data)),
            (kernel.excitation(critic, data, policy, coefs, structure),
             seem.excitation(*whole, data, policy, coefs.gamma)))


def per_learned(excitation, given):
    """An excitation by all parameters, by those that the lane learns: no scale that is not learned."""
    critic, _, _, coefs, structure = given
    ones = critics.learnable(jax.tree.map(np.ones_like, critic["params"]), coefs, structure)
    learned = sum(np.count_nonzero(leaf) for leaf in jax.tree.leaves(ones))
    return excitation * gram.parameter_count(critic["params"]) / learned


# In float64, below, all of them are in every run.
IN_FLOAT32 = [pytest.param(name, marks=() if name in ("baseline", "layernorm", "batchnorm") else pytest.mark.slow)
              for name in VARIANTS]


@pytest.mark.parametrize("variant", IN_FLOAT32)
def test_they_are_the_products_of_all_gradients(variant):
    given = setting(variant)
    products, (excitation, from_gradients) = jax.device_get(both_ways(*given))
    found = products, (excitation, per_learned(from_gradients, given))
    for (by_layers, expected), (relative, absolute) in zip(found, ((2e-5, 1e-6), (2e-4, 2e-6)), strict=True):
        np.testing.assert_allclose(by_layers, expected, rtol=relative, atol=absolute * np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["baseline", "layernorm", "ofn"])
def test_the_kernel_is_symmetric_to_the_last_bit(variant):
    """Where it is compiled as users compile."""
    critic, data, _, coefs, structure = setting(variant)
    found = np.asarray(compiled(kernel.kernel)(critic, *data, coefs, structure))
    np.testing.assert_array_equal(found, found.T)


def in_float64(tree):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64) if isinstance(leaf, jax.Array) else leaf, tree)


def test_what_is_compiled_in_for_a_neighbour_does_not_count():
    """A plain lane's excitation in a group that has LayerNorm is the one that it has alone."""
    with jax.enable_x64(True):
        critic, data, policy, coefs, structure = in_float64(setting("baseline"))
        excitation = compiled(kernel.excitation)
        alone = excitation(critic, data, policy, coefs, structure)
        norm = {"scale": jnp.ones((1, 16)), "bias": jnp.zeros((1, 16))}
        with_norms = {"params": {name: layer if name == "head" else layer | {"layernorm": norm}
                                 for name, layer in critic["params"].items()}}
        structure = structure._replace(mechanisms=structure.mechanisms | {"layernorm"})
        together = excitation(with_norms, data, policy, coefs, structure)
        np.testing.assert_allclose(together, alone, rtol=1e-10, atol=1e-13)


def test_lanes_are_measured_side_by_side():
    """Under vmap, as a group's diagnose calls it."""
    (critic, data, _, coefs, structure), (other, *_) = setting("layernorm"), setting("layernorm")
    other = jax.tree.map(lambda leaf: 2.0 * leaf, other)
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), critic, other)
    found = jax.jit(jax.vmap(lambda critic: kernel.kernel(critic, *data, coefs, structure)))(both)
    for one, matrix in zip((critic, other), found, strict=True):
        np.testing.assert_allclose(matrix, compiled(kernel.kernel)(one, *data, coefs, structure), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_in_float64_nothing_but_rounding_is_between_them(variant):
    with jax.enable_x64(True):
        given = in_float64(setting(variant))
        (found, expected), (excitation, from_gradients) = jax.device_get(both_ways(*given))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())
        expected = per_learned(from_gradients, given)
        np.testing.assert_allclose(excitation, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())
