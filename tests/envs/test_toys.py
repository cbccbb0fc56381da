"""The task without a model: its rewards and episodes, and that it stands beside simulated tasks in one run."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import divbench
from divbench import envs
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

NAME = "constant-reward"


@pytest.mark.parametrize("physics", ["auto", "host", "mjx", "toy"])
def test_one_toy_whatever_physics_is_asked_for(physics):
    env = envs.make(NAME, physics)
    assert (env.name, env.physics, env.episode_length) == (NAME, "toy", 10)


def test_simulated_tasks_have_no_toy_physics():
    with pytest.raises(ValueError, match="unknown physics 'toy'"):
        envs.make("cheetah-run", "toy")


def test_ten_steps_of_reward_one_then_truncation():
    env = envs.make(NAME)
    state = env.start(env.draw([3])[0])
    for step in range(1, 11):
        state = jax.jit(env.step)(state, jnp.full(1, jnp.nan))
        assert float(state.reward) == 1.0
        assert float(state.done) == float(state.info["truncation"]) == float(step == 10)
    assert np.hypot(*np.asarray(state.obs)) == pytest.approx(1.0, abs=1e-6)


def test_starts_depend_on_the_seed_alone():
    env = envs.make(NAME)
    both = env.draw(np.array([5, 9], np.uint64))
    assert both[1] == env.draw(np.array([9], np.uint64))[0] != both[0]


def test_it_is_not_drawn_nor_compared_with_dm_control():
    from divbench.cli.argument import read_request
    from divbench.cli.table import EVERY

    assert NAME in envs.TASKS and NAME not in envs.SIMULATED
    with pytest.raises(UsageError, match=f"unknown task '{NAME}'"):
        read_request(EVERY["parity"], {"tasks": NAME})
    with pytest.raises(UsageError, match=f"task '{NAME}' has no model to draw"):
        read_request(EVERY["render"], {"task": NAME})


@pytest.mark.slow
def test_a_run_of_both_kinds_names_each_tasks_physics(tmp_path):
    spec = RunSpec(suite="smoke", tasks=(NAME, "pendulum-swingup"), variants=("baseline",), seeds=1, steps=40,
                   prime_samples=30, prime_updates=0, eval_every=40, eval_episodes=1, measure_every=10,
                   physics="host", sac=SACSettings(hidden=(8,), batch_size=4), quiet=True, out=str(tmp_path / "run"))
    divbench.run(spec)
    tables = divbench.load(tmp_path / "run")
    assert tables.card["physics"] == "toy,host"
    assert {(row["task"], row["physics"]) for row in tables.scores.to_pylist()} == {
        (NAME, "toy"), ("pendulum-swingup", "host")}
    assert [row["return_mean"] for row in tables.scores.to_pylist() if row["task"] == NAME] == [10.0, 10.0]
