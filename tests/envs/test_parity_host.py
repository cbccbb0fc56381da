"""`host` against dm_control: the same numbers, to the last bit of the state."""

import jax
import numpy as np
import pytest

from divbench.envs import SIMULATED, make
from divbench.envs.oracle import Oracle
from divbench.envs.scenes import WITHOUT_CONTACTS, paying_states
from tests.envs.conftest import ONE_OF_EACH_MODEL

STATES, STEPS = 24, 4


@pytest.mark.parametrize("name", SIMULATED)
def test_steps_equal_dm_control_where_it_pays(name, x64):
    environment, oracle = make(name, "host"), Oracle(name)
    place, step = jax.jit(environment.state_from), jax.jit(environment.step)
    paid = touched = 0
    for scene, drive in zip(paying_states(oracle, STATES), oracle.actions((STATES, STEPS)), strict=True):
        shown = oracle.put(*scene)
        state = place(*scene)
        np.testing.assert_allclose(state.obs, shown, rtol=0, atol=1e-13)
        for action in drive:
            touched += oracle.data.ncon > 0
            state, (observation, reward) = step(state, action), oracle.step(action)
            np.testing.assert_array_equal(np.asarray(state.data.bits), oracle.start().bits)
            np.testing.assert_allclose(state.obs, observation, rtol=0, atol=1e-12)
            np.testing.assert_allclose(state.reward, reward, rtol=0, atol=1e-14)
            paid += reward > 0.1
    assert paid >= STATES * STEPS / 2, f"only {paid} of {STATES * STEPS} steps pay"
    if name not in WITHOUT_CONTACTS:
        assert touched >= STATES * STEPS / 3, f"only {touched} of {STATES * STEPS} steps touch"


@pytest.mark.parametrize("name", ONE_OF_EACH_MODEL)
def test_sixty_driven_steps_keep_every_bit_without_x64(name):
    """The state never passes through float32, though observations and actions do."""
    environment, oracle = make(name, "host"), Oracle(name, seed=11)
    shown = oracle.reset()
    state = jax.jit(environment.start)(jax.tree.map(lambda leaf: leaf[0], environment.draw(np.array([11]))))
    np.testing.assert_allclose(state.obs, shown, rtol=1e-6, atol=1e-6)
    actions = oracle.actions((60,))
    _, run = jax.jit(lambda state: jax.lax.scan(lambda s, a: (environment.step(s, a),) * 2, state, actions))(
        state
    )
    for index, action in enumerate(actions):
        observation, reward = oracle.step(action)
        np.testing.assert_array_equal(np.asarray(run.data.bits[index]), oracle.start().bits)
        np.testing.assert_allclose(run.obs[index], observation, rtol=2e-7, atol=1e-6)
        np.testing.assert_allclose(run.reward[index], reward, rtol=0, atol=1e-6)
    assert run.obs.dtype == np.float32


@pytest.mark.parametrize("name", SIMULATED)
def test_draws_are_dm_controls_resets(name, x64):
    seeds = np.array([7, 3, 123456], np.uint64)
    environment = make(name, "host")
    drawn = environment.draw(seeds)
    for index, seed in enumerate(seeds):
        oracle = Oracle(name, int(seed))
        shown = oracle.reset()
        state = environment.start(jax.tree.map(lambda leaf, index=index: leaf[index], drawn))
        np.testing.assert_array_equal(drawn.bits[index], oracle.start().bits)
        np.testing.assert_array_equal(drawn.target[index], oracle.start().target)
        np.testing.assert_allclose(state.obs, shown, rtol=0, atol=1e-14)
    alone = environment.draw(seeds[1:2])
    jax.tree.map(lambda one, all_: np.testing.assert_array_equal(one[0], all_[1]), alone, drawn)
    wide = environment.draw(np.array([2**40 + 7], np.uint64))
    assert not np.array_equal(wide.bits[0], drawn.bits[0])
