"""Known answers of actor and critic: initialisation, LayerNorm and where it acts, the unit ball, dropout, the policy's
log density; and that any module can be a critic."""

import itertools
import subprocess
import sys

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from divbench.learn.networks import ensemble
from divbench.learn.networks.mlp import GaussianActor, MLPCritic
from divbench.learn.networks.policy import bound_log_std, sample_action
from divbench.learn.networks.switches import Switches, all_on
from divbench.learn.normalisations import layer_norm, unit_ball

pytestmark = pytest.mark.usefixtures("strict_jax")
ALL = frozenset({"layernorm", "feature_layernorm", "unit_ball"})
ON, OFF = jnp.float32(1.0), jnp.float32(0.0)
BOTH_LAYERS = jnp.ones(2)


def switches(**on):
    """Nothing on but what is named; LayerNorm would learn its scale and shift."""
    off = Switches(*[OFF] * len(Switches._fields))
    return off._replace(layernorm=jnp.zeros(2), layernorm_affine=ON)._replace(**on)


def module(mechanisms=ALL):
    return MLPCritic((32, 24), mechanisms=mechanisms)


def critic(mechanisms=ALL, key=0):
    return ensemble.draw(module(mechanisms), jax.random.key(key), 2, 5, 3, jnp.float32(2.0**0.5))


def passed(variables, obs, action, on, mechanisms, **options):
    return ensemble.forward(module(mechanisms), variables, obs, action, switches=on, **options)


def of_layers(params, part):
    """One part of each hidden layer, from the input on."""
    return [params[name][part] for name in ("hidden1", "hidden2")]


def inputs(scale=1.0, batch=64):
    keys = jax.random.split(jax.random.key(1))
    return scale * jax.random.normal(keys[0], (batch, 5)), jax.random.uniform(keys[1], (batch, 3), minval=-1.0)


def test_orthogonal_initialisation_has_gain_sqrt_two_on_every_layer():
    params = critic(frozenset())["params"]
    for layer in [*of_layers(params, "dense"), params["head"]]:
        for kernel in layer["kernel"]:
            kernel = np.asarray(kernel)
            product = kernel.T @ kernel if kernel.shape[0] >= kernel.shape[1] else kernel @ kernel.T
            np.testing.assert_allclose(product, 2.0 * np.eye(len(product)), atol=1e-5)
        assert not np.any(layer["bias"])


DRAW_MANY_LANES = """
import flax.linen as nn
import jax
import jax.numpy as jnp
from divbench.learn.networks import ensemble
from divbench.learn.networks.mlp import GaussianActor, MLPCritic

class Foreign(nn.Module):
    @nn.compact
    def __call__(self, obs, action):
        x = jnp.concatenate([obs, action], -1)
        x = nn.relu(nn.Dense(256, kernel_init=nn.initializers.orthogonal(1.0))(x))
        return nn.Dense(1, kernel_init=nn.initializers.orthogonal(1.0))(x)[..., 0]

def draw(key):
    return (GaussianActor(12).draw(key, 78, 1.0, 1.0), ensemble.draw(MLPCritic(), key, 2, 78, 12, 1.0),
            ensemble.draw(Foreign(), key, 2, 78, 12, 1.0))

draw_lanes = jax.jit(jax.vmap(draw))
for seed in range(3):
    jax.block_until_ready(draw_lanes(jax.random.split(jax.random.key(seed), 12)))
print("drawn")
"""


def test_drawing_many_lanes_at_once_does_not_hang():
    """Batched QR decompositions in one program can wait for each other for good: in a process of its own."""
    done = subprocess.run([sys.executable, "-c", DRAW_MANY_LANES], capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "drawn", done.stderr


def test_log_std_head_has_its_own_gain():
    actor = GaussianActor(3, (32, 24)).draw(jax.random.key(0), 5, jnp.float32(2.0**0.5), jnp.float32(1.0))
    mean, log_std = np.split(np.asarray(actor["params"]["head"]["kernel"]), 2, 1)
    np.testing.assert_allclose(mean.T @ mean, 2.0 * np.eye(3), atol=1e-5)
    np.testing.assert_allclose(log_std.T @ log_std, np.eye(3), atol=1e-5)


def test_lecun_normal_scales_with_the_inputs():
    wide = MLPCritic((400,), initialisation="lecun_normal")
    params = ensemble.draw(wide, jax.random.key(0), 2, 97, 3, jnp.float32(9.0))["params"]
    assert np.std(np.asarray(params["hidden1"]["dense"]["kernel"])) == pytest.approx(0.1, rel=0.05)


def test_twin_critics_differ():
    kernel = critic()["params"]["hidden1"]["dense"]["kernel"]
    assert not np.allclose(kernel[0], kernel[1])


def layer_norm_of(layer):
    """Scale and shift."""
    return layer["layernorm"]["scale"], layer["layernorm"]["bias"]


def test_layernorm_statistics_on_live_features():
    layer, (obs, action) = critic()["params"]["hidden1"], inputs(scale=7.0)
    x = jnp.matmul(jnp.broadcast_to(jnp.concatenate([obs, action], -1), (2, 64, 8)), layer["dense"]["kernel"])
    normed = layer_norm(x, *layer_norm_of(layer), ON)
    np.testing.assert_allclose(np.mean(np.asarray(normed), -1), 0.0, atol=1e-5)
    np.testing.assert_allclose(np.std(np.asarray(normed), -1), 1.0, atol=1e-3)
    scale, shift = layer_norm_of(layer)
    moved = layer_norm(x, 3.0 * scale, shift + 2.0, ON)
    np.testing.assert_allclose(moved, 3.0 * normed + 2.0, atol=1e-4)


@pytest.mark.parametrize("mechanisms", [frozenset({"unit_ball"}), ALL])
def test_unit_ball_features_have_norm_one_and_bound_q(mechanisms):
    variables, (obs, action) = critic(mechanisms), inputs(scale=50.0)
    on = switches(layernorm=BOTH_LAYERS * float("layernorm" in mechanisms), unit_ball=ON)
    features = passed(variables, obs, action, on, mechanisms).features
    assert features.shape == (2, 64, 24)
    assert np.min(features) >= 0.0
    np.testing.assert_allclose(np.linalg.norm(features, axis=-1), 1.0, rtol=1e-5)
    q = passed(variables, obs, action, on, mechanisms).q
    limit = np.linalg.norm(np.asarray(variables["params"]["head"]["kernel"])[..., 0], axis=-1)
    assert np.all(np.abs(q) <= limit[:, None] * 1.0001)


def test_mechanism_switched_off_is_absent():
    plain, fused, (obs, action) = critic(frozenset()), critic(ALL), inputs()  # of the same kernels
    off = switches()
    expected = passed(plain, obs, action, off, frozenset()).q
    np.testing.assert_allclose(passed(fused, obs, action, off, ALL).q, expected, rtol=1e-5)

    def total(variables, mechanisms):
        return jnp.sum(passed(variables, obs, action, off, mechanisms).q)

    gradient, reference = (jax.grad(total)(*pair)["params"] for pair in ((fused, ALL), (plain, frozenset())))
    for mine, theirs in zip(of_layers(gradient, "dense"), of_layers(reference, "dense"), strict=True):
        np.testing.assert_allclose(mine["kernel"], theirs["kernel"], rtol=1e-4, atol=1e-5)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(of_layers(gradient, "layernorm")))


@pytest.mark.parametrize("chosen", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_layernorm_acts_in_the_layers_that_are_chosen(chosen):
    """Against the same pass in numpy, a layer after the other."""
    mechanisms = frozenset({"layernorm"})
    variables, (obs, action) = critic(mechanisms), inputs(scale=4.0)
    got = passed(variables, obs, action, switches(layernorm=jnp.asarray(chosen, jnp.float32)), mechanisms).hidden
    x = np.concatenate([obs, action], -1).astype(np.float64)[None]
    for layer, normed, found in zip(of_layers(variables["params"], "dense"), chosen, got, strict=True):
        x = x @ np.asarray(layer["kernel"], np.float64)
        if normed:
            x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        x = np.maximum(x, 0.0)
        np.testing.assert_allclose(found, x, rtol=1e-4, atol=1e-4)


def test_without_affine_parameters_layernorm_is_the_same_whatever_they_are_and_has_no_gradient_for_them():
    mechanisms = frozenset({"layernorm"})
    fresh, (obs, action) = critic(mechanisms), inputs()
    moved = jax.tree_util.tree_map_with_path(
        lambda path, leaf: 3.0 * leaf - 2.0 if path[-2].key == "layernorm" else leaf, fresh)
    bare = switches(layernorm=BOTH_LAYERS, layernorm_affine=OFF)

    def total(variables, on):
        return jnp.sum(passed(variables, obs, action, on, mechanisms).q)

    value, gradient = jax.value_and_grad(total)(moved, bare)
    expected, reference = jax.value_and_grad(total)(fresh, switches(layernorm=BOTH_LAYERS))
    assert float(value) == float(expected) != float(total(moved, switches(layernorm=BOTH_LAYERS)))
    mine, theirs = gradient["params"], reference["params"]
    for found, wanted in zip(of_layers(mine, "dense"), of_layers(theirs, "dense"), strict=True):
        np.testing.assert_array_equal(found["kernel"], wanted["kernel"])
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(of_layers(mine, "layernorm")))
    assert all(np.any(leaf) for leaf in jax.tree.leaves(of_layers(theirs, "layernorm")))
    np.testing.assert_array_equal(mine["head"]["kernel"], theirs["head"]["kernel"])


@pytest.mark.parametrize(("coefficient", "scale"), [(ON, 0.0), (ON, 1e-20), (OFF, 0.0), (OFF, 1e-20), (OFF, 1e25)])
def test_gradients_are_finite_at_zero_and_at_overflow_of_a_switched_off_mechanism(coefficient, scale):
    x = jnp.full((2, 4, 6), scale, jnp.float32)
    ones, zeros = jnp.ones((2, 6)), jnp.zeros((2, 6))
    for function in (lambda x: unit_ball(x, coefficient), lambda x: layer_norm(x, ones, zeros, coefficient)):
        value, gradient = jax.value_and_grad(lambda x, f=function: jnp.mean(f(x)))(x)
        assert np.isfinite(value) and np.all(np.isfinite(gradient))


def test_log_std_rules():
    low, high, raw = jnp.float32(-10.0), jnp.float32(2.0), jnp.asarray([-50.0, 0.0, 0.5, 50.0])
    squashed = [-10.0, -4.0, -4.0 + 6.0 * np.tanh(0.5), 2.0]
    np.testing.assert_allclose(bound_log_std(raw, "tanh", low, high), squashed, rtol=1e-6)
    np.testing.assert_allclose(bound_log_std(raw, "clip", low, high), [-10.0, 0.0, 0.5, 2.0], rtol=1e-6)


def test_the_halves_of_an_actor_s_head_are_mean_and_log_std():
    module = GaussianActor(3, (32, 24))
    actor = module.draw(jax.random.key(0), 5, jnp.float32(1.0), jnp.float32(0.0))
    actor["params"]["head"]["bias"] = jnp.arange(6.0)
    mean, log_std = module.apply(actor, inputs()[0])
    assert mean.shape == log_std.shape == (64, 3)
    np.testing.assert_array_equal(log_std, np.broadcast_to([3.0, 4.0, 5.0], (64, 3)))  # its kernel's gain is 0
    assert np.all(np.std(np.asarray(mean), 0) > 0.1)


def test_log_density_of_the_squashed_gaussian():
    mean, log_std = jnp.asarray([[0.3, -1.0]]), jnp.asarray([[-0.5, 0.2]])
    action, log_prob = sample_action(jax.random.key(3), mean, log_std)
    raw = np.arctanh(np.asarray(action, np.float64))
    normal = stats.norm(np.asarray(mean, np.float64), np.exp(np.asarray(log_std, np.float64)))
    expected = np.sum(normal.logpdf(raw) - np.log(1.0 - np.asarray(action, np.float64) ** 2))
    assert float(log_prob[0]) == pytest.approx(expected, rel=1e-4)
    # far in the tails, where 1 - tanh^2 is 0 in float32, the density stays finite
    _, far = sample_action(jax.random.key(3), mean + 40.0, log_std)
    assert np.isfinite(far[0])


def test_a_critic_alone_has_all_that_is_compiled_in():
    one = jax.tree.map(lambda leaf: leaf[0], critic())
    obs, action = inputs()
    on = passed(critic(), obs, action, all_on(2), ALL).q[0]
    np.testing.assert_allclose(module().apply(one, obs, action), on, rtol=1e-5)
    assert not np.allclose(on, passed(critic(), obs, action, switches(), ALL).q[0], rtol=1e-2)


def test_critics_drop_out_other_units_and_none_without_a_key():
    mechanisms = frozenset({"dropout"})
    variables, (obs, action) = critic(mechanisms), inputs()
    alike = jax.tree.map(lambda leaf: jnp.stack([leaf[0], leaf[0]]), variables)
    on = switches(dropout=jnp.float32(0.5))
    dropped = passed(alike, obs, action, on, mechanisms, key=jax.random.key(3)).hidden[0]
    assert not np.array_equal(*dropped)
    np.testing.assert_array_equal(*passed(alike, obs, action, on, mechanisms).hidden[0])


def test_a_training_pass_moves_running_statistics_and_a_measuring_one_takes_them():
    mechanisms = frozenset({"batchnorm"})
    variables, (obs, action) = critic(mechanisms), inputs(scale=3.0)
    training = passed(variables, obs, action, all_on(2), mechanisms, train=True)
    x = np.concatenate([obs, action], -1) @ np.asarray(variables["params"]["hidden1"]["dense"]["kernel"])
    found = training.changed["batch_stats"]["hidden1"]["batchnorm"]
    np.testing.assert_allclose(found["mean"], 0.01 * x.mean(1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["var"], 0.99 + 0.01 * x.var(1), rtol=1e-4)
    normed = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(training.hidden[0], np.maximum(normed, 0.0), rtol=1e-4, atol=1e-4)
    measuring = passed(variables, obs, action, all_on(2), mechanisms)
    assert measuring.changed == {}
    np.testing.assert_allclose(measuring.hidden[0], np.maximum(x / np.sqrt(1.001), 0.0), rtol=1e-4, atol=1e-4)


class Residual(nn.Module):
    """Somebody's critic: no `draw`, an orthogonal initialiser."""

    @nn.compact
    def __call__(self, obs, action, *, train=False, switches=None):
        x = nn.Dense(8, kernel_init=nn.initializers.orthogonal(1.0))(jnp.concatenate([obs, action], -1))
        return nn.Dense(1, name="head")(x + nn.relu(nn.Dense(8)(nn.LayerNorm()(x))))[..., 0]


def test_a_module_without_a_rule_of_its_own_is_drawn_by_init():
    """Whatever the number of critics, and of lanes."""
    keys = jax.random.split(jax.random.key(2), 3)
    lanes = jax.jit(jax.vmap(lambda key: ensemble.draw(Residual(), key, 2, 5, 3, 1.0)))(keys)
    init = jax.jit(Residual().init)
    for lane, number in itertools.product(range(3), range(2)):
        alone = init(jax.random.fold_in(keys[lane], number), jnp.zeros((1, 5)), jnp.zeros((1, 3)))
        found = jax.tree.map(lambda leaf, at=(lane, number): leaf[at], lanes)
        jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, atol=1e-6), found, alone)


@pytest.mark.parametrize("critic", [module(), Residual()])
def test_lanes_of_different_switches_share_a_program_that_is_traced_once(critic):
    """Four lanes, each of its own mechanisms; of somebody's critic four that differ in nothing."""
    obs, action = inputs()
    traces = []

    @jax.jit
    @jax.vmap
    def learn(key, on):
        traces.append(key)
        variables = ensemble.draw(critic, key, 2, 5, 3, 1.0)

        def loss(variables):
            return jnp.mean(jnp.square(ensemble.forward(critic, variables, obs, action, switches=on).q - 1.0))

        return jax.value_and_grad(loss)(variables)

    def of_lanes(layernorm, ball):
        on = jax.tree.map(lambda leaf: jnp.stack([leaf] * 4), switches())
        return on._replace(layernorm=jnp.outer(jnp.asarray(layernorm, jnp.float32), BOTH_LAYERS),
                           unit_ball=jnp.asarray(ball, jnp.float32))

    key = jnp.stack([jax.random.key(1)] * 4)
    first, _ = learn(key, of_lanes((0, 1, 0, 1), (0, 0, 1, 1)))
    second, _ = learn(key, of_lanes((1, 1, 0, 0), (1, 0, 1, 0)))
    assert len(traces) == 1 and len(set(first.tolist())) == (1 if isinstance(critic, Residual) else 4)
    np.testing.assert_allclose(first, second[jnp.asarray([3, 1, 2, 0])], rtol=1e-6)
