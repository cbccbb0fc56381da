"""Tasks whose episodes end at their own times: what is kept of them, learned from them, and counted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.envs.base import State
from divbench.envs.toys import ConstantReward
from divbench.execute.checkpointing import Checkpointer
from divbench.execute.schedule import Position
from divbench.learn import rollout
from divbench.learn.agents import critic as critics
from divbench.learn.agents.td3 import act
from divbench.learn.replay.episodes import EpisodeReplay
from divbench.records.folder import GroupFolder
from tests.learn.conftest import Bench, make_lane

STEP, EDGE = 0.3, np.pi  # radians a step, and the angle at which an episode ends


class Falling(ConstantReward):
    """The constant reward on a circle that is left at `EDGE`; who starts far from it meets the time limit first."""

    terminates = True

    def step(self, state, action):
        on = super().step(state, action)
        fell = ((state.data < EDGE) & (on.data >= EDGE)).astype(jnp.float32)
        info = {**on.info, "truncation": on.info["truncation"] * (1.0 - fell)}
        return State(on.data, on.obs, on.reward, jnp.maximum(on.done, fell), {}, info)


REPLAY = EpisodeReplay(2, 1)
write = jax.jit(EpisodeReplay.write, static_argnums=0)
gather = jax.jit(EpisodeReplay.gather, static_argnums=0)


def steps_from(angle, limit):
    """Env steps of an episode that starts there."""
    left = np.ceil((EDGE - angle) / STEP)
    return int(left) if 0 < left <= limit else limit


@pytest.fixture(scope="module")
def walked():
    """Two lanes after 60 random env steps in episodes of at most 7, and their rows."""
    bench = Bench(Falling(7), [make_lane("td3", seed=seed) for seed in range(2)])
    state = bench.act(bench.fresh(), 60, explore=True)
    return bench, np.asarray(state.rows)


def test_what_is_kept_tells_falling_from_the_time_limit(walked):
    _, rows = walked
    kept = REPLAY.stored(rows[0], 0, 60)
    ahead = np.arctan2(kept.next_obs[:, 1], kept.next_obs[:, 0])
    angle = np.arctan2(kept.obs[:, 1], kept.obs[:, 0])
    fell = (angle > 0.0) & (ahead < 0.0)  # past pi the angle is negative
    np.testing.assert_array_equal(kept.terminal, fell)
    over = rows[0, :60, 5] > 0.0
    np.testing.assert_array_equal(kept.truncated, over & ~fell)
    assert kept.terminal.any() and kept.truncated.any()
    batch = REPLAY.gather(jnp.asarray(rows[0]), jnp.arange(20, 60), 60)
    for name in ("obs", "action", "reward", "next_obs"):
        np.testing.assert_array_equal(getattr(kept, name)[20:], getattr(batch, name))


def test_episodes_begin_anew_where_they_end_in_each_lane_by_itself(walked):
    _, rows = walked
    obs, action, reward, continues, over, following = np.split(rows[:, :60], [2, 3, 4, 5, 6], -1)
    angle = np.arctan2(obs[..., 1], obs[..., 0])
    ahead = np.arctan2(following[..., 1], following[..., 0])
    np.testing.assert_allclose((ahead - angle) % (2 * np.pi), STEP, atol=1e-5)  # never the next episode's start
    lengths = []
    for lane in range(2):
        ends = np.flatnonzero(over[lane, :, 0])
        begins = np.concatenate([[0], ends[:-1] + 1])
        for first, last in zip(begins, ends, strict=True):
            start = angle[lane, first] % (2 * np.pi)
            assert last - first + 1 == steps_from(start, 7)
            fell = start + (last - first) * STEP < EDGE <= start + (last - first + 1) * STEP
            assert continues[lane, last, 0] == (0.0 if fell else 1.0)
        assert np.all(continues[lane, over[lane, :, 0] == 0] == 1.0)
        lengths.append(tuple(ends))
    assert lengths[0] != lengths[1] and np.all(reward == 1.0)
    assert {0.0, 1.0} == set(np.unique(continues[over == 1.0]))  # both kinds of end are there


class Steered(Falling):
    """The action decides how far a step goes, so that lanes fall at different times."""

    def step(self, state, action):
        moved = state.replace(data=state.data + 0.2 * jnp.clip(action[0], -1.0, 1.0))
        return super().step(moved, action)


def test_lanes_of_a_seed_share_initial_states_by_episode_not_by_env_step():
    lanes = [make_lane("td3", seed, exploration_noise=noise) for seed, noise in ((0, 0.0), (0, 1.0), (1, 1.0))]
    bench = Bench(Steered(7), lanes)
    state = bench.act(bench.fresh(), 60)
    rows = np.asarray(state.rows)[:, :60]
    ends = [np.flatnonzero(lane[:, 5]) for lane in rows]
    np.testing.assert_array_equal(state.episode, [len(found) for found in ends])
    assert set(ends[0]) != set(ends[1])
    starts = [lane[np.concatenate([[0], found + 1])[:len(found)], :2] for lane, found in zip(rows, ends, strict=True)]
    shared = min(map(len, starts[:2]))
    assert shared > 8
    np.testing.assert_array_equal(starts[0][:shared], starts[1][:shared])
    assert len(np.unique(starts[0], axis=0)) == len(starts[0])  # each episode its own
    assert not set(map(tuple, starts[0])) & set(map(tuple, starts[2]))


def test_episode_numbers_survive_a_checkpoint(tmp_path):
    """A lane that is continued begins its next episodes where it would have begun them."""
    bench = Bench(Steered(7), [make_lane("td3", 0, exploration_noise=noise) for noise in (0.0, 1.0, 0.5)])
    whole = bench.act(bench.fresh(), 60)
    folder = GroupFolder(tmp_path)
    tmp_path.joinpath("checkpoint").mkdir()
    checkpointer = Checkpointer(folder, bench.program.replay)
    checkpointer.save(bench.act(bench.fresh(), 25), Position(0, 25, 25, 0), pending=False)
    folder.close()
    kept, at, _ = Checkpointer(GroupFolder(tmp_path), bench.program.replay).restore(
        jax.eval_shape(bench.program.blank_state))
    assert at.env_step == 25 and int(kept.episode.min()) >= 3
    continued = bench.act(kept, 35, phase_step=25)
    np.testing.assert_array_equal(continued.episode, whole.episode)
    np.testing.assert_array_equal(np.asarray(continued.rows)[:, :60], np.asarray(whole.rows)[:, :60])


def test_what_follows_an_end_is_not_its_next_action(walked):
    _, rows = walked
    batch = REPLAY.gather(jnp.asarray(rows[0]), jnp.arange(60), 60)
    over = rows[0, :60, 5]
    np.testing.assert_array_equal(batch.next_taken, np.where((over == 1) | (np.arange(60) == 59), 0.0, 1.0))
    inside = np.asarray(batch.next_taken) == 1.0
    np.testing.assert_array_equal(np.asarray(batch.next_action)[:-1][inside[:-1]], rows[0, 1:60, 2:3][inside[:-1]])
    np.testing.assert_array_equal(np.asarray(batch.next_action)[~inside], rows[0, :60, 2:3][~inside])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**31 - 1), st.sampled_from([(1, 1), (3, 4)]), st.integers(1, 9))
def test_what_was_written_is_read(seed, sizes, count):
    chance, (observation_size, action_size) = np.random.default_rng(seed), sizes
    replay = EpisodeReplay(*sizes)
    rows = replay.blank_rows(2, 9)
    written = []
    for number in range(count):
        parts = [chance.normal(size=(2, n)).astype(np.float32) for n in (observation_size, action_size)]
        numbers = [chance.normal(size=2).astype(np.float32), *chance.integers(0, 2, (2, 2)).astype(np.float32)]
        after = chance.normal(size=(2, observation_size)).astype(np.float32)
        rows = write(replay, rows, number, *parts, *numbers, after)
        written.append((*parts, *numbers, after))
    for lane in range(2):
        batch = gather(replay, rows[lane], jnp.arange(9), count)
        for number, (obs, action, reward, continues, _, after) in enumerate(written):
            got = (batch.obs, batch.action, batch.reward, batch.continues, batch.next_obs)
            for found, expected in zip(got, (obs, action, reward, continues, after), strict=True):
                np.testing.assert_array_equal(found[number], expected[lane])


def test_rewards_count_until_the_end():
    bench = Bench(Falling(7), [make_lane("td3")])
    angles = np.asarray([[0.1, 3.0, 4.0, 2.5]], np.float32)
    blank = rollout.blank_evaluation(bench.env, 1, 4)
    evaluate = rollout.make_evaluate(bench.env, bench.structure)
    ended = evaluate(bench.fresh().learner.actor, bench.coefs, blank, angles, jnp.asarray(True), jnp.int32(7))
    expected = [steps_from(angle, 7) for angle in angles[0]]
    np.testing.assert_array_equal(ended.returns[0], expected)
    assert expected == [7, 1, 7, 3] and bool(jnp.all(ended.over))


def test_returns_and_values_stop_where_the_task_does():
    """With a discount of one half, k steps are worth 2 (1 - 0.5^k) where the episode then ends, else 2. At the edge the
    worth jumps from 1 to 2, which a small critic rounds off."""
    bench = Bench(Falling(7), [make_lane("td3", gamma=0.5, tau=0.05, critic_lr=3e-3, hidden=(32, 32), batch_size=32)])
    state = bench.prime(bench.act(bench.fresh(), 200, explore=True), 1_500)
    coefs, learner = (jax.tree.map(lambda leaf: leaf[0], tree) for tree in (bench.coefs, state.learner))
    for angle, worth in ((EDGE - 0.5 * STEP, 1.0), (EDGE - 1.5 * STEP, 1.5), (4.5, 2.0)):
        obs = jnp.asarray([[np.cos(angle), np.sin(angle)]], jnp.float32)
        q = critics.values(learner.critic, obs, act(learner.actor, obs, coefs, bench.structure), coefs, bench.structure)
        np.testing.assert_allclose(q, worth, atol=0.3)
    played, _ = bench.program.diagnose(state, bench.roots, bench.coefs, np.asarray([EDGE - 0.5 * STEP], np.float32))
    assert float(played["mc_return_mean"][0]) == pytest.approx(1.0)
    assert float(played["mc_q_mean"][0]) == pytest.approx(1.0, abs=0.3)
    assert float(played["mc_bias"][0]) == pytest.approx(
        float(played["mc_q_mean"][0]) - float(played["mc_return_mean"][0]), abs=1e-6)
    # With a discount near 1 seven steps are a small part of a return, unless the task ends within them.
    patient = bench.coefs._replace(gamma=jnp.full_like(bench.coefs.gamma, 0.99))
    for angle, known in ((EDGE - 0.5 * STEP, True), (4.5, False)):
        played, _ = bench.program.diagnose(state, bench.roots, patient, np.asarray([angle], np.float32))
        for name in ("mc_return_mean", "mc_bias"):
            assert np.isfinite(played[name][0]) == known
        assert np.isfinite(played["mc_q_mean"][0])
