"""Actors, optimizers and agents from outside, good and bad, and variants that have them."""

import flax.linen as nn
import jax.numpy as jnp
import optax

from divbench.learn.agents.sac import SAC
from divbench.learn.agents.td3 import TD3
from divbench.spec.variants import Variant


class Linear(nn.Module):
    """Mean and log standard deviation, each an affine function of the observation; the latter begins at 0."""

    action_size: int
    scale: float = 1.0

    @nn.compact
    def __call__(self, obs):
        log_std = nn.Dense(self.action_size, kernel_init=nn.initializers.zeros, name="log_std")(obs)
        return self.scale * nn.Dense(self.action_size, name="mean")(obs), log_std


class Bounded(nn.Module):
    """An action; it has no field of its own for how many numbers it is."""

    @nn.compact
    def __call__(self, obs, *, train=False):
        return jnp.tanh(nn.Dense(1)(obs))


class Listed(Linear):
    @nn.compact
    def __call__(self, obs):
        return [nn.Dense(self.action_size)(obs)] * 2


class Normed(nn.Module):
    @nn.compact
    def __call__(self, obs):
        action = nn.BatchNorm(use_running_average=False)(nn.Dense(1)(obs))
        return action, action


class NotLinen:
    """No module."""


def clipped(learning_rate=1e-3, largest=1.0):
    """Adam's first and second moment among other states."""
    return optax.chain(optax.clip_by_global_norm(largest), optax.adam(learning_rate), optax.scale(1.0))


def nothing(number=3):
    return number


def three(agent, learner, batch, coefs, structure, key, training=True):
    """Every target is 3."""
    return jnp.full_like(batch.reward, 3.0), batch.next_action


HERE = "tests.learn.own_examples"
THREE = SAC._replace(td_target=three)
DELAYED = TD3._replace(td_target=three)

linear = Variant("linear", "", "", actor=f"{HERE}:Linear(scale=0.5)")
adam = Variant("adam-again", "", "", optimizer="optax:adam(learning_rate=0.0003)",
               actor_optimizer="optax:adam(learning_rate=0.0003)")
threes = Variant("threes", "", "", agent=f"{HERE}:THREE")
delayed = Variant("delayed", "", "", agent=f"{HERE}:DELAYED")
