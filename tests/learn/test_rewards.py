"""The reward that a lane learns from: its arithmetic, its range, and what each part of a lane sees of it."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.envs.toys import ConstantReward
from divbench.execute import programs
from divbench.learn.agents import critic as critics
from divbench.learn.agents import rewards
from divbench.learn.replay import Batch
from divbench.learn.replay.drawing import make_draw
from divbench.spec.mechanisms import SHAPING
from divbench.spec.settings import SACSettings
from divbench.verdict.bound import MOST_TEMPERATURE
from tests.learn.conftest import Bench, make_lane, same

NUMBERS = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)  # a CPU program may take those for 0
SCALES = st.floats(2**-10, 2**10, width=32)
SHAPED = {"reward_scale": 2.0, "reward_shift": -0.5}
KNOWN = SACSettings(hidden=(32, 32), batch_size=64, gamma=0.9, initial_temperature=0.0, temperature_lr=0.0,
                    actor_lr=0.0, critic_lr=3e-3, tau=0.05)


def parts(scale=1.0, shift=0.0, mechanisms=frozenset({SHAPING}), **structure):
    """Coefficients and structure of a lane; fields of the structure may be others."""
    bench = Bench(ConstantReward(7), [make_lane(reward_scale=scale, reward_shift=shift)])
    return jax.tree.map(lambda leaf: leaf[0], bench.coefs), bench.structure._replace(mechanisms=mechanisms, **structure)


def batch_of(*values):
    empty = jnp.zeros((len(values), 1))
    return Batch(empty, empty, jnp.asarray(values, jnp.float32), empty[:, 0], empty, empty, empty[:, 0])


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=9))
def test_a_lane_that_shapes_nothing_learns_from_the_bits_of_the_task(values):
    """Also beside lanes that do; where none does, it is handed on as it is."""
    coefs, structure = parts()
    reward = jnp.asarray(values, jnp.float32) + 0.0  # -0 is 0 to everything that is learned
    assert same(rewards.transform(reward, coefs, structure), reward)
    assert rewards.transform(reward, *parts(mechanisms=frozenset())) is reward


@settings(deadline=None)
@given(SCALES, NUMBERS, st.lists(NUMBERS, min_size=1, max_size=9), NUMBERS, NUMBERS)
def test_the_range_goes_with_the_reward(scale, shift, values, one, other):
    """What lies beyond it lies as far beyond, in the task's unit, whatever the lane learns from."""
    low, high = sorted((one, other))
    coefs, structure = parts(scale, shift, reward_range=(low, high))
    learned = batch_of(*rewards.transform(jnp.asarray(values, jnp.float32), coefs, structure))
    least, greatest = rewards.batch_range(learned, coefs, structure)
    assert float(least) == np.float32(scale) * np.float32(low) + np.float32(shift) <= float(greatest)
    beyond = max(0.0, max(values) - high, low - min(values))
    rounding = 2e-7 * (abs(shift) / scale + max(map(abs, (low, high, *values))))
    assert float(rewards.excess(learned, coefs, structure)) == pytest.approx(beyond, rel=1e-5, abs=4 * rounding)


def test_without_a_range_what_is_seen_counts():
    coefs, structure = parts(10.0, 1.0, reward_range=None)
    assert rewards.initial_range(coefs, structure) == (0.0, 0.0)
    learned = batch_of(*rewards.transform(jnp.asarray([-1.0, 3.0]), coefs, structure))
    assert rewards.batch_range(learned, coefs, structure) == (-9.0, 31.0)
    assert float(rewards.excess(learned, coefs, structure)) == 0.0


@pytest.mark.parametrize(("shift", "lasting", "ending"), [
    (0.0, (0.0, 2.0), (0.0, 2.0)), (1.0, (1.0, 3.0), (0.0, 3.0)), (-3.0, (-3.0, -1.0), (-3.0, 0.0))])
def test_an_episode_that_can_end_may_be_worth_nothing(shift, lasting, ending):
    for terminates, expected in ((False, lasting), (True, ending)):
        coefs, structure = parts(2.0, shift, reward_range=(0.0, 1.0), terminates=terminates)
        assert rewards.initial_range(coefs, structure) == expected
        assert rewards.batch_range(batch_of(5.0), coefs, structure) == expected


@pytest.mark.parametrize("variant", ["baseline", pytest.param("td3", marks=pytest.mark.slow)])
def test_q_is_what_the_learned_reward_is_worth(variant):
    """(scale r + shift) / (1 - gamma) for r = 1: 15, 1 and -10, beside 10 of a lane that shapes nothing."""
    shapes = ({}, SHAPED, {"reward_scale": 0.1}, {"reward_shift": -2.0})
    numbers = {name: getattr(KNOWN, name) for name in ("gamma", "actor_lr", "critic_lr", "tau")}
    lanes = [make_lane(variant, sac_settings=KNOWN, **numbers, **shape) for shape in shapes]
    bench = Bench(ConstantReward(20), lanes, capacity=600)
    state = bench.prime(bench.act(bench.fresh(), 600, explore=True), 2_000)
    assert np.all(np.asarray(state.rows)[:, :20, 3] == 1.0)  # the replay keeps the task's rewards
    draw = make_draw(bench.program.replay, bench.structure, 256)
    for place, expected in enumerate((10.0, 15.0, 1.0, -10.0)):
        critic, coefs = jax.tree.map(lambda leaf, place=place: leaf[place], (state.learner.critic, bench.coefs))
        batch = draw(jax.random.key(0), state.rows[place], 600, coefs)
        np.testing.assert_allclose(batch.reward, expected / 10.0, rtol=1e-6)
        q = critics.values(critic, batch.obs, batch.action, coefs, bench.structure)
        assert float(jnp.mean(q)) == pytest.approx(expected, rel=0.03, abs=0.03)
    np.testing.assert_allclose(state.learner.soft_reward_max, [1.0, 1.5, 0.1, -1.0], rtol=1e-6)
    np.testing.assert_allclose(state.learner.soft_reward_min, [0.0, -0.5, 0.0, -2.0], rtol=1e-6)  # the task says 0 to 1


UNIFORM = 6 * np.log(2.0)  # entropy of six actions, uniform on [-1, 1]


@pytest.mark.parametrize(("given", "low", "high"), [
    ((0.0, 1.0, 1.0, 1.0, UNIFORM), 0.0, 5.1589),  # a cheetah's start at temperature one
    ((0.0, 1.0, 1e6, 1.0, -20.0), -20.0, 1.0),  # a collapsed policy whose temperature climbs widens neither
    ((-1.0, 1.0, 0.1, 1.0, -20.0), -3.0, 1.0),  # the least follows a falling temperature
    ((-1.0, 1.0, 0.1, 1.0, 20.0), -1.0, 3.0),
    ((-1.0, 1.0, 0.0, 1.0, -500.0), -1.0, 1.0),  # entropy that targets leave out is worth nothing
    ((0.0, 1.0, 5.0, 1.0, 2.0), 0.0, 11.0),  # a risen temperature counts in the most,
    ((0.0, 1.0, 1e6, 1.0, 2.0), 0.0, 21.0),  # up to ten times what it was at first
])
def test_what_one_step_can_earn(given, low, high):
    assert rewards.with_entropy(*given) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize(("weight", "first", "most"), [
    (1.0, 1.0, 1.0 + 12 * np.log(2.0)),  # quadruped-run at temperature one: 932 once divided by 1 - 0.99
    (0.1, 1.0, 1.0 + 1.2 * np.log(2.0)),
    (1e6, 1.0, 1.0 + 120 * np.log(2.0)),
    (0.0, 0.0, 1.0),  # no entropy term, as TD3
])
def test_what_one_step_of_any_policy_can_earn(weight, first, most):
    assert float(rewards.most_of_any_policy(1.0, weight, first, 12)) == pytest.approx(most, rel=1e-6)


@pytest.mark.parametrize("entropy", [-30.0, -1.0, 0.0, 3.0, 12 * np.log(2.0)])
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0, 7.0, 50.0])
def test_no_policy_can_earn_more_than_any_can(weight, entropy):
    _, most = rewards.with_entropy(0.0, 1.0, weight, 1.0, entropy)
    assert float(most) <= float(rewards.most_of_any_policy(1.0, weight, 1.0, 12)) * (1.0 + 1e-6)


def test_the_verdict_caps_the_temperature_where_the_bounds_do():
    assert rewards.MOST_TEMPERATURE == MOST_TEMPERATURE


class Seen(tuple):
    """A dataset as `program_for` looks at it."""

    reward_range = (-3.0, 5.0)


def test_bounds_come_from_what_was_seen_where_the_task_states_no_range():
    assert not parts(reward_range=(0.0, 1.0))[1].bound_seen
    assert parts(reward_range=None)[1].bound_seen
    assert parts(reward_range=(-2.0, 7.0), range_seen=True)[1].bound_seen, "a dataset's range"


@pytest.mark.parametrize(("task", "seen"), [("cheetah-run", False), ("hopper", True)])
def test_a_dataset_of_a_task_with_a_range_is_bounded_by_the_task(monkeypatch, task, seen):
    monkeypatch.setattr(programs, "_cached", lambda task, physics, data, structure, *others: structure)
    group = SimpleNamespace(task=task, lanes=(make_lane("td3"),), mechanisms=frozenset())
    structure = programs.program_for(group, "host", 1, data=Seen())
    assert structure.bound_seen == seen and structure.reward_range == ((-3.0, 5.0) if seen else (0.0, 1.0))
