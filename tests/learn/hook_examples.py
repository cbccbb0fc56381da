"""Variants of divbench written once more as functions from outside."""

import jax
import jax.numpy as jnp

from divbench.spec.variants import Variant


def unit_ball(x, site):
    if not site.last or site.before_relu:
        return x
    return x * jax.lax.rsqrt(jnp.sum(jnp.square(x), -1, keepdims=True) + 1e-12)


def weight_norm(params):
    def one(path, leaf):
        if path[-1].key != "kernel" or path[0].key == "head":
            return leaf
        return leaf / jnp.sqrt(jnp.sum(jnp.square(leaf)))
    return jax.tree_util.tree_map_with_path(one, params)


def dr3(terms):
    here = terms.features(terms.batch.obs, terms.batch.action)
    there = terms.features(terms.batch.next_obs, terms.next_action)
    return 0.01 * jnp.sum(jnp.mean(jnp.sum(here * there, -1), -1))


def huber(terms):
    """What turns the squared error into twice Huber's loss."""
    error = jnp.abs(terms.q - terms.target[None, :])
    beyond = jnp.maximum(error - 1.0, 0.0)
    return -jnp.sum(jnp.mean(jnp.square(beyond), -1))


HERE = "tests.learn.hook_examples"
PAIRS = {
    "ofn": Variant("ofn-again", "", "", features=(f"{HERE}:unit_ball",)),
    "weight-norm": Variant("weight-norm-again", "", "", projections=(f"{HERE}:weight_norm",)),
    "dr3": Variant("dr3-again", "", "", losses=(f"{HERE}:dr3",)),
    "huber": Variant("huber-again", "", "", losses=(f"{HERE}:huber",)),
}


def at_most(x, site):
    """The last hidden layer's features are at most the record's number."""
    return jnp.minimum(x, site.number) if site.last and not site.before_relu else x


def small_q(terms):
    return terms.number * jnp.mean(jnp.square(terms.q))


def constant(terms):
    return terms.number * 1.0


ceiling = Variant("ceiling", "", "", features=(f"{HERE}:at_most",), number=3.0)
reg = Variant("reg", "", "", losses=(f"{HERE}:small_q",), number=1e-3)
pull = Variant("pull", "", "", losses=(f"{HERE}:constant",), number=7)
weighed = Variant("weighed", "", "", losses=(f"{HERE}:dr3",), settings={"dr3_weight": 0.5}, strength="dr3_weight")
plain = Variant("plain", "", "", losses=(f"{HERE}:dr3",))
