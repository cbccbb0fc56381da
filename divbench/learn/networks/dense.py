"""Dense layers inside any module: what each is given, and the gradient of every pair from input and slope.

The gradient of Q with respect to the kernel of a Dense is the outer product of its input and of Q's slope at its output
(Goodfellow, 1510.01799), pair by pair, so it need not be formed. That holds where nothing else reads the kernel. All
other parameters have their gradients formed. Letters in shapes: B batch, O observation size, A action size, I inputs
and H outputs of a Dense, P size of a parameter.
"""

from __future__ import annotations

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

try:
    from jax.extend.core import Literal
except ImportError:  # a JAX whose programs cannot be read: all gradients are formed
    Literal = None

Path = tuple[str, ...]


class Gradients(NamedTuple):
    """The gradients of Q at B pairs as outer products.

    Attributes:
      layers: of each Dense its input, `[B, I + 1]` with a 1 for the bias or `[B, I]` without one, and Q's slope at its
        output, `[B, H]`; of every other parameter 1 and its gradient, `[B, 1]` and `[B, P]`.
      formed: paths of those other parameters.
    """

    layers: list[tuple[jax.Array, jax.Array]]
    formed: tuple[Path, ...]


def apply(module: nn.Module, variables: dict, *inputs, shifts: dict[Path, jax.Array] | None = None, **options):
    """The module's output, and the calls of its Dense layers in their order: (path, input) pairs.

    Args:
      inputs, options: of the module's `apply`. A module with a method `maps`, given the option `switches`, says by path
        what is done to the input of a Dense first.
      shifts: what is added to the output `[..., H]` of the Dense at a path. The slope with respect to a shift of 0 is
        that with respect to the output of the Dense.
    """
    calls: list[tuple[Path, jax.Array]] = []
    maps = module.maps(options.get("switches")) if hasattr(module, "maps") else {}

    def intercepted(call, args, kwargs, context):
        if type(context.module) is not nn.Dense or context.method_name != "__call__":
            return call(*args, **kwargs)
        path = context.module.path
        given = maps[path](args[0]) if path in maps else args[0]
        calls.append((path, given))
        output = call(given, *args[1:], **kwargs)
        return output + shifts[path] if shifts and path in shifts else output

    with nn.intercept_methods(intercepted):
        output = module.apply(variables, *inputs, **options)
    return output, calls


def gradients(module: nn.Module, variables: dict, obs, action, **options) -> Gradients:
    """The gradients of Q with respect to all of `params`, at pairs `[B, O]`, `[B, A]`.

    Args:
      module: a critic that takes pairs one by one: what it makes of one depends on no other.
      variables: of one critic.
      options: of the module's `apply`.
    """
    params = flatten_dict(variables["params"])
    paths = outer_products(module, variables, obs[:1], action[:1], **options)

    def of_pair(changed, obs, action):
        """Q of one pair and the inputs of its Dense layers; outputs shifted, other parameters replaced."""
        shifts, others = changed
        whole = {**variables, "params": unflatten_dict({**params, **others})}
        q, calls = apply(module, whole, obs[None], action[None], shifts=shifts, **options)
        return jnp.sum(q), {path: inputs[0] for path, inputs in calls if path in shifts}

    shifts = {path: jnp.zeros((1, params[*path, "kernel"].shape[1]), obs.dtype) for path in paths}
    others = {path: leaf for path, leaf in params.items() if path[:-1] not in shifts}
    (slopes, rest), seen = jax.vmap(jax.grad(of_pair, has_aux=True), (None, 0, 0))((shifts, others), obs, action)
    one = jnp.ones((obs.shape[0], 1), obs.dtype)
    layers = [(jnp.concatenate([seen[path], one], -1) if (*path, "bias") in params else seen[path], slopes[path][:, 0])
              for path in paths]
    return Gradients(layers + [(one, slope.reshape(len(slope), -1)) for slope in rest.values()], tuple(rest))


def outer_products(module: nn.Module, variables: dict, *inputs, **options) -> list[Path]:
    """Paths of the Dense layers whose gradient is one outer product for each example.

    Such a Dense is called once, with an input `[B, I]`. The program that the call is traced to has its kernel in one
    matrix product and nowhere else, and its bias, if any, in one sum. So a Dense that is called twice, wrapped (as by
    WeightNorm), tied to another layer, scanned or rematerialised is left out.
    """
    if Literal is None:
        return []
    params, calls = flatten_dict(variables["params"]), []

    def traced(params):
        output, found = apply(module, {**variables, "params": unflatten_dict(params)}, *inputs, **options)
        calls.extend((path, given.ndim) for path, given in found)
        return output

    program = jax.make_jaxpr(traced)(params).jaxpr
    readers: dict = {}
    for equation in program.eqns:
        for operand in equation.invars:
            if not isinstance(operand, Literal):
                readers.setdefault(operand, []).append(equation.primitive.name)
    read_by = {path: readers.get(variable, []) for path, variable in zip(sorted(params), program.invars, strict=True)}

    def alone(path):
        bias = read_by.get((*path, "bias"), ["reshape"])
        return read_by.get((*path, "kernel")) == ["dot_general"] and bias in (["reshape"], ["broadcast_in_dim"])

    return [path for path, dimensions in calls
            if dimensions == 2 and [name for name, _ in calls].count(path) == 1 and alone(path)]
