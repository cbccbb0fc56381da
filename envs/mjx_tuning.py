"""Functions of MJX exchanged while a step is traced: two run faster on XLA, one collides capsules as C does.

Lives here: `tuned`, and the two for speed, which keep MJX's arithmetic. Does not live here: the step (`mjx`), the
contact of capsules (`mjx_crossing`).

1. MJX walks the kinematic tree depth by depth. XLA's CPU compiler fuses the depths and then computes a parent anew
   for every number of each of its children: work that doubles with each depth. A barrier after each depth stops it.
   Six-linked swimmer, 16 lanes: 38 times the control steps for the same CPU time.
2. MJX's line search is a scan of `ls_iterations` (50) steps of which the last ones do nothing; side by side with
   other lanes even those are computed. Here it is a loop that ends with its last lane. And in float32 one search in
   eight has no candidate that its numbers can tell from the start, and halves its interval 24 times, once for each
   bit; it ends here when no point of the interval can be cheaper by as much as the cost's rounding.
3. MJX pushes two capsules apart in a meaningless direction if their axes cross (`mjx_crossing`).

All are private parts of a pinned version of MJX. If one of the first two is missing, neither is exchanged; the third
depends on itself alone. Importing this module then warns.
"""

import contextlib
import functools
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from divbench.envs.mjx_crossing import with_crossings

_LOCK = threading.RLock()


class _Exchange(NamedTuple):
    """An entry of a module's names, or of a table of functions, and what stands in its place."""

    table: dict
    key: Any
    ours: Callable


def _faster() -> tuple[_Exchange, ...]:
    """The exchanges for speed; none where this version of MJX lacks a part of one."""
    try:
        from mujoco.mjx._src import scan, solver

        walk = functools.partial(_walk_tree, scan.body_tree)
        solver._while_loop_scan  # noqa: B018
        return _Exchange(vars(scan), "body_tree", walk), _Exchange(vars(solver), "_while_loop_scan", _search)
    except (ImportError, AttributeError):
        warnings.warn("this version of MJX lacks a function that divbench exchanges for a faster one: physics 'mjx' "
                      "computes the same, on a CPU up to 38 times slower", RuntimeWarning, stacklevel=2)
        return ()


def _corrected() -> tuple[_Exchange, ...]:
    """The exchange for capsules that cross; none where this version of MJX keeps its functions elsewhere."""
    try:
        from mujoco.mjx._src import collision_driver, types

        table, pair = collision_driver._COLLISION_FUNC, (types.GeomType.CAPSULE, types.GeomType.CAPSULE)
        return (_Exchange(table, pair, with_crossings(table[pair])),)
    except (ImportError, AttributeError, KeyError):
        warnings.warn("this version of MJX lacks the collision function of capsules that divbench corrects: under "
                      "physics 'mjx' hopper's leg differs from C MuJoCo where it folds through the body",
                      RuntimeWarning, stacklevel=2)
        return ()


@contextlib.contextmanager
def tuned() -> Iterator[None]:
    """MJX with what is exchanged, for what is traced inside; one thread at a time."""
    with _LOCK:
        theirs = [table[key] for table, key, _ in _EXCHANGES]
        for table, key, ours in _EXCHANGES:
            table[key] = ours
        try:
            yield
        finally:
            for (table, key, _), function in zip(_EXCHANGES, theirs, strict=True):
                table[key] = function


def _walk_tree(body_tree: Callable, model: Any, function: Callable, in_types: str, out_types: str, *args: Any,
               reverse: bool = False) -> Any:
    """`scan.body_tree`, the first argument, with a barrier after each depth."""

    def walled(carry, *parts):
        return jax.lax.optimization_barrier(function(carry, *parts))

    return body_tree(model, walled, in_types, out_types, *args, reverse=reverse)


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


_EXCHANGES = (*_faster(), *_corrected())
