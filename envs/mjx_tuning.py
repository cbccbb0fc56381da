"""Two functions of MJX exchanged while a step is traced: the same arithmetic, in a form that XLA runs well.

Lives here: `tuned`, and the two replacements. Does not live here: the step (`mjx`).

1. MJX walks the kinematic tree depth by depth. XLA's CPU compiler fuses the depths and then computes a parent anew
   for every number of each of its children: work that doubles with each depth. A barrier after each depth stops it.
   Six-linked swimmer, 16 lanes: 38 times the control steps for the same CPU time.
2. MJX's line search is a scan of `ls_iterations` (50) steps of which the last ones do nothing; side by side with
   other lanes even those are computed. Here it is a loop that ends with its last lane. And in float32 one search in
   eight has no candidate that its numbers can tell from the start, and halves its interval 24 times, once for each
   bit; it ends here when no point of the interval can be cheaper by as much as the cost's rounding.

Both are private functions of a pinned version of MJX. Without one of them MJX runs as it is: `tuned` warns once.
"""

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

_LOCK = threading.RLock()


class _Original(NamedTuple):
    """MJX's own two functions and the modules that they are exchanged in."""

    scan: ModuleType
    tree: Callable
    solver: ModuleType
    search: Callable


def _find() -> _Original | None:
    """What is exchanged; None where this version of MJX lacks a part of it."""
    try:
        from mujoco.mjx._src import scan, solver

        return _Original(scan, scan.body_tree, solver, solver._while_loop_scan)
    except (ImportError, AttributeError):
        warnings.warn("this version of MJX lacks a function that divbench exchanges for a faster one: physics 'mjx' "
                      "computes the same, on a CPU up to 38 times slower", RuntimeWarning, stacklevel=2)
        return None


_ORIGINAL = _find()


@contextlib.contextmanager
def tuned() -> Iterator[None]:
    """MJX with both replacements, for what is traced inside; one thread at a time."""
    if _ORIGINAL is None:
        yield
        return
    scan, tree, solver, search = _ORIGINAL
    with _LOCK:
        _put(scan, solver, _walk_tree, _search)
        try:
            yield
        finally:
            _put(scan, solver, tree, search)


def _put(scan: Any, solver: Any, tree: Callable, search: Callable) -> None:
    scan.body_tree, solver._while_loop_scan = tree, search


def _walk_tree(model: Any, function: Callable, in_types: str, out_types: str, *args: Any, reverse: bool = False) -> Any:
    """`scan.body_tree` with a barrier after each depth."""
    assert _ORIGINAL is not None, "replaced where it was found"

    def walled(carry, *parts):
        return jax.lax.optimization_barrier(function(carry, *parts))

    return _ORIGINAL.tree(model, walled, in_types, out_types, *args, reverse=reverse)


def _search(unfinished: Callable, narrow: Callable, first: Any, steps: int) -> Any:
    """`solver._while_loop_scan` of a line search, as a loop; `unfinished` counts the steps too."""
    return jax.lax.while_loop(lambda search: unfinished(search) & _can_gain(search), narrow, first)


def _can_gain(search: Any) -> jax.Array:
    """Whether an interval around the minimum can hold a point cheaper than its ends, as far as floats can tell.

    The cost is convex: from an end with slope s it falls by at most |s| times the interval's width. Where the slopes
    do not differ in sign, the minimum lies elsewhere and nothing is known.
    """
    low, high = search.lo, search.hi
    around = low.deriv_0 * high.deriv_0 < 0
    fall = jnp.abs(high.alpha - low.alpha) * jnp.minimum(jnp.abs(low.deriv_0), jnp.abs(high.deriv_0))
    cost = jnp.minimum(jnp.abs(low.cost), jnp.abs(high.cost))
    return ~around | (fall > jnp.finfo(cost.dtype).eps * cost)


def internal(data: Any, name: str) -> Any:
    """The field of that name of the implementation of an `mjx.Data`, or of `data` itself, where the public API has
    it."""
    own = getattr(data, "_impl", None)
    return getattr(own if hasattr(own, name) else data, name)


def without_messages(model: Any) -> Any:
    """An `mjx.Model` whose kernels print nothing about overflows; the model as it is where MJX has no such option."""
    try:
        return model.tree_replace({"opt._impl.warn_overflow": 0})
    except (AttributeError, TypeError):
        return model
