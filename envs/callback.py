"""Numpy functions called from inside a compiled program: `numpy_callback`.

Lives here: the choice between a primitive of JAX's private parts (`callback_primitive`) and `jax.pure_callback`; and
what a process must set before any callback, of JAX's own too, can be relied on.
Does not live here: what is called.
"""

from collections.abc import Callable, Sequence

import jax
import numpy as np

try:
    from divbench.envs import callback_primitive as _private
except (ImportError, AttributeError):  # a JAX without one of the parts
    _private = None  # type: ignore[assignment]  # a module or none


def prepare_process() -> None:
    """Turns off asynchronous dispatch on the CPU, under which callbacks are known to hang
    (jax issues 24255 and 25861). Takes effect if called before JAX first uses the CPU; importing
    this module calls it."""
    jax.config.update("jax_cpu_enable_async_dispatch", False)


prepare_process()


def numpy_callback(
    function: Callable[..., Sequence[np.ndarray]],
    shapes: Sequence[jax.ShapeDtypeStruct],
    *args: jax.Array,
) -> list[jax.Array]:
    """Calls `function` on the host from wherever it is traced; vmapped lanes of any nesting make one call.

    The public `jax.pure_callback` first puts every argument on a device as a jax array, which the function then turns
    back: 50 of the 57 microseconds of such a call. The private primitive hands over the arrays that XLA has.

    Args:
      function: pure; takes a numpy array for each of `args` and returns one for each of `shapes`, all with
        the same leading axes, which are those of the vmaps around it. Must not use JAX: it could deadlock.
        Must not write to what it is given.
      shapes: of the results of one unbatched call.

    Raises:
      RuntimeError: from the program, when a result is of another shape or dtype, or the function raises.
    """
    if _private is not None:
        return _private.call(function, shapes, *args)

    def on_arrays(*given):
        return list(function(*map(np.asarray, given)))

    return jax.pure_callback(on_arrays, list(shapes), *args, vmap_method="broadcast_all")
