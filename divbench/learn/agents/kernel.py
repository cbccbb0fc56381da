"""The neural tangent kernel of a lane's critic, from what goes into its layers and how Q reacts to what comes out.

All but a sliver of a critic's parameters are kernels of dense layers, whose gradients need not be formed
(`networks.dense`, `diagnostics.kernels.layers`). What comes out is what `diagnostics.kernels.gram` gives for any
function of parameters, in a small part of the time and memory. Letters in shapes: B batch, O observation size, A action
size, I inputs and H outputs of a layer.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict

from divbench.diagnostics.kernels.layers import Layers, gram_between_layers, gram_of_layers
from divbench.learn.agents import critic as critics
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.networks import dense, ensemble


def layers_of(critic: Any, obs: jax.Array, action: jax.Array, coefs: Coefficients, structure: Structure) -> Layers:
    """Input and slope of every dense layer, `[B, I + 1]` and `[B, H]`, of one critic's Q of pairs `[B, O]`, `[B, A]`;
    then those of all other parameters (scales and shifts of normalisations), as of layers whose input is 1.

    Running statistics of BatchNorm are no parameters. Nothing is dropped out.

    Args:
      critic: variables of the critics, whose axis has length 1.
    """
    single = jax.tree.map(lambda leaf: leaf[0], critic)
    return dense.gradients(critics.module_of(structure), single, obs, action, switches=coefs.switches).layers


def method(structure: Structure) -> str:
    """`layer by layer`; or `formed: ` and the paths of the parameters whose gradients are formed pair by pair. Vectors,
    such as scales of normalisations, are formed in any case and not named."""
    module: Any = critics.module_of(structure)
    formed: list[str] = []

    def traced(key):
        pair = jnp.zeros((1, structure.observation_size)), jnp.zeros((1, structure.action_size))
        variables = module.init(key, *pair)
        layers = dense.outer_products(module, variables, *pair)
        formed.extend("/".join(path) for path, leaf in flatten_dict(variables["params"]).items()
                      if path[:-1] not in layers and leaf.ndim > 1)

    jax.eval_shape(traced, jax.random.key(0))
    return f"formed: {', '.join(formed)}" if formed else "layer by layer"


def kernel(critic: Any, obs: jax.Array, action: jax.Array, coefs: Coefficients, structure: Structure) -> jax.Array:
    """K(X, X), `[B, B]`, symmetric to the last bit. Arguments as in `layers_of`."""
    return gram_of_layers(layers_of(critic, obs, action, coefs, structure))


def excitation(critic: Any, data: Any, policy: Any, coefs: Coefficients, structure: Structure) -> jax.Array:
    """A = (gamma K(X*, X) - K(X, X)) / P, `[B, B]`, as `diagnostics.kernels.seem.excitation` gives it.

    P counts the parameters that the lane learns, whatever is compiled in for its neighbours; of a module that holds n
    critics, an n-th of them.

    Args:
      critic: as in `layers_of`, and so the last two.
      data: X, (obs, action) of the data.
      policy: X*, (next obs, the policy's action there).
    """
    now, ahead = (layers_of(critic, obs, action, coefs, structure) for obs, action in (data, policy))
    matrix = coefs.gamma * gram_between_layers(ahead, now) - gram_of_layers(now)
    counted = critics.learnable(jax.tree.map(jnp.ones_like, critic["params"]), coefs, structure)
    held = ensemble.held_by(critics.module_of(structure))
    return matrix * held / sum(jnp.sum(leaf) for leaf in jax.tree.leaves(counted))
