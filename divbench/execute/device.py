"""The device of this process: its name, which physics suits it, how lanes are grouped on it, at what precision."""

from __future__ import annotations

import importlib.util
import os

import jax
from threadpoolctl import threadpool_limits

from divbench.envs import names
from divbench.execute.compile_cache import use_cache
from divbench.execute.wording import one_line
from divbench.spec.errors import UsageError, nearest

# What the environment can set that no run works under, or no lane that may become non-finite, as runs need it.
ORDINARY = {"jax_enable_x64": False, "jax_numpy_dtype_promotion": "standard", "jax_numpy_rank_promotion": "allow",
            "jax_debug_nans": False, "jax_debug_infs": False, "jax_transfer_guard": "allow"}


def prepare(precision: str) -> None:
    """Set what a run needs before JAX is first used: matmul precision, no asynchronous dispatch on a CPU, LAPACK on one
    thread, and `ORDINARY`, overriding the environment; and the cache of compiled programs.

    Callbacks under asynchronous dispatch are known to hang there (jax issues 24255 and 25861). Threads of LAPACK's own
    make small decompositions slower, hundreds of times so beside other work, and their number, which is that of the
    cores, changes the bits of initial weights.

    Raises:
      UsageError: JAX has no device of the kind that the environment asks for.
    """
    import scipy.linalg  # noqa: F401  the library whose LAPACK JAX calls on a CPU

    threadpool_limits(1, user_api="blas")
    jax.config.update("jax_default_matmul_precision", precision)
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    for name, value in ORDINARY.items():
        jax.config.update(name, value)
    refuse_absent()
    use_cache()


def refuse_absent() -> None:
    """Raise `UsageError` if JAX cannot start on the devices that `JAX_PLATFORMS` names; it says what is missing."""
    try:
        jax.devices()
    except Exception as error:  # an AssertionError for CUDA, a RuntimeError for others
        asked = os.environ.get("JAX_PLATFORMS", "")
        found = f"JAX_PLATFORMS={asked}: no such device" if asked else one_line(error)
        raise UsageError(f"{found}; expected {_lacking(asked)}") from None


def _lacking(asked: str) -> str:
    """What would have to be there for the first of the asked platforms."""
    platform = asked.partition(",")[0]
    if platform in ("cuda", "gpu"):
        plugin = any(importlib.util.find_spec(f"jax_cuda{major}_plugin") for major in (12, 13))
        needed = ([] if plugin else ['the extra cuda (pip install "divbench[cuda]")'])
        needed += [] if os.path.exists("/dev/nvidiactl") else ["an NVIDIA driver with its device"]
        return f"{' and '.join(needed) or 'a GPU that JAX supports'}, or JAX_PLATFORMS=cpu"
    if platform == "tpu":
        return "a TPU and jax[tpu], or JAX_PLATFORMS=cpu"
    return f"cpu, cuda or tpu{nearest(platform, ('cpu', 'cuda', 'tpu'))}"


def backend() -> str:
    """`cpu`, `gpu` or `tpu`."""
    return jax.default_backend()


def resolve_physics(task: str, physics: str) -> str:
    """`auto` becomes `mjx` on a GPU or TPU where the task has it, else `host`; every other name is itself."""
    return names.resolve_physics(task, physics, accelerator=backend() != "cpu")


def fused_default() -> bool:
    """Whether all mechanisms of a task share one program: on a GPU or TPU, where that pays."""
    return backend() != "cpu"


def describe_device() -> str:
    """The device in words: `cpu`, or the accelerator's name."""
    return jax.devices()[0].device_kind if backend() != "cpu" else "cpu"
