"""What holds for every environment: purity, lanes, the time limit, and who is to blame."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs import TASKS, make
from divbench.envs.host import HostPhysics, _Lanes
from divbench.envs.models import load_model
from tests.envs.conftest import ONE_OF_EACH_MODEL


def _equal(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def _driven(environment, lanes: int, seed: int = 0):
    """States after five random steps, with a leading axis, and one action for each."""
    states = jax.jit(jax.vmap(environment.start))(environment.draw(np.arange(lanes) + seed))
    shape = (6, lanes, environment.action_size)
    actions = np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)
    step = jax.jit(jax.vmap(environment.step))
    for action in actions[:5]:
        states = step(states, action)
    return states, actions[5]


@pytest.mark.bits
@pytest.mark.parametrize("name", ["cheetah-run", pytest.param("quadruped-run", marks=pytest.mark.slow)])
def test_lanes_equal_single_environments_bit_for_bit(name):
    """Twelve lanes, as (3, 4) and as 12, with and without threads, against one at a time."""
    environment = make(name, "host")
    states, actions = _driven(environment, 12)
    flat = jax.jit(jax.vmap(environment.step))(states, actions)
    _equal(flat, jax.jit(jax.vmap(environment.step))(states, actions))

    fold = jax.tree.map(lambda leaf: leaf.reshape(3, 4, *leaf.shape[1:]), (states, actions))
    nested = jax.jit(jax.vmap(jax.vmap(environment.step)))(*fold)
    _equal(flat, jax.tree.map(lambda leaf: leaf.reshape(12, *leaf.shape[2:]), nested))

    for threads in (1, 3):
        physics = HostPhysics(load_model(name), environment._physics._substeps)
        physics._lanes["step", 12] = _Lanes(physics._model, 12, threads)
        bits, _, _ = jax.jit(jax.vmap(physics.advance))(states.data, actions)
        assert physics._lanes["step", 12].batch.nthread == threads
        np.testing.assert_array_equal(bits.bits, flat.data.bits)

    step = jax.jit(environment.step)
    for lane in range(12):
        single = step(*jax.tree.map(lambda leaf, lane=lane: leaf[lane], (states, actions)))
        many = jax.tree.map(lambda leaf, lane=lane: leaf[lane], flat)
        np.testing.assert_array_equal(single.data.bits, many.data.bits)
        # XLA may round a sum of a batch differently from a single one.
        np.testing.assert_allclose(single.obs, many.obs, rtol=1e-6, atol=1e-7)


@pytest.mark.bits
def test_a_neighbour_that_breaks_changes_no_bit():
    environment = make("walker-run", "host")
    states, actions = _driven(environment, 4)
    step = jax.jit(jax.vmap(environment.step))
    well = step(states, actions)
    ill = step(states, jnp.asarray(actions).at[1].set(np.nan))
    keep = np.array([0, 2, 3])
    _equal(*(jax.tree.map(lambda leaf: leaf[keep], state) for state in (well, ill)))


@pytest.mark.parametrize("name", ONE_OF_EACH_MODEL)
def test_reset_draws_what_its_key_says(name):
    environment = make(name, "host")
    keys = jax.random.split(jax.random.key(3), 3)
    states = jax.jit(jax.vmap(environment.reset))(keys)
    again = jax.jit(environment.reset)(keys[1])
    np.testing.assert_array_equal(states.data.bits[1], again.data.bits)
    assert len(np.unique(np.asarray(states.data.bits), axis=0)) == 3
    words = np.asarray(jax.random.bits(keys[1], (2,), jnp.uint32)).astype(np.uint64)
    seed = (words[0] << np.uint64(32)) | words[1]
    np.testing.assert_array_equal(again.data.bits, environment.draw(seed[None]).bits[0])
    assert states.obs.shape == (3, TASKS[name].observation_size) and states.obs.dtype == np.float32
    legacy = environment.reset(jax.random.PRNGKey(0))
    assert legacy.obs.shape == (TASKS[name].observation_size,)


def test_the_time_limit_truncates_and_only_then():
    environment = make("cheetah-run", "host")

    def run(state):
        def body(state, _):
            state = environment.step(state, jnp.zeros(6))
            return state, (state.done, state.info["truncation"], state.info["steps"])

        return jax.lax.scan(body, state, None, length=1001)[1]

    done, truncation, steps = jax.jit(run)(environment.reset(jax.random.key(0)))
    np.testing.assert_array_equal(steps, np.arange(1, 1002))
    np.testing.assert_array_equal(done, steps >= 1000)
    np.testing.assert_array_equal(truncation, done)


_BAD = [np.nan, np.inf, -np.inf, 1e30]


@pytest.mark.parametrize("name", ONE_OF_EACH_MODEL)
def test_a_bad_action_is_the_learners_fault_and_counts_as_zero(name):
    environment = make(name, "host")
    states, actions = _driven(environment, len(_BAD))
    actions[:, 0] = _BAD
    step = jax.jit(jax.vmap(environment.step))
    after = step(states, actions)
    zeroed = step(states, np.zeros_like(actions))
    np.testing.assert_array_equal(after.info["bad_action"], 1.0)
    np.testing.assert_array_equal(after.info["nonfinite"], 0.0)
    np.testing.assert_array_equal(after.data.bits, zeroed.data.bits)
    np.testing.assert_array_equal(after.obs, zeroed.obs)
    recovered = step(after, np.zeros_like(actions))
    np.testing.assert_array_equal(recovered.info["bad_action"], 0.0)


@pytest.mark.parametrize("name", ONE_OF_EACH_MODEL)
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e11, 1e9])
def test_physics_that_goes_bad_says_so_and_stays_bad(name, value):
    """MuJoCo's own remedy, resetting to a finite state, is off; 1e9 is valid and goes bad alone."""
    environment = make(name, "host")
    state = environment.start(jax.tree.map(lambda leaf: leaf[0], environment.draw(np.array([1]))))
    numbers = np.asarray(state.data.bits).view(np.float64).copy()
    numbers[1 + environment._task_model.model.nq :][: environment._task_model.model.nv] = value
    state = state.replace(data=state.data.replace(bits=jnp.asarray(numbers.view(np.uint32))))
    step = jax.jit(environment.step)
    for _ in range(5):
        state = step(state, np.zeros(environment.action_size, np.float32))
    if value == 1e9:  # valid in itself: either it survives, finite, or it is reported
        moving = np.asarray(state.data.bits).view(np.float64)[environment._physics._moving]
        assert float(state.info["nonfinite"]) == 1.0 or (np.abs(moving) <= 1e10).all()
    else:
        assert float(state.info["nonfinite"]) == 1.0
    assert float(state.info["bad_action"]) == 0.0
    well = environment.reset(jax.random.key(0))
    assert float(step(well, np.zeros(environment.action_size, np.float32)).info["nonfinite"]) == 0.0


def test_mjx_lanes_tell_truncation_bad_actions_and_bad_physics_apart():
    """One program for it all: lane 0 is well, 1 ends, 2 has a bad action, 3 bad physics."""
    environment = make("cheetah-run", "mjx")
    states = jax.jit(jax.vmap(environment.start))(environment.draw(np.zeros(4, int)))
    steps = jnp.array([0, 999, 0, 0], jnp.int32)
    qvel = states.data.qvel.at[3, 0].set(jnp.nan)
    states = states.replace(data=states.data.replace(qvel=qvel), info={**states.info, "steps": steps})
    actions = jnp.full((4, 6), 0.5).at[2, 3].set(jnp.nan)
    step = jax.jit(jax.vmap(environment.step))
    after = step(states, actions)
    np.testing.assert_array_equal(after.done, [0, 1, 0, 0])
    np.testing.assert_array_equal(after.info["truncation"], [0, 1, 0, 0])
    np.testing.assert_array_equal(after.info["bad_action"], [0, 0, 1, 0])
    np.testing.assert_array_equal(after.info["nonfinite"], [0, 0, 0, 1])
    np.testing.assert_array_equal(after.obs[0], after.obs[1])
    assert np.isfinite(after.obs[:3]).all()
    _equal(after, step(states, actions))
    host = make("cheetah-run", "host")
    start = jax.tree.map(lambda leaf: leaf[0], host.draw(np.zeros(1, int)))
    single = jax.jit(host.step)(host.start(start), actions[0])
    np.testing.assert_allclose(after.obs[0], single.obs, rtol=1e-4, atol=1e-4)


def test_wrong_shapes_are_refused_in_one_line():
    environment = make("cheetah-run", "host")
    state = environment.reset(jax.random.key(0))
    with pytest.raises(ValueError, match=r"action must have shape \(6,\), got \(5,\)"):
        environment.step(state, np.zeros(5))
    with pytest.raises(ValueError, match=r"qvel must have shape \(9,\)"):
        environment.state_from(np.zeros(9), np.zeros(3))
    with pytest.raises(ValueError, match="non-negative integers"):
        environment.draw(np.array([-1]))


@pytest.mark.timeout(120)
def test_a_long_jitted_loop_neither_hangs_nor_crashes(tmp_path):
    """In its own process. Callbacks run in XLA's threads: with asynchronous dispatch they can hang,
    and thread-local storage in them crashed Python 3.11."""
    code = """
import jax, jax.numpy as jnp
from divbench.envs import make
assert not jax.config.values["jax_cpu_enable_async_dispatch"], "set before make() first asks for a device"
env = make("cheetah-run", "host")
states = jax.jit(jax.vmap(env.reset))(jax.random.split(jax.random.key(0), 3))
def body(states, key):
    weights = jax.random.normal(key, (256, 256)) @ jax.random.normal(key, (256, 256))
    actions = jnp.tanh(weights[:3, :6])
    states = jax.vmap(env.step)(states, actions)
    return states, states.reward
states, rewards = jax.jit(lambda s: jax.lax.scan(body, s, jax.random.split(jax.random.key(1), 1500)))(states)
print(float(rewards.sum()), int(states.info["steps"][0]))
"""
    of_tests = ("JAX_CPU_ENABLE_ASYNC_DISPATCH", "JAX_DISABLE_MOST_OPTIMIZATIONS", "XLA_FLAGS")
    plain = {name: value for name, value in os.environ.items() if name not in of_tests}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=110, cwd=tmp_path, env=plain
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout.split()[-1] == "1500"
