"""The neural tangent kernel of a lane's critic, from what goes into its layers and how Q reacts to what comes out.

All but a sliver of a critic's parameters are kernels of dense layers, whose gradients need not be formed
(`diagnostics.kernels.layers`): Q's slope at a layer's output is its derivative with respect to the layer's bias,
example by example. What comes out is what `diagnostics.kernels.gram` gives for any function of parameters, in a small
part of the time and memory. Letters in shapes: B batch, O observation size, A action size, I inputs and H outputs of a
layer.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from divbench.diagnostics.kernels.layers import Layers, gram_between_layers, gram_of_layers
from divbench.learn import batchnorm
from divbench.learn.agents import critic as critics
from divbench.learn.agents.coefficients import Coefficients, Structure


def layers_of(critic, obs, action, coefs: Coefficients, structure: Structure) -> Layers:
    """Input and slope of every dense layer, `[B, I + 1]` and `[B, H]`, of one critic's Q of pairs `[B, O]`, `[B, A]`;
    then those of all other parameters (scales and shifts of normalisations), as of layers whose input is 1.

    Running statistics of BatchNorm are no parameters. Nothing is dropped out.

    Args:
      critic: parameters of the critics, whose axis has length 1.
    """
    constant = {"kernel", *batchnorm.STATISTICS}
    fixed, others = _part(critic, constant), _part(critic, _names(critic) - constant)

    def q_of_pair(others, obs, action):
        return critics.values(_joined(others, fixed), obs[None], action[None], coefs, structure)[0, 0]

    slopes = jax.vmap(jax.grad(q_of_pair), (None, 0, 0))(others, obs, action)
    passed = critics.activations(critic, obs, action, coefs, structure)
    inputs = [jnp.concatenate([obs, action], -1), *(hidden[0] for hidden in passed.hidden[:-1]), passed.features[0]]
    count, found = obs.shape[0], []
    for seen, layer in zip(inputs, [*slopes["hidden"], slopes["head"]], strict=True):
        one = jnp.ones((count, 1), seen.dtype)
        found.append((jnp.concatenate([seen, one], -1), layer["bias"].reshape(count, -1)))
        found += [(one, slope.reshape(count, -1)) for name, slope in layer.items() if name != "bias"]
    return found


def kernel(critic, obs, action, coefs: Coefficients, structure: Structure) -> jax.Array:
    """K(X, X), `[B, B]`, symmetric to the last bit. Arguments as in `layers_of`."""
    return gram_of_layers(layers_of(critic, obs, action, coefs, structure))


def excitation(critic, data, policy, coefs: Coefficients, structure: Structure) -> jax.Array:
    """A = (gamma K(X*, X) - K(X, X)) / P, `[B, B]`, as `diagnostics.kernels.seem.excitation` gives it.

    P counts the parameters that the lane learns, whatever is compiled in for its neighbours.

    Args:
      critic: as in `layers_of`, and so the last two.
      data: X, (obs, action) of the data.
      policy: X*, (next obs, the policy's action there).
    """
    now, ahead = (layers_of(critic, *points, coefs, structure) for points in (data, policy))
    matrix = coefs.gamma * gram_between_layers(ahead, now) - gram_of_layers(now)
    counted = critics.parameters(jax.tree.map(jnp.ones_like, critic), coefs)
    return matrix / sum(jnp.sum(leaf) for leaf in jax.tree.leaves(counted))


def _names(critic) -> set[str]:
    return {name for layer in (*critic["hidden"], critic["head"]) for name in layer}


def _part(critic, names) -> dict:
    """The critic with the arrays of these names alone."""
    def of(layer):
        return {name: leaf for name, leaf in layer.items() if name in names}

    return {"hidden": [of(layer) for layer in critic["hidden"]], "head": of(critic["head"])}


def _joined(one, other) -> dict:
    return {"hidden": [first | second for first, second in zip(one["hidden"], other["hidden"], strict=True)],
            "head": one["head"] | other["head"]}
