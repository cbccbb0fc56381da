"""What all tests share: an environment without a display, and strict JAX for those that ask for it."""

import os

os.environ.setdefault("MUJOCO_GL", "disable")
# Read when JAX starts; a test of the learner may start it before a test of host physics needs this.
os.environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "false")

import gc
import sys
from pathlib import Path

import pytest

# Of memory, by one process. Every compiled program has some, and where the system's limit (65,530 by default on Linux)
# is reached, XLA crashes in the middle of a compilation.
MOST_MAPPINGS = 10_000
MAPPINGS = Path("/proc/self/maps")


@pytest.fixture(autouse=True, scope="module")
def few_mappings():
    """After a file of tests that leaves many compiled programs behind, they are let go of."""
    yield
    if "jax" in sys.modules and MAPPINGS.exists() and MAPPINGS.read_bytes().count(b"\n") > MOST_MAPPINGS:
        sys.modules["jax"].clear_caches()
        gc.collect()


@pytest.fixture
def strict_jax():
    """No implicit dtype promotion (int with float arrays) and no rank promotion by broadcasting.

    For tests of `learn/` and `diagnostics/`, whole files at a time:
    `pytestmark = pytest.mark.usefixtures("strict_jax")`. MJX itself fails under both, so such tests step no
    physics.
    """
    import jax

    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture(scope="session")
def opengl() -> str:
    """The OpenGL backend that works on this machine; without one, a test that draws is skipped."""
    from divbench.envs.gl import NoOpenGL, find_backend

    try:
        return find_backend()
    except NoOpenGL as error:
        pytest.skip(str(error))
