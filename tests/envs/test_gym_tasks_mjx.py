"""gymnasium's tasks under `mjx` beside gymnasium: each control step begun at gymnasium's own state.

The bounds below are relative to 1 + |value|, and hold for the states here. Where float64 is above 1e-9, here
(humanoid) or at rarer states (ant: legs that stand upright on the floor), docs/parity.md says why.
"""

import jax
import numpy as np
import pytest

from divbench.envs import make, parity
from divbench.envs.gymtasks.oracle import GymOracle
from divbench.envs.names import GYM_TASKS
from divbench.envs.scenes import WITHOUT_CONTACTS, paying_states

STATES, STEPS = 12, 4

# Task: largest error of a position, an observation and a reward after one control step, in float64.
BOUNDS = {
    "halfcheetah": (1e-9, 1e-9, 1e-9),
    "swimmer": (1e-9, 1e-9, 1e-9),
    "hopper": (1e-9, 1e-9, 1e-9),
    "walker2d": (1e-9, 1e-9, 1e-9),
    "ant": (1e-9, 1e-9, 1e-9),
    "humanoid": (1e-6, 1e-3, 1e-6),
}


def _cases(names, in_every_run):
    slow = pytest.mark.slow
    return [pytest.param(name, marks=() if name in in_every_run else slow) for name in names]


def _largest_errors(name: str) -> list[float]:
    """Of position, observation and reward; the ends of all steps must agree."""
    environment, oracle = make(name, "mjx"), GymOracle(name)
    run = jax.jit(lambda start, action: environment.step(environment.start(start), action))
    errors, touched, ends = [], 0, []
    for scene, drive in zip(paying_states(oracle, STATES), oracle.actions((STATES, STEPS)), strict=True):
        oracle.put(*scene)
        for action in drive:
            touched += oracle.data.ncon > 0
            state = run(oracle.start(), action)
            observation, reward = oracle.step(action)
            assert state.obs.dtype == np.float64 and bool(state.done) == oracle.terminated
            pairs = ((state.data.qpos, oracle.data.qpos), (state.obs, observation), (state.reward, reward))
            errors.append([np.max(np.abs(found - true) / (1 + np.abs(true))) for found, true in pairs])
            ends.append(oracle.terminated)
    assert (0 < np.mean(ends) < 0.5) == GYM_TASKS[name].terminates
    assert (touched >= STATES * STEPS / 6) == (name not in WITHOUT_CONTACTS)
    print(name, "largest", np.max(errors, 0), "median", np.median(errors, 0))
    return np.max(errors, 0).tolist()


@pytest.mark.parametrize("name", _cases(BOUNDS, ("swimmer",)))
def test_float64_steps_equal_gymnasiums(name, x64):
    jax.clear_caches()  # some of MJX's small functions are not told apart by precision
    measured = _largest_errors(name)
    assert all(value <= bound for value, bound in zip(measured, BOUNDS[name], strict=True)), measured


def test_a_reset_is_drawn_without_leaving_the_program():
    for physics, leaves in (("mjx", False), ("host", True)):
        drawn = jax.make_jaxpr(make("swimmer", physics).reset)(jax.random.key(0))
        assert ("callback" in str(drawn)) == leaves


@pytest.mark.parametrize("name", _cases(GYM_TASKS, ("ant",)))
def test_a_reset_is_the_state_that_host_makes_of_the_same_key(name):
    """Quaternions too, which gymnasium's resets do not make unit ones (ant, humanoid). Float64 is the process's here: a
    callback can come on another thread than the test's."""
    with parity._computing_in("float64"):
        key = jax.random.key(4)
        ours, theirs = (jax.jit(make(name, physics).reset)(key) for physics in ("mjx", "host"))
        np.testing.assert_allclose(ours.obs, theirs.obs, rtol=1e-12, atol=1e-12)
        assert float(ours.done) == float(theirs.done) == 0.0
