"""A primitive that calls a function on the host with the numpy arrays XLA has, made of what JAX keeps to itself.

`callback` uses it where this version of JAX has the parts; importing this module fails where one is gone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir

_emit = mlir.emit_python_callback
_primitive = Primitive("numpy_callback")
_primitive.multiple_results = True


def call(function: Callable[..., Sequence[np.ndarray]], shapes: Sequence[jax.ShapeDtypeStruct],
         *args: jax.Array) -> list[jax.Array]:
    """As `callback.numpy_callback`."""
    results = tuple((tuple(shape.shape), np.dtype(shape.dtype)) for shape in shapes)
    return _primitive.bind(*args, function=function, results=results)


@_primitive.def_abstract_eval
def _abstract(*args: Any, function: Callable, results: Any) -> list[ShapedArray]:
    del args, function
    return [ShapedArray(shape, dtype) for shape, dtype in results]


@_primitive.def_impl
def _outside_jit(*args: Any, function: Callable, results: Any) -> Any:
    return jax.jit(lambda *args: _primitive.bind(*args, function=function, results=results))(*args)


def _lower(context: Any, *args: Any, function: Callable, results: Any) -> Any:
    del results
    found, _, _ = _emit(
        context,
        lambda *given: tuple(function(*given)),
        None,
        list(args),
        context.avals_in,
        context.avals_out,
        has_side_effect=False,
        returns_token=False,
    )
    return found


# Every call has a function of its own.
mlir.register_lowering(_primitive, _lower, cacheable=False)


def _batch(args: Any, axes: Any, *, function: Callable, results: Any) -> tuple[Any, list[int]]:
    """All arguments get the lanes' axis in front, those without one by repetition."""
    lanes = next(arg.shape[axis] for arg, axis in zip(args, axes, strict=True) if axis is not None)
    args = [
        jnp.broadcast_to(arg, (lanes, *arg.shape)) if axis is None else jnp.moveaxis(arg, axis, 0)
        for arg, axis in zip(args, axes, strict=True)
    ]
    results = tuple(((lanes, *shape), dtype) for shape, dtype in results)
    return _primitive.bind(*args, function=function, results=results), [0] * len(results)


batching.primitive_batchers[_primitive] = _batch
