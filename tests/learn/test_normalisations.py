"""LayerNorm, GroupNorm and the unit ball against the same functions written out and differentiated by JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics.kernels import products
from divbench.learn.normalisations import group_norm, layer_norm, unit_ball
from divbench.studies import dqn

pytestmark = pytest.mark.usefixtures("strict_jax")
SHAPES = [(4, 6), (2, 1, 6), (2, 5, 1), (2, 3, 8)]  # [..., B, H]


def reference_layer_norm(x, scale, shift, coefficient, affine=1.0):
    selected = coefficient * x
    mean = jnp.mean(selected, -1, keepdims=True)
    variance = jnp.mean(jnp.square(selected - mean), -1, keepdims=True)
    factor = coefficient * jax.lax.rsqrt(variance + 1e-6) + (1.0 - coefficient)
    learned = coefficient * affine
    affine_scale = 1.0 + learned * (scale - 1.0)
    return (x - mean) * factor * affine_scale[..., None, :] + (learned * shift)[..., None, :]


def reference_group_norm(x, scale, shift, groups):
    parts = x.reshape(*x.shape[:-1], groups, -1)
    parts = parts - jnp.mean(parts, -1, keepdims=True)
    parts = parts * jax.lax.rsqrt(jnp.mean(jnp.square(parts), -1, keepdims=True) + 1e-6)
    return parts.reshape(x.shape) * scale[..., None, :] + shift[..., None, :]


def reference_unit_ball(features, coefficient):
    squares = jnp.sum(jnp.square(coefficient * features), -1, keepdims=True)
    return features * (coefficient * jax.lax.rsqrt(squares + 1e-12) + (1.0 - coefficient))


def grouped(normalise, x, scale, shift, coefficient, affine):
    return normalise(x, scale, shift, 2 if x.shape[-1] % 2 == 0 else 1)


def projected(project, x, scale, shift, coefficient, affine):
    return project(x, coefficient)


PAIRS = {"layer_norm": (lambda f, *given: f(*given), layer_norm, reference_layer_norm),
         "group_norm": (grouped, group_norm, reference_group_norm),
         "unit_ball": (projected, unit_ball, reference_unit_ball)}


def value_and_slopes(call, function, given, slope, *switches):
    out, vjp = jax.vjp(lambda *given: call(function, *given, *switches), *given)
    return out, vjp(slope)


value_and_slopes = jax.jit(value_and_slopes, static_argnums=(0, 1))


def draw(seed, shape, dtype=np.float32):
    rng = np.random.default_rng(seed)
    parameters = (*shape[:-2], shape[-1])
    return tuple(jnp.asarray(rng.normal(size=size), dtype) for size in (shape, parameters, parameters, shape))


@pytest.mark.parametrize("name", PAIRS)
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(SHAPES), st.booleans(), st.booleans(), st.booleans())
def test_values_and_gradients_are_those_of_the_function_written_out(name, seed, shape, on, affine, wide):
    """To the rounding of float32, and of float64."""
    call, ours, reference = PAIRS[name]
    dtype = np.float64 if wide else np.float32
    tolerance = 1e-12 if wide else 1e-5
    with jax.enable_x64(wide):
        *inputs, slope = draw(seed, shape, dtype)
        switches = dtype(on), dtype(affine)
        got, expected = (value_and_slopes(call, function, tuple(inputs), slope, *switches)
                         for function in (ours, reference))
        for mine, theirs in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            assert mine.dtype == theirs.dtype == dtype
            size = max(1.0, float(np.max(np.abs(theirs))))
            size *= 1e3 if shape[-1] == 1 else 1.0  # the variance is 0, so slopes are divided by the root of epsilon
            np.testing.assert_allclose(mine, theirs, rtol=0.0, atol=tolerance * size)


@pytest.mark.parametrize("name", ["layer_norm", "unit_ball"])
def test_second_derivatives_vmap_and_the_plain_form(name):
    """A gradient of a gradient, mapped over lanes that differ in their switch; forward mode needs `plain`."""
    call, ours, reference = PAIRS[name]
    with jax.enable_x64(True):
        *inputs, slope = draw(1, (2, 3, 6), np.float64)

        def plain(*arguments):
            return ours(*arguments, plain=True)

        def energy(function, inputs, switch):
            out, vjp = jax.vjp(lambda *inputs: call(function, *inputs, switch, 1.0), *inputs)
            return sum(jnp.sum(jnp.square(leaf)) for leaf in vjp(slope * out))

        def of_lanes(function):
            gradient = jax.grad(lambda inputs, switch: energy(function, inputs, switch))
            return jax.jit(jax.vmap(gradient, (None, 0)))(tuple(inputs), jnp.asarray([0.0, 1.0]))

        expected = of_lanes(reference)
        for function in (ours, plain):
            for mine, theirs in zip(of_lanes(function), expected, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=0.0, atol=1e-9)

        def along(function):
            return jax.jvp(lambda *inputs: call(function, *inputs, 1.0, 1.0), tuple(inputs),
                           tuple(jnp.cos(leaf) for leaf in inputs))[1]

        np.testing.assert_allclose(along(plain), along(reference), atol=1e-9)
        with pytest.raises(TypeError, match="forward-mode"):
            along(ours)


def test_products_with_the_kernel_need_no_forward_mode():
    """A network with selected LayerNorm; the pushforward is what a small step changes, and the pullback's transpose."""
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(0), 4)
        params = dqn.initialise(keys[0], 5, (8, 8), "orthogonal")
        points = jax.random.normal(keys[1], (6, 3)), jax.random.normal(keys[2], (6, 2))
        q_fn = dqn.make_q_fn("tanh", jnp.asarray(1.0))
        tangent = jax.tree.map(lambda leaf: jax.random.normal(keys[3], leaf.shape), params)

        @jax.jit
        def q(size):
            moved = jax.tree.map(lambda leaf, step: leaf + size * step, params, tangent)
            return jax.vmap(q_fn, (None, 0, 0))(moved, *points)

        change = jax.jit(lambda: products.pushforward(q_fn, params, points, tangent))()
        np.testing.assert_allclose(change, (q(1e-5) - q(-1e-5)) / 2e-5, rtol=1e-6, atol=1e-8)
        pulled = jax.jit(lambda: products.pullback(q_fn, params, points, jnp.arange(6.0)))()
        inner = sum(jnp.sum(one * other) for one, other in zip(*map(jax.tree.leaves, (pulled, tangent)), strict=True))
        assert float(inner) == pytest.approx(float(jnp.arange(6.0) @ change), rel=1e-12)


@pytest.mark.parametrize("plain", [False, True])
def test_a_lane_without_the_mechanism_can_overflow(plain):
    """The sum of squares, and the sum that the gradient of scale would be, are infinite."""
    x, off = jnp.full((2, 4, 6), 1e38, jnp.float32), jnp.float32(0.0)
    scale, shift = jnp.full((2, 6), 3.0), jnp.full((2, 6), 2.0)
    slopes = jax.grad(lambda *given: 10.0 * jnp.sum(layer_norm(*given, off, plain=plain)), (0, 1, 2))(x, scale, shift)
    np.testing.assert_array_equal(slopes[0], jnp.full_like(x, 10.0))
    assert not np.any(slopes[1]) and not np.any(slopes[2])
    slope = jax.grad(lambda x: 10.0 * jnp.sum(unit_ball(x, off, plain=plain)))(x)
    np.testing.assert_array_equal(slope, jnp.full_like(x, 10.0))


def test_sums_are_reductions_where_the_device_is_no_cpu():
    """The other form of the sums, as it lowers for a GPU: no matrix product, which would be a kernel of its own."""
    def loss(x, scale, shift):
        return jnp.sum(jnp.square(layer_norm(x, scale, shift, jnp.float32(1.0))))

    *inputs, _ = draw(0, (2, 3, 6))
    traced = jax.jit(jax.grad(loss, (0, 1, 2))).trace(*inputs)
    text = {platform: traced.lower(lowering_platforms=(platform,)).as_text() for platform in ("cpu", "cuda")}
    assert "dot_general" in text["cpu"] and "dot_general" not in text["cuda"]
