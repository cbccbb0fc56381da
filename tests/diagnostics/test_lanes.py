"""What holds for every diagnostic: lanes do not matter to each other, results are finite float32 scalars."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.diagnostics import distance, features, norms, policy, values

pytestmark = pytest.mark.usefixtures("strict_jax")

LANES, CRITICS, BATCH, ACTION, WIDTH = 3, 2, 12, 4, 10
Q, ACTIONS, HIDDEN = (CRITICS, BATCH), (BATCH, ACTION), (CRITICS, BATCH, WIDTH)


def critic_norms(kernel, bias, head):
    layer = {"kernel": kernel, "bias": bias}
    return norms.layer_norms({"hidden1": layer, "hidden2": {"dense": layer}, "head": {"kernel": head, "bias": bias}})


CASES = {  # the function and the shapes of its arguments
    "magnitude": (values.magnitude, Q),
    "bias": (values.bias, Q, (BATCH,)),
    "correlation": (distance.distance_correlation, ACTIONS, ACTIONS, Q),
    "norms": (critic_norms, (CRITICS, 5, WIDTH), (CRITICS, WIDTH), (CRITICS, WIDTH, 1)),
    "effective_rate": (norms.effective_rate, (), ()),
    "ranks": (features.ranks, HIDDEN),
    "mean_norm": (features.mean_norm, HIDDEN),
    "dormant_share": (lambda *layers: features.dormant_share(layers), HIDDEN, (CRITICS, BATCH, 7)),
    "dormant_shares": (lambda *layers: features.dormant_shares(layers), HIDDEN, (CRITICS, BATCH, 7)),
    "dr3": (features.dr3, HIDDEN, HIDDEN),
    "saturation": (policy.saturation, ACTIONS),
    "entropy": (policy.entropy, (BATCH,)),
}
CRITICS_ONCE = {"bias", "correlation", "ranks", "mean_norm", "dormant_share", "dr3"}


COMPILED = {name: jax.jit(jax.vmap(function)) for name, (function, *_) in CASES.items()}


def arguments(name):
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.normal(size=(LANES, *shape)), jnp.float32) for shape in CASES[name][1:]]


def check_results(results):
    for leaf in jax.tree.leaves(results):
        assert leaf.shape == (LANES,) and leaf.dtype == jnp.float32
        assert np.isfinite(leaf).all()


@pytest.mark.parametrize("name", CASES)
def test_a_lane_among_others_is_as_alone(name):
    given = arguments(name)
    together = COMPILED[name](*given)
    check_results(together)
    alone = jax.jit(CASES[name][0])
    for lane in range(LANES):
        apart = alone(*[argument[lane] for argument in given])
        jax.tree.map(lambda one, all_, lane=lane: np.testing.assert_allclose(all_[lane], one, rtol=2e-6, atol=1e-6),
                     apart, together)


@pytest.mark.parametrize("name", CASES)
def test_a_lane_that_is_not_finite_does_not_change_its_neighbours(name):
    given = arguments(name)
    healthy = COMPILED[name](*given)
    beside = COMPILED[name](*[argument.at[1].set(jnp.nan) for argument in given])
    for one, other in zip(jax.tree.leaves(healthy), jax.tree.leaves(beside), strict=True):
        np.testing.assert_array_equal(one[::2], other[::2])
        assert not np.isfinite(other[1])


@pytest.mark.parametrize("fills", [(0.0, 1.0, -1e-38), (1e-40, -2.5, 1e18)])
@pytest.mark.parametrize("name", CASES)
def test_finite_for_constants(name, fills):
    shapes = CASES[name][1:]
    check_results(COMPILED[name](*[jnp.stack([jnp.full(shape, fill, jnp.float32) for fill in fills])
                                   for shape in shapes]))


@pytest.mark.parametrize("name", sorted(CRITICS_ONCE))
def test_one_critic_twice_is_one_critic(name):
    function, *shapes = CASES[name]
    given = [argument[0] for argument in arguments(name)]
    single = [argument[:1] if shape[0] == CRITICS else argument for argument, shape in zip(given, shapes, strict=True)]
    twice = [jnp.concatenate([argument, argument]) if shape[0] == CRITICS else argument
             for argument, shape in zip(single, shapes, strict=True)]
    check = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    function = jax.jit(function)
    jax.tree.map(check, function(*twice), function(*single))
