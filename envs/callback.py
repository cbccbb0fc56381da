"""Numpy functions called from inside a compiled program: `numpy_callback`.

Lives here: a primitive that hands a function the numpy arrays XLA has, and takes numpy arrays back; and what a process
must set before any callback, of JAX's own too, can be relied on.
Does not live here: what is called. `jax.pure_callback` would serve, but it first puts every argument on
a device as a jax array, which the function then turns back: 50 of the 57 microseconds of such a call.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir


def prepare_process() -> None:
    """Turns off asynchronous dispatch on the CPU, under which callbacks are known to hang
    (jax issues 24255 and 25861). Takes effect if called before JAX first uses the CPU; importing
    this module calls it."""
    jax.config.update("jax_cpu_enable_async_dispatch", False)


prepare_process()

_primitive = Primitive("numpy_callback")
_primitive.multiple_results = True


def numpy_callback(
    function: Callable[..., Sequence[np.ndarray]],
    shapes: Sequence[jax.ShapeDtypeStruct],
    *args: jax.Array,
) -> list[jax.Array]:
    """Calls `function` on the host from wherever it is traced; vmapped lanes of any nesting make one call.

    Args:
      function: pure; takes a numpy array for each of `args` and returns one for each of `shapes`, all with
        the same leading axes, which are those of the vmaps around it. Must not use JAX: it could deadlock.
        Must not write to what it is given.
      shapes: of the results of one unbatched call.

    Raises:
      RuntimeError: from the program, when a result is of another shape or dtype, or the function raises.
    """
    results = tuple((tuple(shape.shape), np.dtype(shape.dtype)) for shape in shapes)
    return _primitive.bind(*args, function=function, results=results)


@_primitive.def_abstract_eval
def _abstract(*args, function, results):
    del args, function
    return [ShapedArray(shape, dtype) for shape, dtype in results]


@_primitive.def_impl
def _outside_jit(*args, function, results):
    return jax.jit(lambda *args: _primitive.bind(*args, function=function, results=results))(*args)


def _lower(context, *args, function, results):
    del results
    found, _, _ = mlir.emit_python_callback(
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


def _batch(args, axes, *, function, results):
    """All arguments get the lanes' axis in front, those without one by repetition."""
    lanes = next(arg.shape[axis] for arg, axis in zip(args, axes, strict=True) if axis is not None)
    args = [
        jnp.broadcast_to(arg, (lanes, *arg.shape)) if axis is None else jnp.moveaxis(arg, axis, 0)
        for arg, axis in zip(args, axes, strict=True)
    ]
    results = tuple(((lanes, *shape), dtype) for shape, dtype in results)
    return _primitive.bind(*args, function=function, results=results), [0] * len(results)


batching.primitive_batchers[_primitive] = _batch
