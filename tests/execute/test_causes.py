"""What went wrong first, in lanes that were made to go wrong: trained, measured and judged from end to end."""

import dataclasses

import jax.numpy as jnp
import pytest

import divbench
from divbench import envs
from divbench.execute import run as running
from divbench.execute.programs import _cached
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

TASK = "quadruped-run"  # pays from the first step on


def judged(tmp_path, **sac):
    """Verdict and rows of one lane that is primed for 40 updates on 200 transitions."""
    spec = RunSpec(suite="smoke", tasks=TASK, variants="baseline", steps=200, prime_samples=200, prime_updates=40,
                   eval_every=200, eval_episodes=1, measure_every=5, physics="host", out=str(tmp_path / "run"),
                   sac=SACSettings(batch_size=64, **sac))
    result = running.run(spec)
    assert not result.failed
    tables = divbench.load(result.folder)
    return tables.verdicts.to_pylist()[0], tables.values.to_pylist()


@pytest.fixture
def environment():
    """The task itself, for a test to break, and put together again afterwards."""
    env = envs.make(TASK, "host")
    definition, advance = env._definition, env._physics.advance
    _cached.cache_clear()  # programs that were compiled with the whole task underneath
    yield env
    env._definition, env._physics.advance = definition, advance
    _cached.cache_clear()


def test_nothing_is_blamed_in_a_lane_left_alone(tmp_path):
    verdict, _ = judged(tmp_path)
    assert (verdict["first_cause"], verdict["first_update"]) == ("", -1)


def test_a_learning_rate_a_hundred_times_too_high(tmp_path):
    verdict, rows = judged(tmp_path, critic_lr=3e-2)
    assert (verdict["first_cause"], verdict["first_update"]) == ("effective_lr", 5)
    assert "the size of the critics' steps left its band" in verdict["explanation"]
    assert rows[1]["effective_lr"] > 0.05


@pytest.mark.slow
def test_a_learning_rate_ten_times_too_high_is_not_blamed_yet(tmp_path):
    assert judged(tmp_path, critic_lr=3e-3)[0]["first_cause"] == ""


@pytest.mark.slow
def test_rewards_scaled_by_a_million(tmp_path, environment):
    definition = environment._definition
    environment._definition = dataclasses.replace(definition, reward=lambda sensed: 1e6 * definition.reward(sensed))
    verdict, rows = judged(tmp_path)
    assert (verdict["first_cause"], verdict["first_update"]) == ("reward_excess", 0)
    assert rows[0]["reward_excess"] > 1e5 and "outside the task's range" in verdict["explanation"]


def test_a_nan_in_the_physics(tmp_path, environment):
    advance = environment._physics.advance

    def falls_apart(data, ctrl):
        data, reading, went_bad = advance(data, ctrl)
        apart = jnp.abs(ctrl[0]) > 0.5  # the first action that large
        sensors = jnp.where(apart, jnp.nan, reading.sensordata)
        return data, reading.replace(sensordata=sensors), went_bad | apart

    environment._physics.advance = falls_apart
    verdict, _ = judged(tmp_path)
    assert (verdict["verdict"], verdict["first_cause"], verdict["first_update"]) == ("exploded", "physics", 0)
    assert 0 < verdict["env_step"] < 200 and "the physics went non-finite" in verdict["explanation"]
