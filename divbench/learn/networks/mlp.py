"""The house's networks: multi-layer perceptrons with the mechanisms that variants switch on, one critic or actor each.

A mechanism that no lane of a group needs is not compiled in (`mechanisms`, static); a lane's `switches` then select
those it has, on statistics of shape `[B, 1]`, never on activations, so that lanes without a mechanism pay little for
it. Letters in shapes: B batch, O observation size, A action size, H width of a hidden layer.
"""

from __future__ import annotations

from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from divbench.learn.hooks import Site, function_of
from divbench.learn.networks import drawing
from divbench.learn.networks.layer import NONLINEARITIES, HiddenLayer
from divbench.learn.networks.switches import Switches, all_on
from divbench.learn.normalisations import NORMALISATIONS, normalise_features
from divbench.spec.mechanisms import SELECTABLE


class MLPCritic(nn.Module):
    """Q of pairs, `[B, O]` and `[B, A]` to `[B]`.

    Under `intermediates` it stores `hidden`, each hidden layer after its activation, `[B, H]`. The head reads the last
    of them, after a LayerNorm without scale and shift or on the unit ball where the lane has these.

    Attributes:
      hidden: widths.
      activation: a name of `layer.NONLINEARITIES`.
      mechanisms: names of those compiled in: `feature_layernorm`, `unit_ball`, and those of `HiddenLayer`.
      groups: of GroupNorm, in each hidden layer.
      initialisation: `orthogonal` or `lecun_normal`.
      features: functions from outside that see every hidden layer (`hooks`).
    """

    hidden: tuple[int, ...] = (256, 256)
    activation: str = "relu"
    mechanisms: frozenset[str] = frozenset()
    groups: int = 8
    initialisation: str = "orthogonal"
    features: tuple[str, ...] = ()
    heads: ClassVar[tuple[tuple[str, ...], ...]] = (("head",),)

    @nn.compact
    def __call__(self, obs: jax.Array, action: jax.Array, *, train: bool = False,
                 switches: Switches | None = None) -> Any:
        """
        Args:
          train: whether BatchNorm takes the statistics of this batch (static).
          switches: of one lane; None switches on all that is compiled in, but drops nothing out.
        """
        on = all_on(len(self.hidden), len(self.features)) if switches is None else switches
        x = jnp.concatenate([obs, action], -1)
        for index, width in enumerate(self.hidden):
            layer = HiddenLayer(width, self.mechanisms, self.groups, name=f"hidden{index + 1}")
            own = {name: getattr(on, name)[index] for name in self._selected}
            x = layer(x, train=train, on=own, affine=on.layernorm_affine, rate=on.dropout)
            x = self._hooked(NONLINEARITIES[self.activation](self._hooked(x, index, True, on)), index, False, on)
            self.sow("intermediates", "hidden", x)
        return nn.Dense(1, name="head")(normalise_features(x, self.mechanisms, on))[..., 0]

    @property
    def _selected(self) -> list[str]:
        """The normalisations compiled in that lanes have or have not."""
        return [name for name in NORMALISATIONS if name in self.mechanisms and name in SELECTABLE]

    @property
    def joint(self) -> bool:
        """Whether (s, a) and (s', a') pass through together while training."""
        return "batchnorm" in self.mechanisms

    def _hooked(self, x: jax.Array, index: int, before_relu: bool, on: Switches) -> jax.Array:
        """`x` after the functions from outside."""
        for place, hook in enumerate(self.features):
            key = self.make_rng("dropout") if self.has_rng("dropout") else None
            site = Site(index, index == len(self.hidden) - 1, before_relu, key, on.numbers[place])
            x = function_of("features", hook)(x, site)
        return x

    def draw(self, key: jax.Array, observation_size: int, action_size: int, gain: float | jax.Array) -> dict:
        """Variables of one critic by the rule of `drawing`; the key is consumed. `gain` is that of every layer."""
        initialise = drawing.initialiser(self.initialisation, gain)
        return drawing.draw_variables(self, key, (observation_size, action_size), lambda layer, shape: initialise(
            jax.random.fold_in(key, drawing.place_of(layer)), shape))

    def learnable(self, params: dict, switches: Switches) -> dict:
        """The parameters that count into norms: a normalisation's only where the lane has it and learns them, whatever
        its neighbours have. Leaves may have leading axes."""
        learned = {name: getattr(switches, name) * (switches.layernorm_affine if name == "layernorm" else 1.0)
                   for name in self._selected}

        def one(index):
            layer = params[f"hidden{index + 1}"]
            return {**layer, **{name: jax.tree.map(lambda leaf, on=on: leaf * on[index], layer[name])
                                for name, on in learned.items()}}

        return {**params, **{f"hidden{index + 1}": one(index) for index in range(len(self.hidden))}}


class _Actor(nn.Module):
    """What both actors share.

    Attributes:
      action_size: A.
      hidden, activation, initialisation: as in `MLPCritic`.
      layernorm: whether LayerNorm is compiled in.
    """

    action_size: int
    hidden: tuple[int, ...] = (256, 256)
    activation: str = "relu"
    initialisation: str = "orthogonal"
    layernorm: bool = False

    def outputs(self, obs: jax.Array, switches: Switches | None, number: int) -> jax.Array:
        """Observations through the hidden layers and a head of so many outputs: `[B, number]`."""
        on: Any = 1.0 if switches is None else switches.actor_layernorm
        x = obs
        mechanisms = frozenset({"layernorm"} if self.layernorm else ())
        for index, width in enumerate(self.hidden):
            x = HiddenLayer(width, mechanisms, name=f"hidden{index + 1}")(x, on={"layernorm": on})
            x = NONLINEARITIES[self.activation](x)
        return nn.Dense(number, name="head")(x)


class GaussianActor(_Actor):
    """Mean and log standard deviation before the tanh, `[B, A]` each, the latter before `policy.bound_log_std`."""

    @nn.compact
    def __call__(self, obs: jax.Array, *, train: bool = False, switches: Switches | None = None) -> Any:
        return tuple(jnp.split(self.outputs(obs, switches, 2 * self.action_size), 2, -1))

    def draw(self, key: jax.Array, observation_size: int, gain: float | jax.Array,
             log_std_gain: float | jax.Array) -> dict:
        """Variables by the rule of `drawing`; the key is consumed. The two halves of the head are drawn apart, that of
        the log standard deviation with a gain of its own."""
        initialise = drawing.initialiser(self.initialisation, gain)
        of_log_std = drawing.initialiser(self.initialisation, log_std_gain)

        def kernel(layer, shape):
            place = drawing.place_of(layer)
            if layer != "head":
                return initialise(jax.random.fold_in(key, place), shape)
            half = shape[0], self.action_size
            return jnp.concatenate([initialise(jax.random.fold_in(key, place), half),
                                    of_log_std(jax.random.fold_in(key, drawing.LOG_STD), half)], 1)

        return drawing.draw_variables(self, key, (observation_size,), kernel)


class DeterministicActor(_Actor):
    """Actions `[B, A]`, within [-1, 1] by a tanh."""

    @nn.compact
    def __call__(self, obs: jax.Array, *, train: bool = False, switches: Switches | None = None) -> Any:
        return jnp.tanh(self.outputs(obs, switches, self.action_size))

    def draw(self, key: jax.Array, observation_size: int, gain: float | jax.Array) -> dict:
        """Variables by the rule of `drawing`; the key is consumed."""
        initialise = drawing.initialiser(self.initialisation, gain)
        return drawing.draw_variables(self, key, (observation_size,), lambda layer, shape: initialise(
            jax.random.fold_in(key, drawing.place_of(layer)), shape))
