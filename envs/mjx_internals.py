"""What divbench reads and sets among the fields of MJX's implementation, of which some are none of its public API.

Functions of MJX that are exchanged while a step is traced are in `mjx_tuning`.
"""

from typing import Any


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
