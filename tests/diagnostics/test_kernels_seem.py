"""SEEM against numpy's eigenvalues, without its matrix against with it, and its sign against what iteration does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics.kernels import eigenvalues, seem

pytestmark = pytest.mark.usefixtures("strict_jax")
GAMMA = 0.99

excitation = jax.jit(seem.excitation, static_argnums=0, static_argnames="memory")


def q_mlp(params, obs, action):
    x = jnp.concatenate([obs, action])
    for kernel in params[:-1]:
        x = jax.nn.relu(jnp.matmul(x, kernel))
    return jnp.sum(x * params[-1])


def q_linear(params, obs, action):
    return jnp.sum(jnp.concatenate([obs, action]) * params)


def draw(seed, count, drift=0.3):
    """A critic, data, and next states near the data with actions in a corner, in the default precision."""
    rng = np.random.default_rng(seed)
    params = [jnp.asarray(rng.normal(size=shape) / 2.0) for shape in ((5, 24), (24, 24), (24,))]
    obs = rng.normal(size=(count, 3))
    data = jnp.asarray(obs), jnp.asarray(rng.uniform(-1.0, 1.0, (count, 2)))
    return params, data, (jnp.asarray(obs + drift * rng.normal(size=obs.shape)), jnp.full((count, 2), 0.99))


def explicit(q_fn, params, data, policy, gamma):
    """A from whole Jacobians, in numpy."""
    def rows(points):
        tree = jax.jit(jax.vmap(jax.grad(q_fn), (None, 0, 0)))(params, *points)
        return np.concatenate([np.asarray(leaf).reshape(len(points[0]), -1) for leaf in jax.tree.leaves(tree)], 1)

    ahead, now = rows(policy), rows(data)
    return (gamma * ahead @ now.T - now @ now.T) / now.shape[1]


def test_matrix_value_and_products_are_those_of_numpy():
    with jax.enable_x64(True):
        case = draw(0, 40)
        matrix = explicit(q_mlp, *case, GAMMA)
        value, norm = np.linalg.eigvals(matrix).real.max(), np.linalg.norm(matrix)
        got = excitation(q_mlp, *case, GAMMA, memory=2**17)
        np.testing.assert_allclose(got, matrix, rtol=0.0, atol=1e-10)
        found = seem.seem(np.asarray(got))
        assert found.value == pytest.approx(value, rel=1e-6)
        assert found.normalised == pytest.approx(value / norm, rel=1e-6)
        assert found.converged and found.excites
        vector = jnp.asarray(np.random.default_rng(1).normal(size=40))
        both = jax.jit(lambda *a: (seem.excite(q_mlp, *a), seem.excite_transposed(q_mlp, *a)))
        image, transposed = both(*case, GAMMA, vector)
        np.testing.assert_allclose(image, matrix @ vector, rtol=0.0, atol=1e-10)
        np.testing.assert_allclose(transposed, matrix.T @ vector, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("gamma", [0.0, GAMMA])
def test_float32_and_no_matrix_give_what_the_matrix_gives(gamma):
    params, data, policy = draw(2, 150)
    dense = seem.seem(np.asarray(excitation(q_mlp, params, data, policy, gamma)))
    free = seem.seem_matrix_free(q_mlp, params, data, policy, gamma)
    assert free.converged
    assert free.normalised == pytest.approx(dense.normalised, abs=0.02 * abs(dense.normalised) + 1e-6)
    assert free.value == pytest.approx(dense.value, rel=1e-3, abs=2e-6 * abs(dense.value / dense.normalised))
    assert free.excites == dense.excites == (gamma > 0.0)  # -K(X, X) alone never excites


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), gamma=st.floats(0.0, 0.99))
def test_seem_of_a_linear_critic_is_that_of_the_matrix_over_its_weights(seed, gamma):
    """A = D G^T has the eigenvalues of G^T D, P by P, and 0: SEEM is the larger of that and 0."""
    rng = np.random.default_rng(seed)
    data, policy = ((rng.normal(size=(12, 3)), rng.normal(size=(12, 2))) for _ in range(2))
    now, ahead = np.concatenate(data, 1), np.concatenate(policy, 1)
    small = np.linalg.eigvals(now.T @ (gamma * ahead - now) / 5.0).real.max()
    matrix = excitation(q_linear, jnp.zeros(5), jax.tree.map(jnp.asarray, data),
                        jax.tree.map(jnp.asarray, policy), gamma)
    found = seem.seem(np.asarray(matrix))
    norm = np.linalg.norm(matrix)
    assert found.normalised == pytest.approx(max(small, 0.0) / norm, abs=1e-4)
    if abs(small) / norm > 1e-4:
        assert found.excites == (small > 0.0)


@pytest.mark.parametrize(("reach", "excites"), [(0.5, False), (2.0, True)])
def test_the_sign_says_what_fitted_q_iteration_does(reach, excites):
    """Policy pairs `reach` times as far out as the data: with gamma * reach above 1 the errors feed themselves."""
    rng = np.random.default_rng(3)
    data = jnp.asarray(rng.normal(size=(6, 3))), jnp.asarray(rng.normal(size=(6, 2)))
    policy = jax.tree.map(lambda part: reach * part, data)
    assert seem.seem(np.asarray(excitation(q_linear, jnp.zeros(5), data, policy, 0.9))).excites == excites
    weights = rng.normal(size=5)
    rows = np.concatenate(data, 1).astype(np.float64)
    sizes = []
    for _ in range(400):
        sizes.append(np.linalg.norm(weights))
        weights = weights + 0.02 * rows.T @ (0.9 * reach * rows @ weights - rows @ weights)
    assert (sizes[-1] > 10.0 * sizes[0]) == excites


def test_what_is_not_finite_is_told_and_what_is_nothing_is_0():
    broken = seem.seem(np.full((3, 3), np.nan, np.float32))
    assert np.isnan(broken.value) and not broken.converged and not broken.excites
    assert seem.seem(np.zeros((3, 3), np.float32))[:2] == (0.0, 0.0)
    data = jnp.ones((40, 3)), jnp.ones((40, 2))
    nothing = jax.tree.map(jnp.zeros_like, data)
    assert seem.seem_matrix_free(q_linear, jnp.zeros(5), nothing, data, 0.9)[:2] == (0.0, 0.0)
    nan = seem.seem_matrix_free(q_linear, jnp.zeros(5), (data[0] * jnp.nan, data[1]), data, 0.9)
    assert np.isnan(nan.value) and not nan.converged and not nan.excites
    assert np.isnan(eigenvalues.rightmost(lambda v: v * np.nan, 40, scale=1.0)[0])
    with pytest.raises(ValueError, match=r"shape \(3, 4\) has no eigenvalues"):
        eigenvalues.largest_real_part(np.zeros((3, 4)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), size=st.integers(2, 120), exponent=st.integers(-20, 20))
def test_rightmost_finds_the_largest_real_part_of_random_matrices(seed, size, exponent):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size)) * 10.0**exponent
    norm = np.linalg.norm(matrix)
    value, converged = eigenvalues.rightmost(lambda v: matrix @ v, size, scale=norm)
    assert converged
    assert value == pytest.approx(np.linalg.eigvals(matrix).real.max(), abs=1e-4 * norm)


def test_rightmost_is_not_the_eigenvalue_of_largest_modulus():
    values = np.concatenate([np.linspace(-100.0, -1.0, 99), [0.5]])
    basis = np.linalg.qr(np.random.default_rng(4).normal(size=(100, 100)))[0]
    matrix = basis @ np.diag(values) @ basis.T
    assert eigenvalues.rightmost(lambda v: matrix @ v, 100, scale=100.0)[0] == pytest.approx(0.5, abs=1e-4)


def test_the_estimate_of_the_norm():
    rng = np.random.default_rng(5)
    low = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 200))
    full = rng.normal(size=(200, 200))
    for matrix, tolerance in ((low, 1e-10), (low + 0.1 * full, 0.02), (full, 0.1), (full[:20, :20], 1e-12)):
        got = eigenvalues.estimate_norm(lambda v, a=matrix: a @ v, lambda v, a=matrix: a.T @ v, len(matrix), probes=24)
        assert got == pytest.approx(np.linalg.norm(matrix), rel=tolerance)
