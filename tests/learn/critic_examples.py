"""Critics from outside, good and bad, and variants that have them."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx

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


class Block(nnx.Module):
    def __init__(self, width, *, rngs):
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.up = nnx.Linear(width, 4 * width, kernel_init=nnx.initializers.he_normal(), rngs=rngs)
        self.down = nnx.Linear(4 * width, width, kernel_init=nnx.initializers.he_normal(), rngs=rngs)

    def __call__(self, x):
        return x + self.down(nnx.relu(self.up(self.norm(x))))


class NnxSimBa(nnx.Module):
    """`SimBa` as an nnx module."""

    def __init__(self, observation_size, action_size, *, rngs, width=16, blocks=2):
        first = nnx.initializers.orthogonal(1.0)
        self.first = nnx.Linear(observation_size + action_size, width, kernel_init=first, rngs=rngs)
        self.blocks = nnx.List([Block(width, rngs=rngs) for _ in range(blocks)])
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.head = nnx.Linear(width, 1, rngs=rngs)

    def __call__(self, obs, action):
        x = self.first(jnp.concatenate([obs, action], -1))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class NnxNormed(nnx.Module):
    """`Normed` as an nnx module."""

    joint = True

    def __init__(self, observation_size, action_size, *, rngs, rate=0.0):
        self.dense = nnx.Linear(observation_size + action_size, 16, rngs=rngs)
        self.norm = nnx.BatchNorm(16, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)
        self.q = nnx.Linear(16, 1, rngs=rngs)

    def __call__(self, obs, action):
        x = self.norm(self.dense(jnp.concatenate([obs, action], -1)))
        return self.q(self.dropout(nnx.relu(x)))[..., 0]


class Twins(nn.Module):
    """Both critics by flax's own vmap, as published critics are."""

    shown: bool = True
    ensembled = 2

    @nn.compact
    def __call__(self, obs, action):
        axes = {"params": 0} | ({"intermediates": 0} if self.shown else {})
        twins = nn.vmap(SimBa, variable_axes=axes, split_rngs={"params": True}, in_axes=None, out_axes=0, axis_size=2)
        return twins(8, 1, name="twins")(obs, action)


class Pair(nn.Module):
    """Two critics one after the other."""

    ensembled = 2
    features_at = ("q0", "q1")

    @nn.compact
    def __call__(self, obs, action):
        x = jnp.concatenate([obs, action], -1)
        return jnp.stack([nn.Dense(1, name=f"q{n}")(nn.tanh(nn.Dense(8, name=f"first{n}")(x)))[..., 0]
                          for n in range(2)])


class Trunk(nn.Module):
    """Two critics that share all but their heads."""

    ensembled = 2

    @nn.compact
    def __call__(self, obs, action):
        x = nn.tanh(nn.Dense(8)(jnp.concatenate([obs, action], -1)))
        return nn.Dense(2, use_bias=False)(x).T


class Stacked(nn.Module):
    """Two critics in one product, which is no Dense of flax; it stores its hidden layer."""

    ensembled: int = 2

    @nn.compact
    def __call__(self, obs, action):
        x = jnp.concatenate([obs, action], -1)
        kernel = self.param("kernel", nn.initializers.normal(0.5), (self.ensembled, x.shape[-1], 8))
        x = jnp.tanh(jnp.einsum("bi,nih->nbh", x, kernel))
        self.sow("intermediates", "hidden", x)
        return jnp.einsum("nbh,nh->nb", x, self.param("head", nn.initializers.normal(0.5), (self.ensembled, 8)))


class Switched(nn.Module):
    """It has the LayerNorm and the dropout that a lane asks for."""

    understands = {"layernorm", "dropout"}

    @nn.compact
    def __call__(self, obs, action, *, switches):
        x = nn.Dense(16)(jnp.concatenate([obs, action], -1))
        x = jnp.where(switches.layernorm[0] > 0.0, nn.LayerNorm()(x), x)
        if self.has_rng("dropout"):
            kept = jax.random.bernoulli(self.make_rng("dropout"), 1.0 - switches.dropout, x.shape)
            x = jnp.where(kept, x / (1.0 - switches.dropout), 0.0)
        return nn.Dense(1)(nn.relu(x))


class Weighted(nn.Module):
    """A head that is no Dense."""

    @nn.compact
    def __call__(self, x):
        return x @ self.param("weight", nn.initializers.normal(1.0), (x.shape[-1],))


class Elsewhere(nn.Module):
    """It says of itself all that can be said."""

    features_at: str = "haed"
    mutable = {"counted"}
    rngs = ("noise",)

    @nn.compact
    def __call__(self, obs, action):
        shift = self.variable("constants", "shift", jnp.ones, ())
        count = self.variable("counted", "calls", jnp.zeros, ())
        x = nn.relu(nn.Dense(8)(jnp.concatenate([obs, action], -1) + shift.value))
        if self.is_mutable_collection("counted"):
            count.value += 1.0
        q = Weighted(name="head")(x)
        return q + (jax.random.normal(self.make_rng("noise"), q.shape) if self.has_rng("noise") else 0.0)


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


class Broken(nn.Module):
    @nn.compact
    def __call__(self, obs, action):
        return nn.Dense(1 // 0)(obs)


@dataclasses.dataclass
class NotLinen:
    width: int = 3


class Needy(nn.Module):
    width: int

    @nn.compact
    def __call__(self, obs, action):
        return nn.Dense(self.width)(obs)[..., 0]


def ceiling(x, site):
    """A critic from outside has one site, and is seen as one critic."""
    assert x.ndim == 2 and site.last and not site.before_relu and site.layer == 0
    return jnp.minimum(x, 0.25)


def bounded(params):
    """Kernels of one critic, by their paths."""
    return {**params, "Dense_0": {"kernel": jnp.clip(params["Dense_0"]["kernel"], -0.1, 0.1),
                                  "bias": 0.0 * params["Dense_0"]["bias"] + jax.lax.axis_index("critics")}}


HERE = "tests.learn.critic_examples"
simba = Variant("simba", "SimBa's critic", "", critic=f"{HERE}:SimBa(blocks=1)")
hooked = Variant("hooked", "", "", critic=SimBa(blocks=1), features=(f"{HERE}:ceiling",),
                 projections=(f"{HERE}:bounded",))
normed = Variant("normed", "", "", critic=f"{HERE}:Normed(rate=0.5)")
linear = Variant("linear", "", "", critic=f"{HERE}:Linear")
