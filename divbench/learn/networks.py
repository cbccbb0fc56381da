"""Actor and critic of one lane, as pure functions on dictionaries of arrays.

The critics are stacked: each of their parameters has a leading axis of N, usually 2. Mechanisms (LayerNorm, unit ball)
that some lane of a group needs are compiled in; per-lane coefficients, 0 or 1, then select them. The coefficient acts
on statistics of shape `[N, B, 1]`, never on activations, so that lanes without a mechanism pay little for it.
Letters in shapes: N critics, B batch, O observation size, A action size, H width of a hidden layer.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jax.nn import initializers

from divbench.learn import batchnorm, groupnorm
from divbench.learn.hooks import Site, of_kind
from divbench.learn.nonlinearities import FUNCTIONS
from divbench.learn.normalisations import layer_norm, unit_ball
from divbench.spec.settings import SACSettings

HEAD, LOG_STD, HIDDEN = 0, 1, 2  # what is folded into a network's key for a layer; hidden layer i, HIDDEN + i


class MechanismCoefficients(NamedTuple):
    """1.0 where a lane has the mechanism, 0.0 where it has not; scalars of one lane, but for `layernorm`, which has one
    for each hidden layer of the critics. Of dropout, the rate."""

    layernorm: jax.Array
    layernorm_affine: jax.Array  # whether its scale and shift count, and learn
    unit_ball: jax.Array
    actor_layernorm: jax.Array
    dropout: jax.Array


class Activations(NamedTuple):
    """A pass through the critics.

    Attributes:
      hidden: of each hidden layer after its activation, `[N, B, H]`.
      features: what the head reads: the last of them, on the unit ball where the lane has that.
      statistics: of each layer's BatchNorm, mean and variance `[N, H]`; empty without it.
    """

    hidden: list
    features: jax.Array
    statistics: list


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


def _dense(key, place: int, inputs: int, outputs: int, initialise):
    """A layer drawn from the network's key and its own place, so that no other layer changes its weights."""
    kernel = initialise(jax.random.fold_in(key, place), (inputs, outputs))
    return {"kernel": kernel, "bias": jnp.zeros(outputs, jnp.float32)}


def _hidden_layers(key, inputs: int, widths: tuple[int, ...], initialise) -> list:
    return [_dense(key, HIDDEN + index, *shape, initialise)
            for index, shape in enumerate(itertools.pairwise((inputs, *widths)))]


def _with_layernorm(hidden: list, widths) -> None:
    for layer, width in zip(hidden, widths, strict=True):
        layer["norm_scale"] = jnp.ones(width, jnp.float32)
        layer["norm_shift"] = jnp.zeros(width, jnp.float32)


def init_actor(key, observation_size: int, action_size: int, settings: SACSettings, mechanisms, init_gain,
               log_std_gain):
    """Actor parameters. Means and log standard deviations share one head of `2 A` outputs, initialised apart.

    A layer's weights depend on the key, its place and its shape alone: networks that differ elsewhere share them.

    Args:
      key: random key; consumed.
      mechanisms: names of the mechanisms compiled in (static).
      init_gain: scalar; orthogonal gain of the hidden layers and the mean head.
      log_std_gain: scalar; orthogonal gain of the log-std head.
    """
    initialise, head_shape = _initialiser(settings, init_gain), (settings.hidden[-1], action_size)
    hidden = _hidden_layers(key, observation_size, settings.hidden, initialise)
    if "actor_layernorm" in mechanisms:
        _with_layernorm(hidden, settings.hidden)
    mean = initialise(jax.random.fold_in(key, HEAD), head_shape)
    log_std = _initialiser(settings, log_std_gain)(jax.random.fold_in(key, LOG_STD), head_shape)
    head = {"kernel": jnp.concatenate([mean, log_std], 1), "bias": jnp.zeros(2 * action_size, jnp.float32)}
    return {"hidden": hidden, "head": head}


def init_deterministic_actor(key, observation_size: int, action_size: int, settings: SACSettings, mechanisms,
                             init_gain):
    """Actor parameters with a head of `A` outputs. Arguments as in `init_actor`."""
    initialise = _initialiser(settings, init_gain)
    hidden = _hidden_layers(key, observation_size, settings.hidden, initialise)
    if "actor_layernorm" in mechanisms:
        _with_layernorm(hidden, settings.hidden)
    return {"hidden": hidden, "head": _dense(key, HEAD, settings.hidden[-1], action_size, initialise)}


def init_critic(key, observation_size: int, action_size: int, settings: SACSettings, mechanisms, init_gain):
    """Parameters of the critics, each array with a leading axis of N. Arguments as in `init_actor`."""

    def one(key):
        initialise = _initialiser(settings, init_gain)
        hidden = _hidden_layers(key, observation_size + action_size, settings.hidden, initialise)
        if "layernorm" in mechanisms:
            _with_layernorm(hidden, settings.hidden)
        if "groupnorm" in mechanisms:
            hidden = [layer | groupnorm.init(width, settings.groupnorm_groups)
                      for layer, width in zip(hidden, settings.hidden, strict=True)]
        if "batchnorm" in mechanisms:
            hidden = [layer | batchnorm.init(width) for layer, width in zip(hidden, settings.hidden, strict=True)]
        return {"hidden": hidden, "head": _dense(key, HEAD, settings.hidden[-1], 1, initialise)}

    return jax.vmap(one)(jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, jnp.arange(settings.critics)))


def dropout(key, x, rate):
    """`x` with each entry 0 with probability `rate` (scalar), the others scaled up by as much; the key is consumed."""
    kept = jax.random.bernoulli(key, 1.0 - rate, x.shape)
    return jnp.where(kept, x / (1.0 - rate), 0.0)


def critic_activations(parameters, obs, action, coefficients: MechanismCoefficients, mechanisms, hooks=(), *,
                       activation: str = "relu", key=None, training: bool = False) -> Activations:
    """One pass through the critics.

    Args:
      parameters: of the critics.
      obs, action: `[B, O]` and `[B, A]`.
      coefficients: which mechanisms this lane has.
      mechanisms: names of the mechanisms compiled in (static).
      hooks: functions from outside, (kind, where they are) pairs (static).
      activation: a name of `nonlinearities.FUNCTIONS` (static).
      key: for dropout and feature hooks while training; without one nothing is dropped.
      training: whether BatchNorm uses the statistics of this batch (static).
    """
    inputs = jnp.concatenate([obs, action], -1)
    head = parameters["head"]["kernel"]
    x = jnp.broadcast_to(inputs, (head.shape[0], *inputs.shape))
    feature_hooks = of_kind(hooks, "features")
    hidden, statistics = [], []

    def hooked(x, index, before_relu):
        for number, hook in enumerate(feature_hooks):
            site_key = None if key is None else jax.random.fold_in(jax.random.fold_in(key, 1 + number),
                                                                   2 * index + before_relu)
            x = hook(x, Site(index, index == len(parameters["hidden"]) - 1, before_relu, site_key))
        return x

    for index, layer in enumerate(parameters["hidden"]):
        x = jnp.matmul(x, layer["kernel"]) + layer["bias"][:, None, :]
        if "dropout" in mechanisms and key is not None:
            x = dropout(jax.random.fold_in(jax.random.fold_in(key, 0), index), x, coefficients.dropout)
        if "batchnorm" in mechanisms:
            x, used = batchnorm.normalise(x, layer, training)
            statistics.append(used)
        if "layernorm" in mechanisms:
            x = layer_norm(x, layer["norm_scale"], layer["norm_shift"], coefficients.layernorm[index],
                           coefficients.layernorm_affine)
        if "groupnorm" in mechanisms:
            x = groupnorm.normalise(x, layer)
        x = hooked(FUNCTIONS[activation](hooked(x, index, True)), index, False)
        hidden.append(x)
    features = unit_ball(x, coefficients.unit_ball) if "unit_ball" in mechanisms else x
    return Activations(hidden, features, statistics)


def head_values(parameters, features) -> jax.Array:
    """Q of all critics from what their heads read: `[N, B, H]` to `[N, B]`."""
    head = parameters["head"]
    return (jnp.matmul(features, head["kernel"]) + head["bias"][:, None, :])[..., 0]


def _actor_outputs(parameters, obs, settings: SACSettings, coefficients: MechanismCoefficients, mechanisms):
    """What the actor's head gives for observations `[B, O]`, before any squashing."""
    x = obs
    for layer in parameters["hidden"]:
        x = jnp.matmul(x, layer["kernel"]) + layer["bias"][None, :]
        if "actor_layernorm" in mechanisms:
            x = layer_norm(x, layer["norm_scale"], layer["norm_shift"], coefficients.actor_layernorm)
        x = FUNCTIONS[settings.activation](x)
    return jnp.matmul(x, parameters["head"]["kernel"]) + parameters["head"]["bias"][None, :]


def deterministic_action(parameters, obs, settings: SACSettings, coefficients: MechanismCoefficients, mechanisms):
    """Actions `[B, A]` of `init_deterministic_actor`'s parameters: its outputs through tanh."""
    return jnp.tanh(_actor_outputs(parameters, obs, settings, coefficients, mechanisms))


def actor_distribution(parameters, obs, settings: SACSettings, coefficients: MechanismCoefficients, mechanisms,
                       log_std_min, log_std_max):
    """Mean and log standard deviation before the tanh, each `[B, A]`.

    `log_std_rule` "tanh" maps the head's output x to min + (max - min) (1 + tanh x) / 2; "clip" clips it.
    """
    mean, raw = jnp.split(_actor_outputs(parameters, obs, settings, coefficients, mechanisms), 2, -1)
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
