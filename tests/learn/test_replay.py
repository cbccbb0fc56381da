"""Replay: what is written is what is read, over episode ends, for any episode length."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.learn import replay

MOST = 25  # transitions of a test
write = jax.jit(replay.write, static_argnums=2)
gather = jax.jit(replay.gather, static_argnums=(3, 4, 5))


def fill(transitions, length, lanes=2, room=MOST):
    """Transitions whose numbers say who and when they are: obs (lane, t), next obs (lane, t + 0.5)."""
    rows = jnp.zeros((lanes, replay.row_count(room, length), replay.row_width(2, 1)))
    lane = jnp.arange(lanes, dtype=jnp.float32)
    for t in range(transitions):
        at = jnp.full(lanes, float(t))
        rows = write(rows, jnp.int32(t), length, jnp.stack([lane, at], 1), 10.0 * at[:, None], 100.0 * at,
                     jnp.full(lanes, float(t % 3 > 0)),
                     jnp.stack([lane, at + (0.5 if t % length == length - 1 else 1.0)], 1))
    return rows


def read(rows, transitions, length):
    """All transitions of a lane, gathered by one program for each length."""
    batch = gather(rows, jnp.arange(MOST), transitions, length, 2, 1)
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
    kept = replay.stored(rows, first, last, length, 2, 1)
    batch = read(rows, transitions, length)
    for name in ("obs", "action", "reward", "next_obs"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(batch, name)[first:last])
    assert list(kept.truncated) == [t % length == length - 1 for t in range(first, last)] and not kept.terminal.any()


def test_writing_past_the_last_transition_changes_none():
    rows = fill(6, 3, room=6)
    again = write(rows, jnp.int32(6), 3, jnp.full((2, 2), 9.0), jnp.zeros((2, 1)), jnp.zeros(2), jnp.zeros(2),
                  jnp.full((2, 2), 9.0))
    before, after = (replay.gather(r[1], jnp.arange(6), 6, 3, 2, 1) for r in (rows, again))
    jax.tree.map(np.testing.assert_array_equal, before, after)


def test_sampling_is_uniform_below_the_count():
    drawn = np.asarray(replay.sample_indices(jax.random.key(0), 30_000, jnp.int32(7)))
    assert set(drawn) == set(range(7))
    assert np.abs(np.bincount(drawn) / 30_000 - 1 / 7).max() < 0.01
