"""The Gymnasium view, by Gymnasium's own checks and beside the environment that it shows."""

import subprocess
import sys

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import divbench.envs.gym  # noqa: F401  registers the names
from divbench.envs import SIMULATED, make


@pytest.mark.filterwarnings("ignore:.*infinity.*:UserWarning")  # observations have no bounds
@pytest.mark.parametrize("name", ["cheetah-run", "quadruped-run", "reacher-hard"])
def test_gymnasiums_own_checks_pass(name):
    check_env(gymnasium.make(f"divbench/{name}-v0", physics="host").unwrapped, skip_render_check=True)


def test_gymnasiums_checks_of_pictures_pass_too(opengl):
    view = gymnasium.make("divbench/pendulum-swingup-v0", physics="host", render_mode="rgb_array")
    check_env(view.unwrapped)
    view.reset(seed=0)
    first = view.render()
    for _ in range(20):
        view.step(view.action_space.high)
    assert first.shape == (240, 320, 3) and (view.render() != first).any()
    view.close()


def test_what_cannot_be_drawn_says_so():
    with pytest.raises(ValueError, match="render_mode: expected None or 'rgb_array', got 'human'"):
        divbench.envs.gym.GymEnvironment("pendulum-swingup", "host", render_mode="human")
    view = divbench.envs.gym.GymEnvironment("pendulum-swingup", "host", render_mode="rgb_array")
    with pytest.raises(gymnasium.error.ResetNeeded):
        view.render()
    assert divbench.envs.gym.GymEnvironment("pendulum-swingup", "host").render() is None


def test_every_task_has_a_name_that_needs_no_other_import():
    assert {f"divbench/{name}-v0" for name in SIMULATED} <= set(gymnasium.registry)
    code = "import gymnasium; gymnasium.make('divbench.envs.gym:divbench/cheetah-run-v0')"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_episode_is_that_of_the_environment():
    environment = make("pendulum-swingup", "host")
    view = gymnasium.make("divbench/pendulum-swingup-v0", physics="host")
    obs, info = view.reset(seed=3)
    again, _ = view.reset(seed=3)
    np.testing.assert_array_equal(obs, again)
    other, _ = view.reset()
    assert not np.array_equal(obs, other)
    assert info == {"nonfinite": False}
    state = view.unwrapped._state
    step = jax.jit(environment.step)
    actions = np.random.RandomState(0).uniform(-1, 1, (environment.episode_length, 1)).astype(np.float32)
    for index, action in enumerate(actions):
        obs, reward, terminated, truncated, _ = view.step(action)
        state = step(state, action)
        np.testing.assert_array_equal(obs, state.obs)
        assert reward == float(state.reward) and not terminated
        assert truncated == (index == environment.episode_length - 1)


def test_many_at_once_begin_anew_together():
    many = gymnasium.make_vec("divbench/pendulum-swingup-v0", num_envs=3, physics="host")
    first, _ = many.reset(seed=5)
    assert first.shape == (3, 3) and not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(many.reset(seed=5)[0], first)
    actions = np.zeros(many.action_space.shape, np.float32)
    for index in range(1000):
        obs, reward, terminated, truncated, _ = many.step(actions)
        assert truncated.all() == (index == 999) and not terminated.any()
    fresh, reward, _, truncated, _ = many.step(actions)
    assert not truncated.any() and not reward.any() and not np.array_equal(fresh, obs)
    assert fresh.shape == many.observation_space.shape


def test_stepping_before_resetting_is_refused():
    for view in (gymnasium.make("divbench/pendulum-swingup-v0", physics="host").unwrapped,
                 gymnasium.make_vec("divbench/pendulum-swingup-v0", num_envs=2, physics="host")):
        with pytest.raises(gymnasium.error.ResetNeeded):
            view.step(np.zeros(view.action_space.shape, np.float32))
