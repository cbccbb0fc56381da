"""What the tests of the tasks share: float64, and which tasks are in every run."""

import os

os.environ.setdefault("MUJOCO_GL", "disable")

import jax  # noqa: E402
import pytest  # noqa: E402

from divbench.envs import SIMULATED  # noqa: E402

# Tasks with the model of another: what concerns physics and observation alone is tested of them in `make test-slow`.
SAME_MODEL = ("dog-stand", "dog-trot", "dog-walk", "finger-turn_hard", "hopper-stand", "humanoid-stand",
              "humanoid-walk", "quadruped-walk")
ONE_OF_EACH_MODEL = [pytest.param(name, marks=pytest.mark.slow if name in SAME_MODEL else ()) for name in SIMULATED]


@pytest.fixture
def x64():
    """Runs the test in float64."""
    with jax.enable_x64(True):
        yield
