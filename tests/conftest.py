"""Fixtures and process settings that all tests share: no display, cheap and shared compilation, strict JAX."""

import os
from importlib.metadata import version

os.environ.setdefault("MUJOCO_GL", "disable")
# Read when JAX starts; a test of the learner may start it before a test of host physics needs this.
os.environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "false")
# Most of a test's time is compilation. Here XLA and LLVM optimize little; `make test-slow` compiles as users do.
if os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1") == "1":
    flags = ["--xla_cpu_parallel_codegen_split_count=1"]
    if version("jaxlib").startswith("0.10."):  # later ones have no such flag, and XLA aborts at one it does not know
        flags.append("--xla_cpu_use_fusion_emitters=false")
    os.environ.setdefault("XLA_FLAGS", " ".join(flags))

import gc
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# No test fails for a machine that is slow or busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# In tests alone, calls of these modules' functions are checked against the shapes of their annotations.
SHAPED = ["divbench.learn.replay", "divbench.learn.losses", "divbench.learn.normalisations",
          *(f"divbench.diagnostics.{name}" for name in ("values", "features", "policy", "kernels.gram",
                                                        "kernels.products", "kernels.summaries", "kernels.layers",
                                                        "kernels.directions", "kernels.preconditioning"))]
install_import_hook(SHAPED, "beartype.beartype")

# All processes of one test run share what they compile: xdist's workers and the commands that tests start inherit
# these. JAX keeps no program with a callback there, so `host` physics is compiled anew by each process.
CACHE = "JAX_COMPILATION_CACHE_DIR"
OWN_CACHE = None
if CACHE not in os.environ:
    OWN_CACHE = os.environ[CACHE] = tempfile.mkdtemp(prefix="divbench-tests-")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"


def pytest_unconfigure(config):
    """The process that made the cache of compiled programs removes it."""
    if OWN_CACHE is not None:
        shutil.rmtree(OWN_CACHE, ignore_errors=True)


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
