"""`host` against dm_control: the same numbers, to the last bit of the state."""

import jax
import numpy as np
import pytest

from divbench.envs import TASKS, make

STATES, STEPS = 24, 4


@pytest.mark.parametrize("name", TASKS)
def test_steps_equal_dm_control_where_it_pays(name, x64, oracle):
    environment, reference = make(name, "host"), oracle.load(name)
    place, step = jax.jit(environment.state_from), jax.jit(environment.step)
    actions = oracle.actions_for(reference, (STATES, STEPS))
    paid = touched = 0
    for (qpos, qvel, act), drive in zip(
        oracle.rewarding_states(name, reference, STATES), actions, strict=True
    ):
        shown = oracle.put(reference, qpos, qvel, act)
        state = place(qpos, qvel, act)
        np.testing.assert_allclose(state.obs, shown, rtol=0, atol=1e-13)
        for action in drive:
            touched += reference.physics.data.ncon > 0
            state, expected = step(state, action), reference.step(action)
            bits = np.asarray(state.data.bits)
            np.testing.assert_array_equal(bits, oracle.integration_state(reference).view(np.uint32))
            np.testing.assert_allclose(state.obs, oracle.flatten(expected.observation), rtol=0, atol=1e-12)
            np.testing.assert_allclose(state.reward, expected.reward, rtol=0, atol=1e-14)
            paid += expected.reward > 0.1
    assert paid >= STATES * STEPS / 2, f"only {paid} of {STATES * STEPS} steps pay"
    assert touched >= STATES * STEPS / 3, f"only {touched} of {STATES * STEPS} steps touch"


@pytest.mark.parametrize("name", TASKS)
def test_sixty_driven_steps_keep_every_bit_without_x64(name, oracle):
    """The state never passes through float32, though observations and actions do."""
    environment, reference = make(name, "host"), oracle.load(name, seed=11)
    first = reference.reset()
    state = jax.jit(environment.start)(jax.tree.map(lambda leaf: leaf[0], environment.draw(np.array([11]))))
    np.testing.assert_allclose(state.obs, oracle.flatten(first.observation), rtol=1e-6, atol=1e-6)
    actions = oracle.actions_for(reference, (60,))
    _, run = jax.jit(lambda state: jax.lax.scan(lambda s, a: (environment.step(s, a),) * 2, state, actions))(
        state
    )
    for index, action in enumerate(actions):
        expected = reference.step(action)
        observed = oracle.flatten(expected.observation)
        np.testing.assert_array_equal(
            np.asarray(run.data.bits[index]), oracle.integration_state(reference).view(np.uint32)
        )
        np.testing.assert_allclose(run.obs[index], observed, rtol=2e-7, atol=1e-6)
        np.testing.assert_allclose(run.reward[index], expected.reward, rtol=0, atol=1e-6)
    assert run.obs.dtype == np.float32


@pytest.mark.parametrize("name", TASKS)
def test_draws_are_dm_controls_resets(name, x64, oracle):
    seeds = np.array([7, 3, 123456], np.uint64)
    environment = make(name, "host")
    drawn = environment.draw(seeds)
    for index, seed in enumerate(seeds):
        reference = oracle.load(name, int(seed))
        expected = oracle.flatten(reference.reset().observation)
        state = environment.start(jax.tree.map(lambda leaf, index=index: leaf[index], drawn))
        np.testing.assert_array_equal(drawn.bits[index], oracle.integration_state(reference).view(np.uint32))
        np.testing.assert_allclose(state.obs, expected, rtol=0, atol=1e-14)
    alone = environment.draw(seeds[1:2])
    jax.tree.map(lambda one, all_: np.testing.assert_array_equal(one[0], all_[1]), alone, drawn)
    wide = environment.draw(np.array([2**40 + 7], np.uint64))
    assert not np.array_equal(wide.bits[0], drawn.bits[0])
