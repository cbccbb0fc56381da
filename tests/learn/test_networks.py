"""Known answers of actor and critic: initialisation, LayerNorm and where it acts, the unit ball, the policy's log
density."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from divbench.learn import networks
from divbench.learn.networks import MechanismCoefficients
from divbench.spec.settings import SACSettings

pytestmark = pytest.mark.usefixtures("strict_jax")
SETTINGS = SACSettings(hidden=(32, 24), batch_size=8)
BOTH = frozenset({"layernorm", "unit_ball"})
ON, OFF = jnp.float32(1.0), jnp.float32(0.0)
BOTH_LAYERS = jnp.ones(2)


def switches(**on):
    """Coefficients with nothing on but what is named; LayerNorm would learn its scale and shift."""
    off = MechanismCoefficients(*[OFF] * len(MechanismCoefficients._fields))
    return off._replace(layernorm=jnp.zeros(2), layernorm_affine=ON)._replace(**on)


def critic(mechanisms=BOTH, key=0):
    return networks.init_critic(jax.random.key(key), 5, 3, SETTINGS, mechanisms, jnp.float32(2.0**0.5))


def critic_values(parameters, *given):
    return networks.head_values(parameters, networks.critic_activations(parameters, *given).features)


def inputs(scale=1.0, batch=64):
    keys = jax.random.split(jax.random.key(1))
    return scale * jax.random.normal(keys[0], (batch, 5)), jax.random.uniform(keys[1], (batch, 3), minval=-1.0)


def test_orthogonal_initialisation_has_gain_sqrt_two_on_every_layer():
    parameters = critic(frozenset())
    for layer in [*parameters["hidden"], parameters["head"]]:
        for kernel in layer["kernel"]:
            kernel = np.asarray(kernel)
            product = kernel.T @ kernel if kernel.shape[0] >= kernel.shape[1] else kernel @ kernel.T
            np.testing.assert_allclose(product, 2.0 * np.eye(len(product)), atol=1e-5)
        assert not np.any(layer["bias"])


DRAW_MANY_LANES = """
import jax
from divbench.learn import networks
from divbench.spec.settings import SACSettings

def draw(key):
    settings = SACSettings()
    actor, critic = jax.random.split(key)
    return (networks.init_actor(actor, 78, 12, settings, frozenset(), 1.0, 1.0),
            networks.init_critic(critic, 78, 12, settings, frozenset(), 1.0))

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
    actor = networks.init_actor(jax.random.key(0), 5, 3, SETTINGS, frozenset(), jnp.float32(2.0**0.5), jnp.float32(1.0))
    mean, log_std = np.split(np.asarray(actor["head"]["kernel"]), 2, 1)
    np.testing.assert_allclose(mean.T @ mean, 2.0 * np.eye(3), atol=1e-5)
    np.testing.assert_allclose(log_std.T @ log_std, np.eye(3), atol=1e-5)


def test_lecun_normal_scales_with_the_inputs():
    settings = SACSettings(hidden=(400,), initialisation="lecun_normal")
    parameters = networks.init_critic(jax.random.key(0), 97, 3, settings, frozenset(), jnp.float32(9.0))
    assert np.std(np.asarray(parameters["hidden"][0]["kernel"])) == pytest.approx(0.1, rel=0.05)


def test_twin_critics_differ():
    kernel = critic()["hidden"][0]["kernel"]
    assert not np.allclose(kernel[0], kernel[1])


def test_layernorm_statistics_on_live_features():
    parameters, (obs, action) = critic(), inputs(scale=7.0)
    x = jnp.broadcast_to(jnp.concatenate([obs, action], -1), (2, 64, 8))
    layer = parameters["hidden"][0]
    normed = networks.layer_norm(jnp.matmul(x, layer["kernel"]), layer["norm_scale"], layer["norm_shift"], ON)
    np.testing.assert_allclose(np.mean(np.asarray(normed), -1), 0.0, atol=1e-5)
    np.testing.assert_allclose(np.std(np.asarray(normed), -1), 1.0, atol=1e-3)
    scale, shift = 3.0 * layer["norm_scale"], layer["norm_shift"] + 2.0
    moved = networks.layer_norm(jnp.matmul(x, layer["kernel"]), scale, shift, ON)
    np.testing.assert_allclose(moved, 3.0 * normed + 2.0, atol=1e-4)


@pytest.mark.parametrize("mechanisms", [frozenset({"unit_ball"}), BOTH])
def test_unit_ball_features_have_norm_one_and_bound_q(mechanisms):
    parameters, (obs, action) = critic(mechanisms), inputs(scale=50.0)
    coefficients = switches(layernorm=BOTH_LAYERS * float("layernorm" in mechanisms), unit_ball=ON)
    features = networks.critic_activations(parameters, obs, action, coefficients, mechanisms).features
    assert features.shape == (2, 64, 24)
    assert np.min(features) >= 0.0
    np.testing.assert_allclose(np.linalg.norm(features, axis=-1), 1.0, rtol=1e-5)
    q = critic_values(parameters, obs, action, coefficients, mechanisms)
    limit = np.linalg.norm(np.asarray(parameters["head"]["kernel"])[..., 0], axis=-1)
    assert np.all(np.abs(q) <= limit[:, None] * 1.0001)


def test_mechanism_switched_off_is_absent():
    plain, (obs, action) = critic(frozenset()), inputs()
    fused = jax.tree.map(jnp.copy, critic(BOTH))
    for mine, theirs in zip(fused["hidden"], plain["hidden"], strict=True):
        mine.update(theirs)
    fused["head"] = plain["head"]
    off = switches()
    expected = critic_values(plain, obs, action, off, frozenset())
    np.testing.assert_allclose(critic_values(fused, obs, action, off, BOTH), expected, rtol=1e-5)

    def total(parameters, mechanisms):
        return jnp.sum(critic_values(parameters, obs, action, off, mechanisms))

    gradient, reference = jax.grad(total)(fused, BOTH), jax.grad(total)(plain, frozenset())
    for mine, theirs in zip(gradient["hidden"], reference["hidden"], strict=True):
        np.testing.assert_allclose(mine["kernel"], theirs["kernel"], rtol=1e-4, atol=1e-5)
        assert not np.any(mine["norm_scale"]) and not np.any(mine["norm_shift"])


@pytest.mark.parametrize("chosen", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_layernorm_acts_in_the_layers_that_are_chosen(chosen):
    """Against the same pass in numpy, a layer after the other."""
    mechanisms = frozenset({"layernorm"})
    parameters, (obs, action) = critic(mechanisms), inputs(scale=4.0)
    coefficients = switches(layernorm=jnp.asarray(chosen, jnp.float32))
    got = networks.critic_activations(parameters, obs, action, coefficients, mechanisms).hidden
    x = np.concatenate([obs, action], -1).astype(np.float64)[None]
    for layer, normed, found in zip(parameters["hidden"], chosen, got, strict=True):
        x = x @ np.asarray(layer["kernel"], np.float64)
        if normed:
            x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        x = np.maximum(x, 0.0)
        np.testing.assert_allclose(found, x, rtol=1e-4, atol=1e-4)


def test_without_affine_parameters_layernorm_is_the_same_whatever_they_are_and_has_no_gradient_for_them():
    mechanisms = frozenset({"layernorm"})
    fresh, (obs, action) = critic(mechanisms), inputs()
    moved = {**fresh, "hidden": [{**layer, "norm_scale": 3.0 * layer["norm_scale"],
                                  "norm_shift": layer["norm_shift"] - 2.0} for layer in fresh["hidden"]]}
    bare = switches(layernorm=BOTH_LAYERS, layernorm_affine=OFF)

    def total(parameters, coefficients):
        return jnp.sum(critic_values(parameters, obs, action, coefficients, mechanisms))

    value, gradient = jax.value_and_grad(total)(moved, bare)
    expected, reference = jax.value_and_grad(total)(fresh, switches(layernorm=BOTH_LAYERS))
    assert float(value) == float(expected)
    for mine, theirs in zip(gradient["hidden"], reference["hidden"], strict=True):
        np.testing.assert_array_equal(mine["kernel"], theirs["kernel"])
        assert not np.any(mine["norm_scale"]) and not np.any(mine["norm_shift"])
        assert np.any(theirs["norm_scale"]) and np.any(theirs["norm_shift"])
    np.testing.assert_array_equal(gradient["head"]["kernel"], reference["head"]["kernel"])


@pytest.mark.parametrize(("coefficient", "scale"), [(ON, 0.0), (ON, 1e-20), (OFF, 0.0), (OFF, 1e-20), (OFF, 1e25)])
def test_gradients_are_finite_at_zero_and_at_overflow_of_a_switched_off_mechanism(coefficient, scale):
    x = jnp.full((2, 4, 6), scale, jnp.float32)
    ones, zeros = jnp.ones((2, 6)), jnp.zeros((2, 6))
    for function in (lambda x: networks.unit_ball(x, coefficient),
                     lambda x: networks.layer_norm(x, ones, zeros, coefficient)):
        value, gradient = jax.value_and_grad(lambda x, f=function: jnp.mean(f(x)))(x)
        assert np.isfinite(value) and np.all(np.isfinite(gradient))


def test_log_std_rules():
    actor = networks.init_actor(jax.random.key(0), 5, 3, SETTINGS, frozenset(), jnp.float32(1.0), jnp.float32(0.0))
    obs = inputs()[0]
    low, high = jnp.float32(-10.0), jnp.float32(2.0)
    _, squashed = networks.actor_distribution(actor, obs, SETTINGS, switches(), frozenset(), low, high)
    np.testing.assert_allclose(squashed, -4.0, atol=1e-6)  # the head gives 0: halfway between the limits
    clipping = SACSettings(hidden=(32, 24), log_std_rule="clip")
    actor["head"]["bias"] = jnp.asarray([0.0] * 3 + [-50.0, 0.5, 50.0])
    _, clipped = networks.actor_distribution(actor, obs, clipping, switches(), frozenset(), low, high)
    np.testing.assert_allclose(clipped[0], [-10.0, 0.5, 2.0], atol=1e-6)


def test_log_density_of_the_squashed_gaussian():
    mean, log_std = jnp.asarray([[0.3, -1.0]]), jnp.asarray([[-0.5, 0.2]])
    action, log_prob = networks.sample_action(jax.random.key(3), mean, log_std)
    raw = np.arctanh(np.asarray(action, np.float64))
    normal = stats.norm(np.asarray(mean, np.float64), np.exp(np.asarray(log_std, np.float64)))
    expected = np.sum(normal.logpdf(raw) - np.log(1.0 - np.asarray(action, np.float64) ** 2))
    assert float(log_prob[0]) == pytest.approx(expected, rel=1e-4)
    # far in the tails, where 1 - tanh^2 is 0 in float32, the density stays finite
    _, far = networks.sample_action(jax.random.key(3), mean + 40.0, log_std)
    assert np.isfinite(far[0])
