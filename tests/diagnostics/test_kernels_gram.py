"""The kernel against an explicit Jacobian, its products against its matrix, its summaries against known matrices."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics.kernels import gram, homogeneity, preconditioning, products, summaries

pytestmark = pytest.mark.usefixtures("strict_jax")

describe = jax.jit(summaries.describe)
spectrum = jax.jit(summaries.spectrum)
row_ratios = jax.jit(summaries.row_ratios)
least_squares = jax.jit(lambda kernel, error: preconditioning.least_squares(kernel, error, rcond=1e-10))


class Layer(NamedTuple):
    kernel: jax.Array
    shift: jax.Array


def q_mlp(params, obs, action):
    """Parameters as a dictionary of a list of NamedTuples and a bare array: every kind of tree node."""
    x = jnp.concatenate([obs, action])
    for layer in params["hidden"]:
        x = jnp.tanh(jnp.matmul(x, layer.kernel) + layer.shift)
    return jnp.sum(x * params["head"])


def q_linear(params, obs, action):
    return jnp.sum(jnp.concatenate([obs, action]) * params)


kernel_of_mlp = jax.jit(gram.gram, static_argnums=0, static_argnames="memory")
kernel_of_linear = jax.jit(lambda *a, memory: gram.gram(q_linear, *a, memory=memory), static_argnames="memory")


def draw_mlp(rng, widths=(5, 7, 6), dtype=np.float64):
    def layer(rows, columns):
        return Layer(*(jnp.asarray(rng.normal(size=size), dtype) for size in ((rows, columns), columns)))

    return {"hidden": [layer(*shape) for shape in zip(widths, widths[1:], strict=False)],
            "head": jnp.asarray(rng.normal(size=widths[-1]), dtype)}


def draw_points(rng, count, dtype=np.float64):
    return jnp.asarray(rng.normal(size=(count, 3)), dtype), jnp.asarray(rng.uniform(-1, 1, (count, 2)), dtype)


def explicit_jacobian(params, points):
    """One backward pass per point, one entry after the other: `[N, P]`."""
    jacobian, rows = jax.jit(jax.jacrev(q_mlp)), []
    for obs, action in zip(*points, strict=True):
        leaves = jax.tree.leaves(jacobian(params, obs, action))
        rows.append(np.concatenate([np.asarray(leaf).ravel() for leaf in leaves]))
    return np.stack(rows)


def test_blocks_and_products_are_those_of_the_explicit_jacobian():
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        params, left, right = draw_mlp(rng), draw_points(rng, 11), draw_points(rng, 7)
        one, other = explicit_jacobian(params, left), explicit_jacobian(params, right)
        memory = 4 * 4 * 8 * gram.parameter_count(params)  # blocks of 4: 11 and 7 both end in a part
        own = kernel_of_mlp(q_mlp, params, left, memory=memory)
        cross = kernel_of_mlp(q_mlp, params, left, right, memory=memory)
        vector = jnp.asarray(rng.normal(size=7))
        product = jax.jit(products.kernel_product, static_argnums=0)(q_mlp, params, left, right, vector)
        assert own.dtype == cross.dtype == product.dtype == np.float64
        np.testing.assert_allclose(own, one @ one.T, rtol=0.0, atol=1e-10)
        np.testing.assert_array_equal(own, own.T)
        np.testing.assert_allclose(cross, one @ other.T, rtol=0.0, atol=1e-10)
        np.testing.assert_allclose(product, cross @ vector, rtol=0.0, atol=1e-10)
        step = jax.tree.leaves(jax.jit(products.pullback, static_argnums=0)(q_mlp, params, right, vector))
        np.testing.assert_allclose(np.concatenate([np.ravel(leaf) for leaf in step]), vector @ other, atol=1e-10)


def test_narrow_parameters_are_widened_where_x64_is_on_and_only_there():
    rng = np.random.default_rng(1)
    weights, points = jnp.asarray(rng.normal(size=5), jnp.float32), draw_points(rng, 6, np.float32)

    def shape_of(weights):
        return jax.eval_shape(lambda *a: gram.gram(q_linear, *a), weights, points)

    assert shape_of(weights) == jax.ShapeDtypeStruct((6, 6), np.float32)
    assert shape_of(weights.astype(jnp.bfloat16)).dtype == np.float32
    with jax.enable_x64(True):
        rows = np.concatenate([np.asarray(part, np.float64) for part in points], 1)
        got = kernel_of_linear(weights, points, memory=2**20)
        np.testing.assert_allclose(got, rows @ rows.T, rtol=1e-14, atol=1e-14)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), block=st.sampled_from([1, 4, 20]))
def test_the_kernel_of_a_linear_critic_is_that_of_its_inputs(seed, block):
    rng = np.random.default_rng(seed)
    weights, points = jnp.asarray(rng.normal(size=5), jnp.float32), draw_points(rng, 9, np.float32)
    rows = np.concatenate([np.asarray(part, np.float64) for part in points], 1)
    got = kernel_of_linear(weights, points, memory=block * gram.COPIES * 4 * 5)
    np.testing.assert_allclose(got, rows @ rows.T, rtol=1e-5, atol=1e-5)


def test_lanes_have_each_their_own_kernel():
    rng = np.random.default_rng(2)
    points = draw_points(rng, 5, np.float32)
    lanes = [draw_mlp(rng, dtype=np.float32) for _ in range(2)]
    kernel = jax.jit(lambda params: gram.gram(q_mlp, params, points, memory=1))
    together = jax.jit(jax.vmap(kernel))(jax.tree.map(lambda *leaves: jnp.stack(leaves), *lanes))
    for lane, params in enumerate(lanes):
        np.testing.assert_allclose(together[lane], kernel(params), rtol=1e-5, atol=1e-6)


def test_2560_points_of_two_layers_of_256_need_well_under_a_gigabyte():
    shape = jax.ShapeDtypeStruct
    params = {"hidden": [Layer(shape((rows, 256), jnp.float32), shape((256,), jnp.float32)) for rows in (23, 256)],
              "head": shape((256,), jnp.float32)}
    points = shape((2560, 17), jnp.float32), shape((2560, 6), jnp.float32)
    compiled = jax.jit(lambda params, points: gram.gram(q_mlp, params, points)).lower(params, points).compile()
    memory = compiled.memory_analysis()
    used = memory.temp_size_in_bytes + memory.output_size_in_bytes
    assert 100 * 2**20 < used < gram.MEMORY + 3 * 4 * 2560**2  # 3 matrices of the result's size beside the blocks


@pytest.mark.parametrize("counts", [(3, 4), (0, 0)])
def test_points_that_are_not_pairs_are_refused(counts):
    points = jnp.zeros((counts[0], 3)), jnp.zeros((counts[1], 2))
    with pytest.raises(ValueError, match=f"leading axes .*{counts[0]}.* at least 1"):
        gram.size_of(points)


def test_summaries_of_a_known_matrix():
    kernel = jnp.asarray([[4.0, -1.0, 1.0], [-1.0, 2.0, 0.0], [1.0, 0.0, 5.0]])
    assert float(summaries.average_diagonal(kernel)) == pytest.approx(11.0 / 3.0)
    np.testing.assert_allclose(row_ratios(kernel), [2 / 4 / 3, 1 / 2 / 3, 1 / 5 / 3], rtol=1e-6)
    values = np.linalg.eigvalsh(kernel)
    found = describe(kernel)
    assert float(found["row_ratio"]) == pytest.approx((0.5 + 0.5 + 0.2) / 9.0)
    assert float(found["condition_number"]) == pytest.approx(values[-1] / values[0], rel=1e-5)
    assert float(found["rank"]) == 3.0
    assert float(spectrum(kernel).largest) == pytest.approx(values[-1], rel=1e-6)


def test_summaries_at_the_edges():
    same = jnp.ones((3, 3))
    found = describe(same)
    assert float(found["row_ratio"]) == pytest.approx(2.0 / 3.0)  # divided by N, not by N - 1
    assert (float(found["condition_number"]), float(found["rank"])) == (np.inf, 1.0)
    dead = jnp.diag(jnp.asarray([0.0, 3.0, 1.0]))
    np.testing.assert_array_equal(row_ratios(dead), 0.0)
    assert all(np.isnan(spectrum(same.at[0, 1].set(jnp.nan))))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), exponent=st.integers(-20, 30))
def test_scale_changes_neither_ratio_nor_condition(seed, exponent):
    rows = np.random.default_rng(seed).normal(size=(3, 20))
    kernel = jnp.asarray(rows @ rows.T, jnp.float32)
    one, other = describe(kernel), describe(kernel * jnp.float32(10.0**exponent))
    for name in ("row_ratio", "condition_number", "rank"):
        assert float(other[name]) == pytest.approx(float(one[name]), rel=1e-3)


def test_preconditioning_meets_the_error_of_a_regular_kernel():
    with jax.enable_x64(True):
        rng = np.random.default_rng(4)
        rows = rng.normal(size=(8, 30))
        kernel, error = jnp.asarray(rows @ rows.T), jnp.asarray(rng.normal(size=8))
        found = least_squares(kernel, error)
        np.testing.assert_allclose(found.weights, np.linalg.solve(kernel, error), rtol=1e-10)
        assert float(found.condition_number) == pytest.approx(np.linalg.cond(kernel), rel=1e-9)
        assert (float(found.rank), float(found.residual)) == (8.0, 0.0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), rank=st.integers(1, 5))
def test_preconditioning_of_a_singular_kernel_is_the_shortest_least_squares_solution(seed, rank):
    with jax.enable_x64(True):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(8, rank))
        kernel, error = jnp.asarray(rows @ rows.T), jnp.asarray(rng.normal(size=8))
        found = least_squares(kernel, error)
        expected, _, _, _ = np.linalg.lstsq(kernel, error, rcond=1e-10)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found.weights, expected, rtol=0.0, atol=1e-5 * scale)
        left = np.linalg.norm(kernel @ expected - error) / np.linalg.norm(error)
        assert float(found.residual) == pytest.approx(left, abs=1e-6)
        assert float(found.rank) == rank


def test_preconditioning_of_nothing_and_of_what_is_not_finite():
    with jax.enable_x64(True):
        nothing = least_squares(jnp.zeros((8, 8)), jnp.ones(8))
        np.testing.assert_array_equal(nothing.weights, 0.0)
        assert (float(nothing.rank), float(nothing.residual)) == (0.0, pytest.approx(1.0))
        broken = least_squares(jnp.eye(8), jnp.ones(8).at[2].set(jnp.inf))
        assert np.isnan(broken.weights).all() and np.isnan(broken.condition_number)


def test_directions_beyond_the_dtype_get_no_weight():
    kernel = jnp.diag(jnp.asarray([4.0, 1.0, 1e-9]))  # float32 resolves 3 * 1.2e-7 of 4
    found = jax.jit(preconditioning.least_squares)(kernel, jnp.asarray([4.0, 3.0, 1.0]))
    np.testing.assert_allclose(found.weights, [1.0, 3.0, 0.0], rtol=1e-6)
    assert (float(found.rank), float(found.condition_number)) == (2.0, pytest.approx(4.0))
    assert float(found.residual) == pytest.approx(1.0 / 26.0**0.5, rel=1e-6)


def test_a_step_by_the_solution_moves_q_by_the_error():
    with jax.enable_x64(True):
        rng = np.random.default_rng(5)
        params, points = draw_mlp(rng), draw_points(rng, 8)
        error = jnp.asarray(rng.normal(size=8))

        @jax.jit
        def change(params):
            weights = preconditioning.least_squares(gram.gram(q_mlp, params, points), error).weights
            step = products.pullback(q_mlp, params, points, weights)
            return products.pushforward(q_mlp, params, points, step)

        np.testing.assert_allclose(change(params), error, atol=1e-8)


def q_relu(params, obs, action):
    x = jnp.concatenate([obs, action])
    for kernel in params["kernels"][:-1]:
        x = jax.nn.relu(jnp.matmul(x, kernel))
    return jnp.matmul(x, params["kernels"][-1])[0] + params["shift"]


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_exponents_of_relu_nets_without_biases(layers):
    rng = np.random.default_rng(layers)
    widths = [5, *[16] * (layers - 1), 1]
    kernels = [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in zip(widths, widths[1:], strict=False)]
    points = draw_points(rng, 12, np.float32)
    # the shift is no parameter here, so it is not in the tree that is scaled
    measure = jax.jit(lambda kernels: homogeneity.homogeneity(
        lambda kernels, *pair: q_relu({"kernels": kernels, "shift": jnp.float32(0.0)}, *pair), kernels, points))
    found = measure(kernels)
    np.testing.assert_allclose(found[:3], [layers, layers - 1, 2 * (layers - 1)], atol=1e-4)
    np.testing.assert_allclose(homogeneity.expected(layers)[:3], [layers, layers - 1, 2 * (layers - 1)])
    assert float(found.departure) < 1e-4


def test_a_bias_breaks_the_law_and_is_seen():
    rng = np.random.default_rng(9)
    params = {"kernels": [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in ((5, 16), (16, 1))],
              "shift": jnp.float32(30.0)}
    points = draw_points(rng, 12, np.float32)
    found = jax.jit(lambda params: homogeneity.homogeneity(q_relu, params, points))(params)
    assert float(found.departure) > 0.05
    assert float(found.output) < 1.9
