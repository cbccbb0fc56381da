"""What a function from outside returns is refused in one line where it is not what its kind promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.agents import sac
from divbench.learn.hook_checks import checked
from divbench.learn.replay import Batch
from divbench.spec.errors import UsageError
from divbench.spec.variants import Variant
from tests.learn.conftest import Bench, make_lane

X = jnp.ones((8, 16))
TREE = {"head": {"bias": jnp.ones(1), "kernel": jnp.ones((4, 1))}}


@pytest.mark.parametrize(("kind", "given", "function", "message"), [
    ("losses", X, lambda terms: jnp.ones((2, 8)), "expected a scalar, found float32 [2, 8]; sum or average it"),
    ("losses", X, lambda terms: None, "expected a scalar, found a NoneType"),
    ("losses", X, lambda terms: (jnp.zeros(()), {}), "expected a scalar, found a tuple"),
    ("features", X, lambda x: x[:, :5], "expected float32 [8, 16], found float32 [8, 5]"),
    ("features", X, lambda x: x > 0.0, "expected float32 [8, 16], found bool [8, 16]"),
    ("features", X, lambda x: (x, x), "expected float32 [8, 16], found a tuple"),
    ("projections", TREE, lambda params: None, "expected a dict, found a NoneType"),
    ("projections", TREE, lambda params: {"head": {"bias": params["head"]["bias"]}},
     "expected the parameters' own tree, found one without head/kernel"),
    ("projections", TREE, lambda params: params | {"scale": jnp.ones(())},
     "expected the parameters' own tree, found one with scale"),
    ("projections", TREE, lambda params: jax.tree.map(lambda leaf: leaf.T, params),
     "expected float32 [4, 1] at head/kernel, found float32 [1, 4]"),
    ("projections", TREE, lambda params: jax.tree.map(lambda leaf: leaf.astype(jnp.float16), params),
     "expected float32 [1] at head/bias, found float16 [1]"),
])
def test_a_wrong_result_is_one_line(kind, given, function, message):
    with pytest.raises(UsageError) as caught:
        checked(kind, "mine:f", function)(given)
    assert str(caught.value) == f"hook 'mine:f': {kind}: {message}"


@pytest.mark.parametrize(("kind", "given", "function"), [
    ("losses", X, lambda terms: 0.0), ("losses", X, jnp.sum), ("features", X, jnp.tanh),
    ("projections", TREE, lambda params: jax.tree.map(jnp.sign, params))])
def test_a_right_result_is_handed_on(kind, given, function):
    jax.tree.map(np.testing.assert_array_equal, checked(kind, "mine:f", function)(given), function(given))


def vector_loss(terms):
    return jnp.mean(terms.q, -1)


def narrow(x, site):
    return x[..., :1]


def headless(params):
    return {name: layer for name, layer in params.items() if name != "head"}


@pytest.mark.parametrize(("kind", "name", "message"), [
    ("losses", "vector_loss", r"expected a scalar, found float32 \[2\]"),
    ("features", "narrow", r"expected float32 \[.*16\], found float32 \[.*1\]"),
    ("projections", "headless", "expected the parameters' own tree, found one without head/bias"),
])
def test_an_update_refuses_it_while_it_is_traced(kind, name, message):
    variant = Variant("own", "", "", **{kind: (f"{__name__}:{name}",)})
    with pytest.raises(UsageError, match=f"hook '{__name__}:{name}': {kind}: {message}"):
        bench = Bench(ConstantReward(7), [make_lane(variant)])
        state = jax.eval_shape(bench.program.blank_state)
        learner, coefs = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape[1:], leaf.dtype), (state.learner, bench.coefs))
        batch = Batch(*(jnp.zeros(shape) for shape in ((8, 2), (8, 1), (8,), (8,), (8, 2), (8, 1), (8,))))
        jax.eval_shape(lambda key: sac.update(sac.SAC, learner, batch, coefs, bench.structure, key), jax.random.key(0))
