"""The one rule of all optimizers against optax, and what clipping and decay do."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.learn import optimizers
from divbench.learn.optimizers import Rule

SHAPES = {"hidden": [{"kernel": (4, 3), "bias": (3,)}], "head": {"kernel": (3, 1), "bias": (1,)}}


def tree(seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda shape: jnp.asarray(scale * rng.normal(size=shape), jnp.float32), SHAPES,
                        is_leaf=lambda leaf: isinstance(leaf, tuple))


def rule(**changes):
    adam = dict(learning_rate=1e-2, b1=0.9, b2=0.999, eps=1e-8, averaged=1.0, corrected=1.0, scaled=1.0, decay=0.0,
                clip=0.0)
    return Rule(**{name: jnp.float32(value) for name, value in (adam | changes).items()})


def after(rule, mechanisms=frozenset(), steps=5):
    parameters = tree(0)
    moments = optimizers.init(parameters)
    for count in range(steps):
        updates, moments = optimizers.adam_step(tree(count + 1), moments, parameters, rule, mechanisms)
        parameters = optax.apply_updates(parameters, updates)
    return parameters


def after_optax(transformation, steps=5):
    parameters = tree(0)
    state = transformation.init(parameters)
    for count in range(steps):
        updates, state = transformation.update(tree(count + 1), state, parameters)
        parameters = optax.apply_updates(parameters, updates)
    return parameters


@pytest.mark.parametrize(("changes", "mechanisms", "reference"), [
    ({}, (), optax.adam(1e-2)),
    ({"eps": 1e-3, "b2": 0.9}, (), optax.adam(1e-2, 0.9, 0.9, 1e-3)),
    ({"b1": 0.0}, (), optax.adam(1e-2, 0.0)),
    ({"b1": 0.0, "corrected": 0.0}, (), optax.rmsprop(1e-2, 0.999, 1e-8, eps_in_sqrt=False)),
    ({"b1": 0.9, "averaged": 0.0, "corrected": 0.0, "scaled": 0.0}, (), optax.sgd(1e-2, 0.9)),
    ({"b1": 0.0, "averaged": 0.0, "corrected": 0.0, "scaled": 0.0}, (), optax.sgd(1e-2)),
    ({"scaled": 0.0}, (), optax.chain(optax.ema(0.9), optax.scale(-1e-2))),
    ({"clip": 0.5}, ("clip",), optax.chain(optax.clip_by_global_norm(0.5), optax.adam(1e-2))),
    ({"clip": 0.0}, ("clip",), optax.adam(1e-2)),
    ({"decay": 0.3}, ("decay",), optax.adamw(1e-2, weight_decay=0.3, mask=lambda parameters: {
        "hidden": [{"kernel": True, "bias": False}], "head": {"kernel": True, "bias": False}})),
])
def test_as_optax_does_it(changes, mechanisms, reference):
    mine, theirs = after(rule(**changes), frozenset(mechanisms)), after_optax(reference)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6), mine, theirs)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e6))
def test_a_clipped_gradient_is_no_longer_than_allowed_and_points_the_same_way(largest, scale):
    gradient = tree(0, scale)
    clipped = optimizers.clipped(gradient, jnp.float32(largest))
    flat, original = (np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(t)]) for t in (clipped, gradient))
    length = np.linalg.norm(original)
    assert np.linalg.norm(flat) == pytest.approx(min(largest, length), rel=1e-4)
    np.testing.assert_allclose(flat * length, original * np.linalg.norm(flat), rtol=1e-3, atol=1e-3 * length)


def test_an_overflowed_second_moment_does_not_reach_an_unscaled_lane(strict_jax):
    parameters = tree(0)
    moments = optimizers.init(parameters)
    moments = moments._replace(nu=jax.tree.map(lambda leaf: leaf + jnp.inf, moments.nu))
    sgd = rule(averaged=0.0, corrected=0.0, scaled=0.0, b1=0.0)
    updates, _ = optimizers.adam_step(tree(1), moments, parameters, sgd, frozenset())
    jax.tree.map(lambda u, g: np.testing.assert_allclose(u, -1e-2 * g, rtol=1e-5), updates, tree(1))
