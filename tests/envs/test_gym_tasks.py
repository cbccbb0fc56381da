"""gymnasium's tasks under `host` beside gymnasium itself: state, observation, reward, end and resets."""

import dataclasses
import functools
import importlib.util
import math

import gymnasium
import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from divbench.envs import TASKS, make, parity, task_info
from divbench.envs.base import Sensed, definition_of
from divbench.envs.gymtasks.draws import noisy
from divbench.envs.gymtasks.oracle import GymOracle
from divbench.envs.models import load_model
from divbench.envs.names import GYM_TASKS
from divbench.envs.scenes import WITHOUT_CONTACTS, paying_states

STATES, STEPS = 12, 4
ENDING = [name for name, info in GYM_TASKS.items() if info.terminates]


def _first(tree):
    return jax.tree.map(lambda leaf: leaf[0], tree)


@pytest.mark.parametrize("name", GYM_TASKS)
def test_the_table_agrees_with_gymnasium(name):
    info, oracle, environment = GYM_TASKS[name], GymOracle(name), make(name, "host")
    assert task_info(name) is info and info.name == name and name not in TASKS
    assert oracle.environment.observation_space.shape == (info.observation_size,)
    np.testing.assert_array_equal(environment.action_low, oracle.environment.action_space.low.astype(float).round(6))
    np.testing.assert_array_equal(environment.action_high, oracle.environment.action_space.high.astype(float).round(6))
    assert gymnasium.spec(info.gymnasium_id).max_episode_steps == info.episode_length == environment.episode_length
    assert environment.substeps == oracle.environment.frame_skip
    assert environment.control_timestep == pytest.approx(oracle.environment.dt)
    assert environment.reward_range == (None, None) and environment.terminates == info.terminates
    assert (definition_of(name).terminated is not None) == info.terminates


def test_what_is_unknown_or_missing_gets_one_line(monkeypatch):
    with pytest.raises(ValueError, match="unknown task 'walker2'; did you mean 'walker2d'"):
        make("walker2")
    with pytest.raises(ValueError, match="task 'hopper' has no physics 'warp'; choose from: auto, mjx, host"):
        make("hopper", "warp")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gymnasium" else found(name))
    with pytest.raises(ValueError, match=r"^task 'hopper' needs the extra gym: pip install 'divbench\[gym\]'$"):
        make("hopper", "host")
    assert make("cheetah-run", "host").name == "cheetah-run"
    with pytest.raises(ValueError, match="needs the extra gym"):
        GymOracle("hopper")
    load_model.cache_clear()
    with pytest.raises(FileNotFoundError, match="gymnasium is not installed"):
        load_model("hopper")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "imageio" else found(name))
    with pytest.raises(ValueError, match=r"^gymnasium's own 'hopper' needs its extra mujoco: pip install 'gymnas"):
        GymOracle("hopper")


@pytest.mark.parametrize("name", GYM_TASKS)
def test_every_physical_array_is_gymnasiums(name):
    expected, edited = GymOracle(name).model, load_model(name).model
    compared, looks = 0, ("_", "name", "text", "paths", "mat_", "tex_", "geom_matid")
    for field in dir(expected):
        value = None if field.startswith(looks) else getattr(expected, field)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(edited, field), value, err_msg=field)
            compared += value.size
    assert compared > 500
    for field in ("timestep", "integrator", "cone", "solver", "iterations", "ls_iterations", "tolerance", "density",
                  "viscosity", "enableflags"):
        assert getattr(edited.opt, field) == getattr(expected.opt, field), field
    assert edited.opt.disableflags == expected.opt.disableflags | mujoco.mjtDisableBit.mjDSBL_AUTORESET


@pytest.mark.parametrize("name", GYM_TASKS)
def test_steps_equal_gymnasiums_where_it_pays_and_where_it_ends(name, x64):
    environment, oracle = make(name, "host"), GymOracle(name)
    place, step = jax.jit(environment.state_from), jax.jit(environment.step)
    touched, ends, paid = 0, [], []
    for scene, drive in zip(paying_states(oracle, STATES), oracle.actions((STATES, STEPS)), strict=True):
        shown = oracle.put(*scene)
        state = place(*scene)
        np.testing.assert_array_equal(state.obs, shown)
        np.testing.assert_array_equal(np.asarray(state.data.bits), oracle.start().bits)
        for action in drive:
            touched += oracle.data.ncon > 0
            state, (observation, reward) = step(state, action), oracle.step(action)
            np.testing.assert_array_equal(np.asarray(state.data.bits), oracle.start().bits)
            np.testing.assert_allclose(state.obs, observation, rtol=1e-13, atol=1e-13)
            np.testing.assert_allclose(state.reward, reward, rtol=1e-13, atol=1e-13)
            assert bool(state.done) == oracle.terminated and float(state.info["truncation"]) == 0.0
            ends.append(oracle.terminated)
            paid.append(reward)
    assert np.ptp(paid) > 1.0
    assert (0 < np.mean(ends) < 0.5) == (name in ENDING)
    assert (touched >= STATES * STEPS / 6) == (name not in WITHOUT_CONTACTS)


@pytest.mark.parametrize("name", GYM_TASKS)
def test_thirty_driven_steps_keep_every_bit_without_x64_and_the_rest_differs_by_rounding(name):
    environment, oracle = make(name, "host"), GymOracle(name, seed=11)
    oracle.reset()
    actions = oracle.actions((30,))
    drive = jax.jit(lambda state: jax.lax.scan(lambda s, a: (environment.step(s, a),) * 2, state, actions)[1])
    run = jax.tree.map(np.asarray, drive(environment.start(_first(environment.draw(np.array([11]))))))
    assert run.obs.dtype == np.float32
    for index, action in enumerate(actions):
        observation, reward = oracle.step(action)
        np.testing.assert_array_equal(run.data.bits[index], oracle.start().bits)
        np.testing.assert_allclose(run.obs[index], observation, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(run.reward[index], reward, rtol=1e-6, atol=1e-6)
        assert bool(run.done[index]) == oracle.terminated


def test_far_from_the_origin_a_speed_keeps_its_digits():
    """A float32 position there moves by 3e-5 m at least, in a step of 0.05 s: by 6e-4 m/s."""
    environment, oracle = make("halfcheetah", "host"), GymOracle("halfcheetah")
    qpos = np.zeros(9)
    qpos[0] = 500.25
    oracle.put(qpos, 0.5)
    state = jax.jit(environment.state_from)(qpos, np.full(9, 0.5))
    for action in oracle.actions((3,)):
        state, (_, reward) = jax.jit(environment.step)(state, action), oracle.step(action)
        assert float(state.reward) == pytest.approx(reward, rel=1e-6, abs=1e-6)


@functools.cache
def _terminated(name: str):
    def judge(qpos, qvel):
        nothing = jnp.zeros(0)
        return definition_of(name).terminated(Sensed(qpos, qvel, nothing, nothing, {}, nothing))

    return jax.jit(judge)


_ORACLES = {name: GymOracle(name) for name in ENDING}
_NUMBERS = st.one_of(
    st.floats(-0.5, 2.5),
    st.sampled_from([0.2, 0.7, 0.8, 1.0, 2.0, -0.2, -1.0, 99.9, 100.0, -100.0, math.nan, math.inf, -math.inf]),
)


@pytest.mark.parametrize("name", ENDING)
@settings(max_examples=60, deadline=None)
@given(position=st.tuples(_NUMBERS, _NUMBERS), speed=_NUMBERS)
def test_an_episode_ends_where_gymnasium_says(name, position, speed):
    oracle = _ORACLES[name]
    qpos, qvel = np.zeros(oracle.model.nq), np.zeros(oracle.model.nv)
    qpos[1:3], qvel[-1] = position, speed
    oracle.data.qpos[:], oracle.data.qvel[:] = qpos, qvel
    with jax.enable_x64(True):
        assert bool(_terminated(name)(qpos, qvel)) == oracle.environment.terminated


def test_termination_is_no_truncation_and_the_time_limit_is_no_termination():
    environment = make("hopper", "host")
    step = jax.jit(environment.step)
    begun = _first(environment.draw(np.array([0])))

    def after(lean: float, steps: int) -> tuple[float, float]:
        state = environment.state_from(np.asarray(begun.qpos) + np.eye(6)[2] * lean, begun.qvel)
        state = step(state.replace(info={**state.info, "steps": jnp.int32(steps)}), np.zeros(3))
        assert float(state.info["nonfinite"]) == 0.0
        return float(state.done), float(state.info["truncation"])

    assert after(lean=0.0, steps=0) == (0.0, 0.0)
    assert after(lean=0.3, steps=0) == (1.0, 0.0)
    assert after(lean=0.0, steps=999) == (1.0, 1.0)
    assert after(lean=0.3, steps=999) == (1.0, 0.0)


@pytest.mark.parametrize("name", ["halfcheetah", "swimmer"])
def test_what_never_terminates_ends_by_the_time_limit_alone(name):
    environment = make(name, "host")
    state = environment.reset(jax.random.key(0))
    state = state.replace(info={**state.info, "steps": jnp.int32(998)})
    for expected in (0.0, 1.0):
        state = jax.jit(environment.step)(state, np.ones(environment.action_size))
        assert (float(state.done), float(state.info["truncation"])) == (expected, expected)


@pytest.mark.parametrize("name", GYM_TASKS)
def test_physics_that_goes_bad_says_so_and_an_action_that_is_bad_counts_as_zero(name):
    environment = make(name, "host")
    state = environment.start(_first(environment.draw(np.array([1]))))
    step, still = jax.jit(environment.step), np.zeros(environment.action_size, np.float32)
    well, blamed = step(state, still), step(state, still + np.nan)
    np.testing.assert_array_equal(well.data.bits, blamed.data.bits)
    np.testing.assert_array_equal(well.obs, blamed.obs)
    assert [float(blamed.info[key]) for key in ("bad_action", "nonfinite")] == [1.0, 0.0]

    numbers = np.asarray(state.data.bits).view(np.float64).copy()
    numbers[1 + environment._task_model.model.nq] = np.nan  # the first velocity
    broken = state.replace(data=state.data.replace(bits=jnp.asarray(numbers.view(np.uint32))))
    for _ in range(2):
        broken = step(broken, still)
        assert float(broken.info["nonfinite"]) == 1.0 and np.isnan(broken.reward)
    again = step(state, still)
    np.testing.assert_array_equal(again.obs, well.obs)


@pytest.mark.parametrize(("name", "lanes"), [("ant", 6), ("ant", 66), ("humanoid", 66)])
def test_lanes_equal_single_environments_bit_for_bit(name, lanes):
    """66 are more than `host` keeps a simulation each of, and humanoid's contact forces want one. Ant is paid for a
    position that is no part of MuJoCo's state."""
    environment = make(name, "host")
    states = jax.jit(jax.vmap(environment.start))(environment.draw(np.arange(lanes)))
    actions = np.random.RandomState(0).uniform(-0.4, 0.4, (8, lanes, environment.action_size)).astype(np.float32)
    many, one = jax.jit(jax.vmap(environment.step)), jax.jit(environment.step)
    for action in actions[:-1]:
        states = many(states, action)
    last = many(states, actions[-1])
    for lane in (0, lanes // 2, lanes - 1):
        single = one(*jax.tree.map(lambda leaf, lane=lane: leaf[lane], (states, actions[-1])))
        np.testing.assert_array_equal(single.data.bits, last.data.bits[lane])
        np.testing.assert_array_equal(single.obs, last.obs[lane])
    folded = jax.tree.map(lambda leaf: leaf.reshape(2, lanes // 2, *leaf.shape[1:]), (states, actions[-1]))
    nested = jax.jit(jax.vmap(jax.vmap(environment.step)))(*folded)
    np.testing.assert_array_equal(nested.data.bits.reshape(last.data.bits.shape), last.data.bits)


@pytest.mark.parametrize("name", GYM_TASKS)
def test_draws_are_gymnasiums_resets(name, x64):
    seeds = np.array([7, 3, 2**40 + 7], np.uint64)
    environment = make(name, "host")
    drawn = environment.draw(seeds)
    for index, seed in enumerate(seeds):
        oracle = GymOracle(name, int(seed))
        shown = oracle.reset()
        state = environment.start(jax.tree.map(lambda leaf, index=index: leaf[index], drawn))
        np.testing.assert_array_equal(drawn.bits[index], oracle.start().bits)
        np.testing.assert_array_equal(state.obs, shown)
        placed = jax.jit(environment.state_from)(drawn.qpos[index], drawn.qvel[index])
        np.testing.assert_array_equal(placed.data.bits, drawn.bits[index])
    alone = environment.draw(seeds[1:2])
    jax.tree.map(lambda one, many: np.testing.assert_array_equal(one[0], many[1]), alone, drawn)
    assert environment.draw(seeds[:0]).qpos.shape == (0, drawn.qpos.shape[1])


@functools.cache
def _gymnasiums(name: str) -> np.ndarray:
    """500 of gymnasium's resets, `[500, nq + nv]`."""
    drawn = make(name, "host").draw(np.arange(500, dtype=np.uint64) + np.uint64(2**40))
    return np.concatenate([drawn.qpos, drawn.qvel], 1)


def _p_value(name: str, noise) -> float:
    """Smallest p-value of two-sample tests on each coordinate of 500 resets from each side, times their number."""
    model, keys = load_model(name).model, jax.random.split(jax.random.key(5), 500)
    ours = jax.vmap(lambda key: noisy(key, noise, model.qpos0, model.nv, np.dtype(np.float64)))(keys)
    pairs = zip(np.concatenate(ours, 1).T, _gymnasiums(name).T, strict=True)
    p_values = [stats.ks_2samp(one, other).pvalue for one, other in pairs]
    return min(1.0, len(p_values) * min(p_values))


@pytest.mark.parametrize("name", GYM_TASKS)
def test_resets_are_distributed_as_gymnasiums(name, x64):
    """Those drawn on the host and those drawn in JAX. Of 2**31, the seed that the table of parity gives gymnasium's
    side, one coordinate of that side's own 500 numbers is unlikely to be uniform (p 0.0002), so here it is another."""
    p_value, coordinates = parity.reset_difference(name, draws=500, seed=2**32)
    model = load_model(name).model
    assert p_value > 0.01 and coordinates == model.nq + model.nv
    assert _p_value(name, definition_of(name).reset_noise) > 0.01


@pytest.mark.parametrize("name", ["halfcheetah", "hopper"])
def test_another_distribution_of_resets_is_found(name, x64):
    noise = definition_of(name).reset_noise
    wide = dataclasses.replace(noise, scale=1.5 * noise.scale)
    other = dataclasses.replace(noise, normal_velocities=not noise.normal_velocities)
    assert max(_p_value(name, wide), _p_value(name, other)) < 0.01


@pytest.mark.parametrize("name", ["ant", "hopper"])
def test_reset_draws_what_its_key_says(name):
    environment = make(name, "host")
    keys = jax.random.split(jax.random.key(3), 3)
    states = jax.jit(jax.vmap(environment.reset))(keys)
    again = jax.jit(environment.reset)(keys[1])
    np.testing.assert_array_equal(states.data.bits[1], again.data.bits)
    assert len(np.unique(np.asarray(states.obs), axis=0)) == 3
    assert states.obs.shape == (3, GYM_TASKS[name].observation_size) and states.obs.dtype == np.float32
    np.testing.assert_array_equal(again.done, 0.0)
