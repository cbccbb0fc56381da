"""Replay: what is written is what is read, over episode ends, for any episode length; and who has which type."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.learn.agents.coefficients import structure_of
from divbench.learn.replay import GrowingReplay, Replay
from divbench.learn.replay.dataset import SharedDataset
from divbench.learn.replay.drawing import replay_of, sample_indices
from divbench.learn.replay.episodes import EpisodeReplay
from divbench.learn.replay.fixed_length import FixedLengthReplay
from tests.learn.conftest import make_lane

MOST = 25  # transitions of a test
write = jax.jit(FixedLengthReplay.write, static_argnums=0)
gather = jax.jit(FixedLengthReplay.gather, static_argnums=0)


def fill(transitions, length, lanes=2, room=MOST):
    """Transitions whose numbers say who and when they are: obs (lane, t), next obs (lane, t + 0.5)."""
    replay = FixedLengthReplay(2, 1, length)
    rows = replay.blank_rows(lanes, room)
    lane = jnp.arange(lanes, dtype=jnp.float32)
    for t in range(transitions):
        at = jnp.full(lanes, float(t))
        rows = write(replay, rows, jnp.int32(t), jnp.stack([lane, at], 1), 10.0 * at[:, None], 100.0 * at,
                     jnp.full(lanes, float(t % 3 > 0)), jnp.full(lanes, float(t % length == length - 1)),
                     jnp.stack([lane, at + (0.5 if t % length == length - 1 else 1.0)], 1))
    return rows


def read(rows, transitions, length):
    """All transitions of a lane, gathered by one program for each length."""
    batch = gather(FixedLengthReplay(2, 1, length), rows, jnp.arange(MOST), transitions)
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:transitions], batch)


@settings(max_examples=15, deadline=None)
@given(transitions=st.integers(1, 25), length=st.integers(1, 9))
def test_every_transition_reads_back_with_the_observation_before_the_reset(transitions, length):
    rows = fill(transitions, length)
    for lane in range(2):
        batch = read(rows[lane], transitions, length)
        np.testing.assert_array_equal(batch.obs, [[lane, t] for t in range(transitions)])
        np.testing.assert_array_equal(batch.action[:, 0], 10.0 * np.arange(transitions))
        np.testing.assert_array_equal(batch.reward, 100.0 * np.arange(transitions))
        np.testing.assert_array_equal(batch.continues, np.arange(transitions) % 3 > 0)
        expected = [[lane, t + (0.5 if t % length == length - 1 else 1.0)] for t in range(transitions)]
        np.testing.assert_array_equal(batch.next_obs, expected)
        ends = [t % length == length - 1 or t == transitions - 1 for t in range(transitions)]
        following = [10.0 * (t if end else t + 1) for t, end in enumerate(ends)]
        np.testing.assert_array_equal(batch.next_action[:, 0], following)


@settings(max_examples=15, deadline=None)
@given(transitions=st.integers(1, 25), length=st.integers(1, 9), data=st.data())
def test_what_is_kept_is_what_minibatches_are_made_of(transitions, length, data):
    rows = np.asarray(fill(transitions, length)[1])
    first = data.draw(st.integers(0, transitions - 1))
    last = data.draw(st.integers(first + 1, transitions))
    kept = FixedLengthReplay(2, 1, length).stored(rows, first, last)
    batch = read(rows, transitions, length)
    for name in ("obs", "action", "reward", "next_obs"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(batch, name)[first:last])
    assert list(kept.truncated) == [t % length == length - 1 for t in range(first, last)] and not kept.terminal.any()


def test_writing_past_the_last_transition_changes_none():
    replay, rows, zeros = FixedLengthReplay(2, 1, 3), fill(6, 3, room=6), jnp.zeros(2)
    again = write(replay, rows, jnp.int32(6), jnp.full((2, 2), 9.0), jnp.zeros((2, 1)), zeros, zeros, zeros,
                  jnp.full((2, 2), 9.0))
    before, after = (replay.gather(r[1], jnp.arange(6), 6) for r in (rows, again))
    jax.tree.map(np.testing.assert_array_equal, before, after)


def test_sampling_is_uniform_below_the_count():
    drawn = np.asarray(sample_indices(jax.random.key(0), 30_000, jnp.int32(7)))
    assert set(drawn) == set(range(7))
    assert np.abs(np.bincount(drawn) / 30_000 - 1 / 7).max() < 0.01


@pytest.mark.parametrize(("terminates", "offline", "expected"), [
    (False, False, FixedLengthReplay(2, 1, 20)), (True, False, EpisodeReplay(2, 1)), (False, True, SharedDataset(2, 1)),
    (True, True, SharedDataset(2, 1))])
def test_a_group_has_the_replay_of_its_task_or_its_dataset(terminates, offline, expected):
    """Equal ones are one key of a cache."""
    task = SimpleNamespace(terminates=terminates, episode_length=20)
    structure = structure_of((make_lane(),), frozenset(), 2, 1, None, offline=offline)
    found = replay_of(task, structure)
    assert found == expected and hash(found) == hash(expected)
    assert isinstance(found, Replay) and isinstance(found, GrowingReplay) == found.grows


@pytest.mark.parametrize("length", [1, 4, 7])
def test_the_last_observation_is_put_where_a_later_write_would_put_it(length):
    """Rows that are complete, and the env state, are all that a checkpoint holds."""
    replay, rows = FixedLengthReplay(2, 1, length), np.asarray(fill(7, length))
    complete = replay.complete_rows(7)
    kept = np.zeros_like(rows)
    kept[:, :complete] = rows[:, :complete]
    replay.add_last_observation(kept, 7, np.asarray([[0.0, 7.0], [1.0, 7.0]]))
    np.testing.assert_array_equal(kept, rows)


@pytest.mark.parametrize("replay", [EpisodeReplay(2, 1), SharedDataset(2, 1)])
def test_rows_that_are_whole_transitions_need_no_last_observation(replay):
    rows = np.array(replay.blank_rows(2, 9))
    replay.add_last_observation(rows, 4, np.ones((2, 2), np.float32))
    assert not rows.any()
