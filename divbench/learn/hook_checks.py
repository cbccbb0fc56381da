"""What functions from outside must return. It is checked while a program is traced, so it costs nothing at run time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from divbench.spec.errors import UsageError


def checked(kind: str, hook: str, function: Callable) -> Callable:
    """`function`, whose result is checked.

    Args:
      kind: `features`, `losses` or `projections`; see `hooks`.
      hook: where the function is, `package.module:function`, for the message.

    Raises:
      UsageError: by the result: features or parameters of another shape or dtype than the argument's, parameters of
        another structure, or a loss that is no scalar.
    """
    @functools.wraps(function)
    def checking(first, *others):
        found = function(first, *others)
        problem = _problem_of_loss(found) if kind == "losses" else _problem_of_tree(first, found)
        if problem:
            raise UsageError(f"hook '{hook}': {kind}: {problem}")
        return found

    return checking


def _problem_of_loss(found: Any) -> str | None:
    """What is wrong with a loss, or None."""
    told = _described(found)
    if not hasattr(found, "dtype") and not isinstance(found, float | int):
        return f"expected a scalar, found {told}"
    return None if jnp.shape(found) == () else f"expected a scalar, found {told}; sum or average it"


def _problem_of_tree(given: Any, found: Any) -> str | None:
    """What is wrong with a result that must be like the argument, or None. A single array is a tree without paths."""
    expected, there = (_by_path(tree) for tree in (given, found))
    missing, more = ([path for path in one if path not in other]
                     for one, other in ((expected, there), (there, expected)))
    if not missing and not more:
        for path, leaf in expected.items():
            if _described(there[path]) != _described(leaf):
                return f"expected {_described(leaf)}{path and f' at {path}'}, found {_described(there[path])}"
        return None
    if "" in expected or "" in there:
        return f"expected {_described(given)}, found {_described(found)}"
    told = [f"{word} {paths[0]}" for word, paths in (("without", missing), ("with", more)) if paths]
    return f"expected the parameters' own tree, found one {' and '.join(told)}"


def _by_path(tree: Any) -> dict[str, object]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda node: node is None)
    return {"/".join(str(getattr(key, "key", key)) for key in path): leaf for path, leaf in leaves}


def _described(value: Any) -> str:
    """`float32 [8, 16]` of an array, else the kind: `a tuple`."""
    if hasattr(value, "dtype"):
        return f"{value.dtype} {list(jnp.shape(value))}"
    return f"a {type(value).__name__}"
