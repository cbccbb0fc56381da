"""Actor and critic of one lane, as pure functions on dictionaries of arrays.

The twin critics are stacked: each of their parameters has a leading axis of 2. Mechanisms (LayerNorm, unit ball) that
some lane of a group needs are compiled in; a per-lane coefficient, 0 or 1, then selects them. The coefficient acts on
statistics of shape `[2, B, 1]`, never on activations, so that lanes without a mechanism pay little for it.
Letters in shapes: B batch, O observation size, A action size, H width of a hidden layer.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jax.nn import initializers

from divbench.spec.settings import SACSettings

LAYERNORM_EPSILON = 1e-6
UNIT_BALL_EPSILON = 1e-12


class MechanismCoefficients(NamedTuple):
    """1.0 where a lane has the mechanism, 0.0 where it has not; scalars of one lane."""

    layernorm: jax.Array
    unit_ball: jax.Array


def _initialiser(settings: SACSettings, gain: jax.Array):
    if settings.initialisation == "orthogonal":
        return lambda key, shape: gain * _orthogonal(key, shape)
    normal = initializers.lecun_normal()
    return lambda key, shape: normal(key, shape, jnp.float32)


def _orthogonal(key, shape):
    """One matrix after the other, however many lanes are vmapped: on the CPU a batched QR decomposition hands its parts
    to the threads that run the program, and waits for them. When all of those threads wait so, none is left to do
    the work and the program stands still for good (seen with jaxlib 0.10.2 and two cores). Bits are the same."""
    return sequential_vmap(lambda key: initializers.orthogonal(1.0)(key, shape, jnp.float32))(key)


def _dense(key, inputs: int, outputs: int, initialise):
    return {"kernel": initialise(key, (inputs, outputs)), "bias": jnp.zeros(outputs, jnp.float32)}


def init_actor(key, observation_size: int, action_size: int, settings: SACSettings, init_gain, log_std_gain):
    """Actor parameters. Means and log standard deviations share one head of `2 A` outputs, initialised apart.

    Args:
      key: random key; consumed.
      init_gain: scalar; orthogonal gain of the hidden layers and the mean head.
      log_std_gain: scalar; orthogonal gain of the log-std head.
    """
    keys = jax.random.split(key, len(settings.hidden) + 2)
    widths = (observation_size, *settings.hidden)
    initialise = _initialiser(settings, init_gain)
    hidden = [_dense(k, *shape, initialise) for k, shape in zip(keys, itertools.pairwise(widths), strict=False)]
    mean = initialise(keys[-2], (widths[-1], action_size))
    log_std = _initialiser(settings, log_std_gain)(keys[-1], (widths[-1], action_size))
    head = {"kernel": jnp.concatenate([mean, log_std], 1), "bias": jnp.zeros(2 * action_size, jnp.float32)}
    return {"hidden": hidden, "head": head}


def init_critic(key, observation_size: int, action_size: int, settings: SACSettings, mechanisms, init_gain):
    """Parameters of the twin critics, each array with a leading axis of 2. Arguments as in `init_actor`."""

    def one(key):
        keys = jax.random.split(key, len(settings.hidden) + 1)
        widths = (observation_size + action_size, *settings.hidden)
        initialise = _initialiser(settings, init_gain)
        hidden = [_dense(k, *shape, initialise) for k, shape in zip(keys, itertools.pairwise(widths), strict=False)]
        if "layernorm" in mechanisms:
            for layer, width in zip(hidden, settings.hidden, strict=True):
                layer["norm_scale"] = jnp.ones(width, jnp.float32)
                layer["norm_shift"] = jnp.zeros(width, jnp.float32)
        return {"hidden": hidden, "head": _dense(keys[-1], widths[-1], 1, initialise)}

    return jax.vmap(one)(jax.random.split(key, 2))


def layer_norm(x, scale, shift, coefficient):
    """LayerNorm over the last axis with affine parameters where `coefficient` is 1, the identity where it is 0.

    The statistics are those of `coefficient * x`: a lane without the mechanism can overflow without a NaN in its
    gradient. Shapes: x `[2, B, H]`, scale and shift `[2, H]`, coefficient scalar. Source: Ba et al., 1607.06450.
    """
    selected = coefficient * x
    mean = jnp.mean(selected, -1, keepdims=True)
    variance = jnp.mean(jnp.square(selected - mean), -1, keepdims=True)
    factor = coefficient * jax.lax.rsqrt(variance + LAYERNORM_EPSILON) + (1.0 - coefficient)
    affine_scale = 1.0 + coefficient * (scale - 1.0)
    return (x - mean) * factor * affine_scale[:, None, :] + (coefficient * shift)[:, None, :]


def unit_ball(features, coefficient):
    """Features divided by their L2 norm where `coefficient` is 1, unchanged where it is 0.

    Gradients flow through the norm. Shapes: features `[2, B, H]`, coefficient scalar.
    Source: output feature normalization, Hussing et al., 2403.05996, section 4.
    """
    squares = jnp.sum(jnp.square(coefficient * features), -1, keepdims=True)
    factor = coefficient * jax.lax.rsqrt(squares + UNIT_BALL_EPSILON) + (1.0 - coefficient)
    return features * factor


def critic_features(parameters, obs, action, coefficients: MechanismCoefficients, mechanisms) -> jax.Array:
    """What the critics' last layer reads: hidden features after ReLU (and the unit ball), shape `[2, B, H]`.

    Args:
      parameters: twin critics.
      obs, action: `[B, O]` and `[B, A]`.
      coefficients: which mechanisms this lane has.
      mechanisms: names of the mechanisms compiled in (static).
    """
    inputs = jnp.concatenate([obs, action], -1)
    x = jnp.broadcast_to(inputs, (2, *inputs.shape))
    for layer in parameters["hidden"]:
        x = jnp.matmul(x, layer["kernel"]) + layer["bias"][:, None, :]
        if "layernorm" in mechanisms:
            x = layer_norm(x, layer["norm_scale"], layer["norm_shift"], coefficients.layernorm)
        x = jax.nn.relu(x)
    return unit_ball(x, coefficients.unit_ball) if "unit_ball" in mechanisms else x


def critic_values(parameters, obs, action, coefficients: MechanismCoefficients, mechanisms) -> jax.Array:
    """Q of both critics, shape `[2, B]`. Arguments as in `critic_features`."""
    features = critic_features(parameters, obs, action, coefficients, mechanisms)
    head = parameters["head"]
    return (jnp.matmul(features, head["kernel"]) + head["bias"][:, None, :])[..., 0]


def actor_distribution(parameters, obs, settings: SACSettings, log_std_min, log_std_max):
    """Mean and log standard deviation before the tanh, each `[B, A]`.

    `log_std_rule` "tanh" maps the head's output x to min + (max - min) (1 + tanh x) / 2; "clip" clips it.
    """
    x = obs
    for layer in parameters["hidden"]:
        x = jax.nn.relu(jnp.matmul(x, layer["kernel"]) + layer["bias"][None, :])
    head = parameters["head"]
    mean, raw = jnp.split(jnp.matmul(x, head["kernel"]) + head["bias"][None, :], 2, -1)
    if settings.log_std_rule == "tanh":
        return mean, log_std_min + (log_std_max - log_std_min) * 0.5 * (1.0 + jnp.tanh(raw))
    return mean, jnp.clip(raw, log_std_min, log_std_max)


def sample_action(key, mean, log_std):
    """An action of the tanh-Gaussian policy and its log density in nats: `[B, A]` and `[B]`. The key is consumed.

    The log-determinant of tanh uses log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)), exact in the tails
    (Haarnoja et al., 1812.05905, appendix C).
    """
    noise = jax.random.normal(key, mean.shape, mean.dtype)
    pre_tanh = mean + jnp.exp(log_std) * noise
    gaussian = -0.5 * jnp.square(noise) - log_std - 0.5 * jnp.log(2.0 * jnp.pi)
    log_det = 2.0 * (jnp.log(2.0) - pre_tanh - jax.nn.softplus(-2.0 * pre_tanh))
    return jnp.tanh(pre_tanh), jnp.sum(gaussian - log_det, -1)
