"""What arrays are divided by before they are squared."""

import jax
import jax.numpy as jnp
import numpy as np

from divbench.diagnostics.norms import magnitude_scale


def test_the_scale_is_the_largest_magnitude_and_never_0():
    array = jnp.asarray([[1.0, -7.0], [0.0, 0.0]])
    np.testing.assert_array_equal(magnitude_scale(array), [[7.0]])
    np.testing.assert_array_equal(magnitude_scale(array, 1), [[7.0], [1.0]])
    np.testing.assert_array_equal(magnitude_scale(array[None], (1, 2)), [[[7.0]]])
    # XLA's maximum over so many numbers loses a NaN on a CPU
    assert np.isnan(magnitude_scale(jnp.ones((2, 8192)).at[0, 0].set(jnp.nan))).all()


def test_what_is_nothing_depends_on_the_type():
    with jax.enable_x64(True):
        assert float(magnitude_scale(jnp.asarray([1e-40], jnp.float64))[0]) == 1e-40
        assert float(magnitude_scale(jnp.asarray([1e-40], jnp.float32))[0]) == 1.0
