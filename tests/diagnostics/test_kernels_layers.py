"""The kernel layer by layer, against one written down by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from divbench.diagnostics.kernels.layers import gram_between_layers, gram_of_layers

pytestmark = pytest.mark.usefixtures("strict_jax")


def test_a_linear_critic_has_the_products_of_its_points():
    """Q = w . x + b: the gradient is (x, 1), so K(x, y) = x . y + 1."""
    x = jnp.asarray([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
    layer = jnp.concatenate([x, jnp.ones((3, 1))], 1), jnp.ones((3, 1))
    np.testing.assert_allclose(gram_of_layers([layer]), [[6.0, -1.0, 5.0], [-1.0, 2.0, 0.5], [5.0, 0.5, 10.25]])


def test_layers_add_up():
    """Two points, two layers: inputs times slopes, by hand."""
    first = jnp.asarray([[1.0, 1.0], [2.0, 0.0]]), jnp.asarray([[3.0], [-1.0]])
    second = jnp.asarray([[2.0], [5.0]]), jnp.asarray([[1.0], [1.0]])
    found = gram_of_layers([first, second])
    np.testing.assert_allclose(found, [[2 * 9 + 4, 2 * -3 + 10], [2 * -3 + 10, 4 * 1 + 25]])


def test_between_two_sets_of_points():
    """Rows of X against rows of Y, by hand; with itself it is the kernel."""
    left = [(jnp.asarray([[1.0, 1.0], [2.0, 0.0]]), jnp.asarray([[3.0], [-1.0]]))]
    right = [(jnp.asarray([[0.0, 2.0]]), jnp.asarray([[0.5]]))]
    np.testing.assert_allclose(gram_between_layers(left, right), [[2 * 1.5], [0.0]])
    np.testing.assert_array_equal(gram_between_layers(left, left), gram_of_layers(left))
