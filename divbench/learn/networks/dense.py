"""What every Dense of a module is given, whatever the module is: found by intercepting its calls.

Letters in shapes: I inputs and H outputs of a Dense.
"""

from __future__ import annotations

import flax.linen as nn
import jax

Path = tuple[str, ...]


def apply(module: nn.Module, variables: dict, *inputs, shifts: dict[Path, jax.Array] | None = None, **options):
    """The module's output, and the calls of its Dense layers in their order: (path, input) pairs.

    Args:
      inputs, options: of the module's `apply`.
      shifts: for each path what is added to the Dense's output `[..., H]`. The slope with respect to a shift of 0 is
        that with respect to the output of the Dense.
    """
    calls: list[tuple[Path, jax.Array]] = []

    def intercepted(call, args, kwargs, context):
        if type(context.module) is not nn.Dense or context.method_name != "__call__":
            return call(*args, **kwargs)
        path = context.module.path
        calls.append((path, args[0]))
        output = call(*args, **kwargs)
        return output if shifts is None else output + shifts[path]

    with nn.intercept_methods(intercepted):
        output = module.apply(variables, *inputs, **options)
    return output, calls
