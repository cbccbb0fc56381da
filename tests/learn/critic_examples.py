"""Critics from outside, good and bad, and variants that have them."""

import dataclasses

import flax.linen as nn
import jax.numpy as jnp

from divbench.spec.variants import Variant


class SimBa(nn.Module):
    """Residual blocks between a first Dense and a LayerNorm (Lee et al., 2410.09754)."""

    width: int = 16
    blocks: int = 2

    @nn.compact
    def __call__(self, obs, action):
        x = nn.Dense(self.width, kernel_init=nn.initializers.orthogonal(1.0))(jnp.concatenate([obs, action], -1))
        for _ in range(self.blocks):
            y = nn.relu(nn.Dense(4 * self.width, kernel_init=nn.initializers.he_normal())(nn.LayerNorm()(x)))
            x = x + nn.Dense(self.width, kernel_init=nn.initializers.he_normal())(y)
        return nn.Dense(1)(nn.LayerNorm()(x))


class Normed(nn.Module):
    """BatchNorm and dropout, both batches in one pass."""

    rate: float = 0.0
    joint = True

    @nn.compact
    def __call__(self, obs, action, train):
        x = nn.BatchNorm(not train)(nn.Dense(16)(jnp.concatenate([obs, action], -1)))
        return nn.Dense(1, name="q")(nn.Dropout(self.rate, deterministic=not train)(nn.relu(x)))[..., 0]


class Linear(nn.Module):
    @nn.compact
    def __call__(self, obs, action):
        return nn.Dense(1, name="only")(jnp.concatenate([obs, action], -1))


class NoDense(nn.Module):
    @nn.compact
    def __call__(self, obs, action):
        return jnp.sum(obs, -1) * self.param("scale", nn.initializers.ones, ())


class Tokens(nn.Module):
    @nn.compact
    def __call__(self, obs, action):
        return jnp.sum(nn.Dense(1)(obs[:, None]), (1, 2))


class Many(nn.Module):
    @nn.compact
    def __call__(self, obs, action):
        return nn.Dense(5)(obs)


@dataclasses.dataclass
class NotLinen:
    width: int = 3


class Needy(nn.Module):
    width: int

    @nn.compact
    def __call__(self, obs, action):
        return nn.Dense(self.width)(obs)[..., 0]


HERE = "tests.learn.critic_examples"
simba = Variant("simba", "SimBa's critic", "", critic=f"{HERE}:SimBa(blocks=1)")
normed = Variant("normed", "", "", critic=f"{HERE}:Normed(rate=0.5)")
linear = Variant("linear", "", "", critic=f"{HERE}:Linear")
