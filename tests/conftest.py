"""What all tests share: an environment without a display, and strict JAX for those that ask for it."""

import os

os.environ.setdefault("MUJOCO_GL", "disable")
# Read when JAX starts; a test of the learner may start it before a test of host physics needs this.
os.environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "false")

import pytest


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
