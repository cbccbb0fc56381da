"""The compiled loop on toy tasks: known Q, counting, lanes apart from one another, resets, one compile."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.agents import critic as critics
from divbench.learn.trainer import Cause, over_lanes
from divbench.spec.settings import SACSettings
from tests.toys import StepCounter

# No entropy, a fixed policy, a short horizon and larger steps than usual: Q has to go from 0 to 10 in a few thousand
# updates. (A policy that learns would find the actions for which the critic has not memorised an end.)
KNOWN = SACSettings(hidden=(32, 32), batch_size=64, gamma=0.9, initial_temperature=0.0, temperature_lr=0.0,
                    actor_lr=0.0, critic_lr=3e-3, tau=0.05)


def q_after_training(bench, lane, **values):
    trained = bench(ConstantReward(20), [lane(sac_settings=KNOWN, **values)], capacity=2_000)
    state = trained.act(trained.fresh(), 2_000, explore=True)
    state = trained.prime(state, 3_000)
    batch = trained.program.replay.gather(state.rows[0], jnp.arange(2_000), 2_000)
    critic, coefs = jax.tree.map(lambda leaf: leaf[0], (state.learner.critic, trained.coefs))
    return np.asarray(critics.values(critic, batch.obs, batch.action, coefs, trained.structure))


def test_constant_reward_is_worth_one_over_one_minus_gamma(bench, lane):
    np.testing.assert_allclose(np.mean(q_after_training(bench, lane)), 10.0, rtol=0.02)


def test_the_time_limit_taken_for_termination_is_told_apart(bench, lane):
    mean = np.mean(q_after_training(bench, lane, time_limit_bootstraps=False))
    assert abs(mean - 10.0) > 0.02 * 10.0
    # the critic cannot see how far the limit is, so one step in 20 ends: Q = 1 + 0.9 * 19/20 * Q
    assert mean == pytest.approx(1.0 / (1.0 - 0.9 * 0.95), rel=0.15)


def test_stored_transitions_end_in_the_observation_before_the_reset(bench, lane):
    env = StepCounter(5)
    trained = bench(env, [lane(seed=0), lane(seed=1)])
    state = trained.act(trained.fresh(), 13, explore=True)
    for place in range(2):
        batch = trained.program.replay.gather(state.rows[place], jnp.arange(13), 13)
        np.testing.assert_array_equal(batch.obs[:, 1], np.arange(13) % 5)
        np.testing.assert_array_equal(batch.next_obs[:, 1], np.arange(13) % 5 + 1)
        np.testing.assert_array_equal(batch.reward, np.arange(13) % 5 + 1)
        np.testing.assert_allclose(batch.next_obs[:, 0], batch.obs[:, 0], atol=1e-5)
        np.testing.assert_array_equal(batch.continues, 1.0)


@pytest.mark.bits
@pytest.mark.parametrize(("utd", "expected"), [(Fraction(1), 23), (Fraction(4), 92), (Fraction(1, 2), 11),
                                               (Fraction(1, 7), 3)])
def test_updates_are_utd_times_steps_wherever_chunks_are_cut(utd, expected, shared_bench):
    state = shared_bench.act(shared_bench.fresh(), 5, explore=True)
    cut = state
    whole = shared_bench.act(jax.tree.map(jnp.copy, cut), 23, utd=utd)
    pieces = shared_bench.act(jax.tree.map(jnp.copy, cut), 10, utd=utd)
    pieces = shared_bench.act(pieces, 13, utd=utd, phase_step=10)
    assert int(whole.update) == int(pieces.update) == expected
    assert int(whole.env_step) == 28
    jax.tree.map(np.testing.assert_array_equal, whole, pieces)


@pytest.fixture(scope="module")
def shared_bench():
    """Two plain lanes, compiled once for this module."""
    from tests.learn.conftest import Bench, make_lane

    return Bench(ConstantReward(7), [make_lane(seed=0), make_lane(seed=1)])


def test_nothing_is_compiled_twice(shared_bench):
    before = {name: function._cache_size() for name, function in shared_bench.program.functions().items()}
    state = shared_bench.act(shared_bench.fresh(), 9, explore=True)
    for utd in (Fraction(1), Fraction(4), Fraction(1, 2)):
        state = shared_bench.act(state, 5, utd=utd)
    state = shared_bench.prime(state, 3)
    after = {name: function._cache_size() for name, function in shared_bench.program.functions().items()}
    assert after["train_chunk"] == after["reset_lanes"] == 1
    assert before["evaluate"] == after["evaluate"] == 0


def trained_lanes(bench, lanes, plant=None):
    """Lanes after some acting and learning, `plant` having changed the state before the learning."""
    trained = bench(ConstantReward(7), lanes)
    state = trained.act(trained.fresh(), 20, explore=True)
    if plant:
        state = plant(state)
    return trained.act(trained.prime(state, 10), 15, utd=Fraction(2))


def first_lane(state):
    """Everything of lane 0 that a neighbour could have touched."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[0], (state.learner, state.env, state.rows))


def plant_nan(state):
    """A NaN in the second lane's critic."""
    critic = jax.tree.map(lambda leaf: leaf.at[1].set(jnp.nan), state.learner.critic)
    return state._replace(learner=state.learner._replace(critic=critic))


@pytest.mark.bits
def test_a_lane_does_not_change_with_its_neighbour(bench, lane, identical):
    mine = lane(seed=3)
    reference = first_lane(trained_lanes(bench, [mine, lane(seed=4)]))
    for neighbour, plant in ((lane(seed=5), None), (lane(seed=4, critic_lr=1e-1, gamma=0.5), None),
                             (lane("reset", seed=4), None), (lane(seed=4), plant_nan)):
        other = first_lane(trained_lanes(bench, [mine, neighbour], plant))
        assert all(jax.tree.leaves(jax.tree.map(identical, reference, other)))


def test_another_number_of_lanes_changes_a_lane_by_rounding_at_most(bench, lane):
    mine = lane(seed=3)
    two = first_lane(trained_lanes(bench, [mine, lane(seed=4)]))
    three = first_lane(trained_lanes(bench, [mine, lane(seed=4), lane(seed=5)]))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5), two, three)


@pytest.mark.parametrize("lanes", [1, 2])
def test_lanes_are_mapped_over_the_axes_that_are_named(lanes):
    def function(row, tree, shared):
        assert tree["a"].shape == row.shape == (3,) and shared.shape == (2,)
        return {"sum": tree["a"] + row, "rest": shared}

    rows, ones, shared = jnp.arange(3.0 * lanes).reshape(lanes, 3), jnp.ones((lanes, 3)), jnp.arange(2.0)
    found = over_lanes(function, (0, 0, None))(rows, {"a": ones}, shared)
    np.testing.assert_array_equal(found["sum"], ones + rows)
    np.testing.assert_array_equal(found["rest"], jnp.stack([shared] * lanes))


def test_lanes_share_neither_weights_nor_minibatches_nor_starts(bench, lane):
    state = trained_lanes(bench, [lane(seed=0), lane(seed=1)])
    for part in (state.learner.critic["params"]["hidden1"]["dense"]["kernel"], state.rows, state.env.data):
        assert not np.allclose(part[0], part[1])


def test_a_planted_nan_is_recorded_and_freezes_its_lane_alone(bench, lane):
    state = trained_lanes(bench, [lane(seed=3), lane(seed=4)], plant_nan)
    assert list(np.asarray(state.learner.alive)) == [True, False]
    assert list(np.asarray(state.cause)) == [Cause.NONE, Cause.LEARNER]
    assert list(np.asarray(state.bad_update)) == [-1, 1]
    assert list(np.asarray(state.bad_step)) == [-1, 20]


class Breaks(ConstantReward):
    """Its physics goes non-finite at the fourth step of each episode."""

    def step(self, state, action):
        new = super().step(state, action)
        return new.replace(info={**new.info, "nonfinite": (new.info["steps"] == 4).astype(jnp.float32)})


def test_broken_physics_is_told_from_a_broken_learner(bench, lane):
    trained = bench(Breaks(7), [lane(seed=0)])
    state = trained.act(trained.fresh(), 6, explore=True)
    assert list(np.asarray(state.cause)) == [Cause.PHYSICS]
    assert list(np.asarray(state.bad_step)) == [4]
    assert not bool(state.learner.alive[0])


@pytest.mark.parametrize(("actors", "critics"), [(True, False), (False, True)])
def test_a_reset_of_one_part_leaves_the_other(bench, lane, actors, critics):
    trained = bench(ConstantReward(7), [lane("actor-reset", seed=0), lane(seed=0)])
    before = trained.act(trained.act(trained.fresh(), 20, explore=True), 15, utd=Fraction(2))
    kept = jax.tree.map(np.asarray, before.learner)
    first_lane_only = jnp.asarray([True, False])
    nobody = jnp.zeros(2, bool)
    after = trained.program.reset_lanes(before, trained.roots, trained.coefs, first_lane_only if actors else nobody,
                                        first_lane_only if critics else nobody, jnp.asarray([1, 1]))
    fresh = ({"actor", "actor_moments", "log_temperature", "temperature_moments"} if actors
             else {"critic", "critic_moments", "target", "updates"})
    for part in kept._fields:
        pairs = list(zip(jax.tree.leaves(getattr(kept, part)), jax.tree.leaves(getattr(after.learner, part)),
                         strict=True))
        changed = any(not np.array_equal(old[0], np.asarray(new)[0]) for old, new in pairs)
        assert changed == (part in fresh), part
        assert all(np.array_equal(old[1], np.asarray(new)[1]) for old, new in pairs), "the other lane"
    assert list(np.asarray(after.resets)) == [1, 0]


def test_a_reset_draws_fresh_weights_and_keeps_the_buffer(bench, lane):
    trained = bench(ConstantReward(7), [lane("reset-100k-updates", seed=0), lane(seed=0)])
    state = trained.act(trained.act(trained.fresh(), 20, explore=True), 15, utd=Fraction(2))
    first = jax.tree.map(np.asarray, trained.fresh().learner)
    before = jax.tree.map(np.asarray, state)
    seen = [first.critic["params"]["hidden1"]["dense"]["kernel"][0]]
    for count in (1, 2):
        first_lane_only = jnp.asarray([True, False])
        state = trained.program.reset_lanes(state, trained.roots, trained.coefs, first_lane_only, first_lane_only,
                                            state.resets + 1)
        learner = jax.tree.map(np.asarray, state.learner)
        kernel = learner.critic["params"]["hidden1"]["dense"]["kernel"][0]
        assert all(not np.allclose(kernel, other) for other in seen)
        seen.append(kernel)
        np.testing.assert_array_equal(kernel, learner.target["params"]["hidden1"]["dense"]["kernel"][0])
        for moments in (learner.actor_moments, learner.critic_moments, learner.temperature_moments):
            assert not any(np.any(leaf[0]) for leaf in jax.tree.leaves(moments))
        assert learner.log_temperature[0] == 0.0
        assert learner.soft_reward_max[0] == before.learner.soft_reward_max[0]
        np.testing.assert_array_equal(state.rows, before.rows)
        assert list(np.asarray(state.resets)) == [count, 0]
    unchanged = jax.tree.map(lambda a, b: np.array_equal(a[1], b[1]), learner, before.learner)
    assert all(jax.tree.leaves(unchanged))
