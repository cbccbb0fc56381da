"""The device of this process: its name, which physics suits it, how lanes are grouped on it, at what precision."""

from __future__ import annotations

import jax
from threadpoolctl import threadpool_limits

from divbench.envs import names


def prepare(precision: str) -> None:
    """Set what a run needs before JAX is first used: matmul precision, no asynchronous dispatch on a CPU, and LAPACK on
    one thread.

    Callbacks under asynchronous dispatch are known to hang there (jax issues 24255 and 25861). Threads of LAPACK's own
    make small decompositions slower, hundreds of times so beside other work, and their number, which is that of the
    cores, changes the bits of initial weights.
    """
    import scipy.linalg  # noqa: F401  the library whose LAPACK JAX calls on a CPU

    threadpool_limits(1, user_api="blas")
    jax.config.update("jax_default_matmul_precision", precision)
    jax.config.update("jax_cpu_enable_async_dispatch", False)


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
