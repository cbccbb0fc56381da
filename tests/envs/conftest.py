"""What the tests of the tasks share: float64."""

import os

os.environ.setdefault("MUJOCO_GL", "disable")

import jax  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def x64():
    """Runs the test in float64."""
    with jax.enable_x64(True):
        yield
