"""`numpy_callback`: what the function is given, how often it is called, and what happens when it fails."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs import callback
from divbench.envs.callback import numpy_callback


@pytest.fixture(autouse=True, params=["private", "public"])
def path(request, monkeypatch):
    """Both ways to call a function, whatever this version of JAX has."""
    if request.param == "public":
        monkeypatch.setattr(callback, "_private", None)
    assert request.param == "public" or callback._private is not None
    return request.param


class Doubler:
    """Returns twice its first argument plus the second, and remembers what it was given."""

    def __init__(self):
        self.calls = []

    def __call__(self, x, y):
        self.calls.append((x, y))
        return (np.asarray(2 * x + y, np.float32), np.asarray(x[..., 0] > 0))

    def of(self, x, y):
        shapes = (jax.ShapeDtypeStruct((3,), jnp.float32), jax.ShapeDtypeStruct((), jnp.bool_))
        return numpy_callback(self, shapes, x, y)


def test_gets_numpy_arrays_and_its_results_come_back_inside_and_outside_jit():
    x, y = jnp.arange(3.0), jnp.ones(3)
    for wrap in (lambda function: function, jax.jit):
        doubler = Doubler()
        found, positive = wrap(doubler.of)(x, y)
        np.testing.assert_array_equal(found, [1.0, 3.0, 5.0])
        assert not positive
        assert [type(arg) for call in doubler.calls for arg in call] == [np.ndarray, np.ndarray]


def test_lanes_of_nested_vmaps_make_one_call_with_what_is_not_mapped_repeated():
    doubler = Doubler()
    x = jnp.arange(24.0).reshape(4, 3, 2)  # lanes of the inner map in the last axis
    inner = jax.vmap(doubler.of, in_axes=(1, None))
    found, positive = jax.jit(jax.vmap(inner, in_axes=(0, None)))(x, jnp.ones(3))
    jax.block_until_ready(found)
    assert [arg.shape for arg in doubler.calls[0]] == [(4, 2, 3), (4, 2, 3)]
    assert len(doubler.calls) == 1
    np.testing.assert_array_equal(found, 2 * np.swapaxes(x, 1, 2) + 1)
    np.testing.assert_array_equal(positive, np.asarray(x)[:, 0, :] > 0)


def test_called_once_per_turn_of_a_loop():
    doubler = Doubler()
    shapes = (jax.ShapeDtypeStruct((3,), jnp.float32),)

    @jax.jit
    def loop(x):
        def turn(x, _):
            return numpy_callback(lambda x: doubler(x, 0 * x)[:1], shapes, x)[0], None

        return jax.lax.scan(turn, x, length=5)[0]

    np.testing.assert_array_equal(loop(jnp.ones(3)), 32 * np.ones(3))
    assert len(doubler.calls) == 5


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: (x[:1],), "shape"),
        (lambda x: (x.astype(np.int32),), "dtype"),
        (lambda x: (x, x), "Mismatched number"),
        (lambda x: 1 / 0, "division by zero"),
    ],
)
def test_a_function_that_fails_fails_the_program_and_says_why(function, said):
    shapes = (jax.ShapeDtypeStruct((3,), jnp.float32),)
    with pytest.raises(Exception, match=said):
        jax.block_until_ready(jax.jit(lambda x: numpy_callback(function, shapes, x))(jnp.ones(3)))
