"""`mjx` against dm_control: a control step from dm_control's own state, then a few in a row.

The bounds below are relative to 1 + |value|, because accelerations and forces reach thousands. They
hold for steps that pay and touch, as the test itself demands. Where float64 stays above 1e-9:

* finger: MJX finds the nearest points of two capsules with 1e-6 added to a denominator
  (`closest_segment_to_segment_points`). Where fingertip meets the spinner away from a capsule's end,
  the normal is off by up to 3e-4. The elliptic cone carries it into a step's velocities, at some
  states 1e-5 after one step and 1e-3 after four. All other pairs agree to 1e-15.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs import Start, make

STATES, STEPS = 24, 4

# Task: largest error of an observation after one step, of one after STEPS in a row, of a reward.
BOUNDS_64 = {
    "cheetah-run": (1e-12, 1e-12, 1e-13),
    "walker-run": (1e-12, 1e-11, 1e-13),
    "hopper-stand": (1e-12, 1e-12, 1e-13),
    "hopper-hop": (1e-12, 1e-12, 1e-13),
    "finger-spin": (2e-4, 2e-2, 1e-13),
    "quadruped-run": (1e-10, 1e-9, 1e-12),
}
BOUNDS_32 = {
    "cheetah-run": (1e-4, 1e-3, 1e-5),
    "walker-run": (1e-4, 5e-3, 1e-5),
    "hopper-stand": (1e-4, 1e-3, 1e-5),
    "hopper-hop": (1e-4, 1e-3, 1e-5),
    "finger-spin": (2e-4, 2e-2, 1e-5),
    # The accelerometer: differences of large forces.
    "quadruped-run": (5e-3, 2e-2, 1e-5),
}
# A program takes 10 to 90 seconds to compile on two slow cores.
_IN_EVERY_RUN_64 = ("cheetah-run", "hopper-hop", "finger-spin")
_IN_EVERY_RUN_32 = ("cheetah-run",)


def _cases(bounds, in_every_run):
    slow = pytest.mark.slow
    return [pytest.param(name, marks=() if name in in_every_run else slow) for name in bounds]


@functools.cache
def _program(name: str, x64: bool):
    """One program: begin at a state, then take steps. The flag keeps the two precisions apart."""
    environment = make(name, "mjx")
    sensors = environment._task_model.model.nsensordata

    def run(qpos, qvel, act, qacc_warmstart, actions):
        nothing = jnp.zeros(0, qpos.dtype)
        start = Start(
            bits=jnp.zeros(0, jnp.uint32),
            qpos=qpos,
            qvel=qvel,
            act=act,
            qacc_warmstart=qacc_warmstart,
            sensordata=jnp.zeros(sensors, qpos.dtype),  # read by the first observation alone
            target=nothing,
        )
        state = environment.start(start)
        return jax.lax.scan(lambda s, a: (environment.step(s, a),) * 2, state, actions)[1]

    return jax.jit(run)


def _check(name: str, oracle, bounds, x64: bool) -> None:
    dtype = np.float64 if x64 else np.float32
    reference = oracle.load(name)
    actions = oracle.actions_for(reference, (STATES, STEPS))
    one = many = reward = 0.0
    paid = touched = 0
    for (qpos, qvel, act), drive in zip(
        oracle.rewarding_states(name, reference, STATES), actions, strict=True
    ):
        oracle.put(reference, qpos, qvel, act)
        data = reference.physics.data
        begun = [leaf.astype(dtype) for leaf in (data.qpos, data.qvel, data.act, data.qacc_warmstart)]
        run = _program(name, x64)(*begun, drive.astype(dtype))
        assert run.obs.dtype == dtype
        for index, action in enumerate(drive):
            touched += data.ncon > 0
            expected = reference.step(action)
            observed = oracle.flatten(expected.observation)
            error = float(np.max(np.abs(run.obs[index] - observed) / (1 + np.abs(observed))))
            many = max(many, error)
            paid += expected.reward > 0.1
            if index == 0:
                one = max(one, error)
                reward = max(reward, abs(float(run.reward[0]) - expected.reward))
    assert paid >= STATES * STEPS / 2, f"only {paid} of {STATES * STEPS} steps pay"
    assert touched >= STATES * STEPS / 3, f"only {touched} of {STATES * STEPS} steps touch"
    measured = (one, many, reward)
    print(name, dtype.__name__, [f"{value:.1e}" for value in measured])
    assert all(value <= bound for value, bound in zip(measured, bounds[name], strict=True)), measured


@pytest.mark.parametrize("name", _cases(BOUNDS_64, _IN_EVERY_RUN_64))
def test_float64_steps_equal_dm_control(name, x64, oracle):
    _check(name, oracle, BOUNDS_64, x64=True)


@pytest.mark.parametrize("name", _cases(BOUNDS_32, _IN_EVERY_RUN_32))
def test_float32_steps_stay_near_dm_control(name, oracle):
    _check(name, oracle, BOUNDS_32, x64=False)


@pytest.mark.parametrize("name", _cases(BOUNDS_64, ("cheetah-run",)))
def test_placed_and_drawn_states_show_what_dm_control_shows(name, x64, oracle):
    """Acceleration-stage sensors included, which a placed state must compute by itself."""
    environment, reference = make(name, "mjx"), oracle.load(name)
    place = jax.jit(lambda *state: environment.state_from(*state).obs)
    bound = 1e-9 if name != "finger-spin" else 1e-3
    for qpos, qvel, act in oracle.rewarding_states(name, reference, 8):
        shown = oracle.put(reference, qpos, qvel, act)
        error = np.abs(place(qpos, qvel, act) - shown) / (1 + np.abs(shown))
        assert error.max() <= bound, error.max()

    shown = oracle.flatten(oracle.load(name, seed=5).reset().observation)
    drawn = jax.tree.map(lambda leaf: leaf[0], environment.draw(np.array([5])))
    np.testing.assert_allclose(jax.jit(environment.start)(drawn).obs, shown, rtol=0, atol=1e-14)
