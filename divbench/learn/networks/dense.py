"""Dense layers inside any module: what each is given, and the gradient of every pair from input and slope.

The gradient of Q with respect to the kernel of a Dense is the outer product of its input and of Q's slope at its output
(Goodfellow, 1510.01799), pair by pair, so it need not be formed. That holds where nothing else reads the kernel. All
other parameters have their gradients formed. Letters in shapes: B batch, O observation size, A action size, I inputs
and H outputs of a Dense, P size of a parameter.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

try:
    from jax.extend.core import Literal
except ImportError:  # a JAX whose programs cannot be read: all gradients are formed
    Literal = None  # type: ignore[assignment,misc]  # a class or none

from typing import Any

from divbench.learn.networks.watching import GIVEN, Path, Watch, watching


class Call(NamedTuple):
    """A call of a Dense layer.

    Attributes:
      path: of the layer.
      given: its input, `[B, I]` or of other shape; None where a transform of flax keeps it to itself.
      dense: whether the layer is flax's own Dense. A critic may name another layer as its head.
    """

    path: Path
    given: jax.Array | None
    dense: bool


class Applied(NamedTuple):
    """What came of a module's `apply`.

    Attributes:
      output: of the module.
      changed: collections that changed, and those that the module stores under `intermediates`.
      calls: of its Dense layers, in their order.
    """

    output: jax.Array
    changed: dict
    calls: list[Call]


class Gradients(NamedTuple):
    """The gradients of Q at B pairs as outer products.

    Attributes:
      layers: of each Dense its input, `[B, I + 1]` with a 1 for the bias or `[B, I]` without one, and Q's slope at its
        output, `[B, H]`; of every other parameter 1 and its gradient, `[B, 1]` and `[B, P]`.
      formed: paths of those other parameters.
    """

    layers: list[tuple[jax.Array, jax.Array]]
    formed: tuple[Path, ...]


def apply(module: Any, variables: dict, *inputs: Any, shifts: dict[Path, jax.Array] | None = None,
          mutable: tuple[str, ...] = (), **options: Any) -> Applied:
    """The module's output with the calls of its Dense layers.

    Args:
      inputs, options: of the module's `apply`. A module with a method `maps`, given the options `switches` and the key
        of `dropout`, says by path what is done to the input of a Dense first. Its `heads` are watched, Dense or not.
      shifts: what is added to the output `[..., H]` of the Dense at a path. The slope with respect to a shift of 0 is
        that with respect to the output of the Dense.
      mutable: collections that may change.
    """
    seen: list[tuple[Path, bool]] = []
    key = options.get("rngs", {}).get("dropout")
    maps = module.maps(options.get("switches"), key) if hasattr(module, "maps") else {}

    def before(path, x, dense):
        given = maps[path](x) if path in maps else x
        seen.append((path, dense))
        return given

    def after(path, output):
        return output + shifts[path] if shifts and path in shifts else output

    with watching(Watch(before, after, getattr(module, "heads", ()))):
        applied: Any = module.apply(variables, *inputs, mutable=["intermediates", *mutable], **options)
        output, changed = applied
    stored = flatten_dict(changed.pop("intermediates", {}))
    kept = {path[:-1]: list(values) for path, values in stored.items() if path[-1] == GIVEN}
    others = unflatten_dict({path: value for path, value in stored.items() if path[-1] != GIVEN})
    paths = [path for path, _ in seen]
    whole = {path for path, values in kept.items() if len(values) == paths.count(path)}
    calls = [Call(path, kept[path].pop(0) if path in whole else None, dense) for path, dense in seen]
    return Applied(output, {**changed, "intermediates": others} if others else changed, calls)


def gradients(module: Any, variables: dict, obs: jax.Array, action: jax.Array, **options: Any) -> Gradients:
    """The gradients of Q with respect to all of `params`, at pairs `[B, O]`, `[B, A]`.

    Args:
      module: a critic that takes pairs one by one: what it makes of one depends on no other. Of a module that holds
        several critics, `[n, B]`, Q is that of the first.
      variables: of the module.
      options: of the module's `apply`.
    """
    params = flatten_dict(variables["params"])
    paths = outer_products(module, variables, obs[:1], action[:1], **options)

    def of_pair(changed, obs, action):
        """Q of one pair and the inputs of its Dense layers; outputs shifted, other parameters replaced."""
        shifts, others = changed
        whole = {**variables, "params": unflatten_dict({**params, **others})}
        q, _, calls = apply(module, whole, obs[None], action[None], shifts=shifts, **options)
        first = q[0] if q.ndim == 2 else q
        return jnp.sum(first), {call.path: call.given[0] for call in calls
                                if call.path in shifts and call.given is not None}

    shifts = {path: jnp.zeros((1, params[*path, "kernel"].shape[1]), obs.dtype) for path in paths}
    others = {path: leaf for path, leaf in params.items() if path[:-1] not in shifts}
    (slopes, rest), seen = jax.vmap(jax.grad(of_pair, has_aux=True), (None, 0, 0))((shifts, others), obs, action)
    one = jnp.ones((obs.shape[0], 1), obs.dtype)
    layers = [(jnp.concatenate([seen[path], one], -1) if (*path, "bias") in params else seen[path], slopes[path][:, 0])
              for path in paths]
    return Gradients(layers + [(one, slope.reshape(len(slope), -1)) for slope in rest.values()], tuple(rest))


def outer_products(module: Any, variables: dict, *inputs: Any, **options: Any) -> list[Path]:
    """Paths of the Dense layers whose gradient is one outer product for each example.

    Such a Dense is called once, with an input `[B, I]`. The program that the call is traced to has its kernel in one
    matrix product and nowhere else, and its bias, if any, in one sum. So a Dense that is called twice, wrapped (as by
    WeightNorm), tied to another layer, vmapped, scanned or rematerialised is left out.

    Args:
      inputs: of the module's `apply`, `[B, ...]` the first.
    """
    if Literal is None:
        return []
    params, calls = flatten_dict(variables["params"]), []

    def traced(params):
        found = apply(module, {**variables, "params": unflatten_dict(params)}, *inputs, **options)
        calls.extend(found.calls)
        return found.output

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

    def by_example(call):
        return call.given is not None and call.given.shape[:-1] == inputs[0].shape[:1]

    paths = [call.path for call in calls]
    return [call.path for call in calls
            if call.dense and by_example(call) and paths.count(call.path) == 1 and alone(call.path)]
