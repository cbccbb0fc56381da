"""Calls of Dense layers inside any module of flax, linen or nnx: what each is given and returns can be changed.

What a layer is given is kept among the module's `intermediates`, so it leaves flax's transforms as these say:
`nn.remat` hands it out, `nn.vmap` does with `variable_axes={"intermediates": 0}`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

import flax.linen as nn
import jax
from flax import nnx

Path = tuple[str, ...]
PATH = "path_of_watched"  # of a module of nnx: where it stands
GIVEN = "given_to_dense"  # name under which the input of a layer is kept, in the layer's own scope


class Watch(NamedTuple):
    """What is done at the calls of Dense layers.

    Attributes:
      before: `(path, x, dense)` to what the layer is given in place of `x`; `dense` is whether it is flax's own Dense.
      after: `(path, output)` to what takes the place of the output.
      others: paths of modules of other classes that are watched too.
    """

    before: Callable[[Path, jax.Array, bool], jax.Array]
    after: Callable[[Path, jax.Array], jax.Array]
    others: tuple[Path, ...] = ()


_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextlib.contextmanager
def watching(watch: Watch) -> Any:
    """Within it, every call of a Dense of linen, or of an nnx module that is `watched`, is seen by `watch`."""
    def intercepted(call, args, kwargs, context):
        module, dense = context.module, type(context.module) is nn.Dense
        if context.method_name != "__call__" or not (dense or module.path in watch.others):
            return call(*args, **kwargs)
        given = watch.before(module.path, args[0], dense)
        module.sow("intermediates", GIVEN, given)
        return watch.after(module.path, call(given, *args[1:], **kwargs))

    token = _WATCH.set(watch)
    try:
        with nn.intercept_methods(intercepted):
            yield
    finally:
        _WATCH.reset(token)


def watched(module: nnx.Module) -> None:
    """Change a module so that the calls of its `nnx.Linear` layers are seen."""
    watch = _WATCH.get()
    for place, node in list(nnx.iter_graph(module)):
        path = tuple(map(str, place))
        if isinstance(node, nnx.Module) and watch and (type(node) is nnx.Linear or path in watch.others):
            setattr(node, PATH, path)
            object.__setattr__(node, "__class__", _watched_class(type(node)))


@functools.cache
def _watched_class(kind: type[nnx.Module]) -> type[nnx.Module]:
    """A class like `kind` whose calls are seen. An instance keeps the class in copies that nnx's transforms make."""
    base: Any = kind

    class Watched(base):
        def __call__(self, x: jax.Array, *args: Any, **kwargs: Any) -> Any:
            watch, path = _WATCH.get(), getattr(self, PATH)
            assert watch is not None, "made while its calls are watched"
            given = watch.before(path, x, kind is nnx.Linear)
            earlier = getattr(self, GIVEN).get_value() if hasattr(self, GIVEN) else ()
            setattr(self, GIVEN, nnx.Intermediate((*earlier, given)))
            return watch.after(path, super().__call__(given, *args, **kwargs))

    return Watched
