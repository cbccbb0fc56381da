"""Rewards of the whole replay: worked-out numbers in all three layouts, and of lanes that broke."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from divbench.execute.replay_rewards import replay_rewards
from divbench.learn.replay.dataset import SharedDataset
from divbench.learn.replay.episodes import EpisodeReplay
from divbench.learn.replay.fixed_length import FixedLengthReplay
from divbench.learn.trainer import Cause
from tests.learn.conftest import make_lane

OBS, ACTION, LENGTH = 2, 1, 4
PLACE = OBS + ACTION
LOCKSTEP, EPISODES = FixedLengthReplay(OBS, ACTION, LENGTH), EpisodeReplay(OBS, ACTION)
DATASET = SharedDataset(OBS, ACTION)
REWARDS = np.asarray([0.0, 3.0, 0.0, -1.0, 0.0, 8.0, 0.0], np.float32)  # of the first seven transitions


def measured(rows, env_step=7, causes=(Cause.NONE,), steps=(-1,), fractions=(1.0,), replay=LOCKSTEP):
    lanes = tuple(make_lane(seed=seed, data_fraction=fraction) for seed, fraction in enumerate(fractions))
    state = SimpleNamespace(rows=jnp.asarray(rows), env_step=jnp.int32(env_step), cause=np.asarray(causes),
                            bad_step=np.asarray(steps))
    return {name: column.tolist() for name, column in replay_rewards(state, lanes, replay).items()}


def in_lockstep(lanes=1):
    """Episodes of four transitions, five rows each; what is no transition's reward would be seen at once."""
    rows = np.full((lanes, 12, PLACE + 2), 1e9, np.float32)
    rows[:, [0, 1, 2, 3, 5, 6, 7], PLACE] = REWARDS
    return rows


def test_in_lockstep_final_observations_and_empty_rows_do_not_count():
    assert measured(in_lockstep()) == {"reward_mean": [10.0 / 7.0], "reward_max": [8.0], "reward_nonzero": [3.0 / 7.0]}
    assert measured(in_lockstep(), env_step=4) == {"reward_mean": [0.5], "reward_max": [3.0], "reward_nonzero": [0.5]}


def test_where_episodes_end_at_their_own_times_a_row_is_a_transition():
    rows = np.full_like(EPISODES.blank_rows(1, 8), 1e9)
    rows[0, :7, PLACE] = REWARDS
    assert measured(rows, replay=EPISODES) == measured(in_lockstep())


@pytest.mark.parametrize(("fraction", "count"), [(1.0, 7), (0.5, 4), (0.3, 2), (0.01, 1)])
def test_an_offline_lane_counts_what_it_draws_from(fraction, count):
    rows = np.full_like(DATASET.blank_rows(2, 7), 1e9)
    rows[0, :, PLACE] = REWARDS
    found = measured(rows, 0, fractions=(1.0, fraction), causes=(0, 0), steps=(-1, -1), replay=DATASET)
    assert found["reward_mean"] == [10.0 / 7.0, REWARDS[:count].sum() / count]
    drawn = DATASET.available(jnp.int32(0), jnp.float32(fraction), 7)
    assert int(drawn) == count == int(DATASET.available(0, np.float32(fraction), 7))


def test_a_lane_that_broke_counts_what_came_before():
    """The learner's last sound step is the one it broke at; the step that broke the physics is none."""
    found = measured(in_lockstep(4), causes=(Cause.NONE, Cause.LEARNER, Cause.PHYSICS, Cause.PHYSICS),
                     steps=(-1, 6, 6, 1), fractions=(1.0,) * 4)
    assert found["reward_max"][:3] == [8.0, 8.0, 3.0]
    assert found["reward_mean"][1:3] == [10.0 / 6.0, 2.0 / 5.0]
    assert all(np.isnan(column[3]) for column in found.values())


def test_a_lane_whose_optimizer_broke_counts_as_one_whose_learner_did():
    learner, optimizer = (measured(in_lockstep(), causes=(cause,), steps=(6,)) for cause in (
        Cause.LEARNER, Cause.OPTIMIZER))
    assert optimizer == learner and optimizer["reward_mean"] == [10.0 / 6.0]


def test_sums_are_exact_where_float32_would_not_be():
    rows = in_lockstep()
    rows[0, [0, 1, 2, 3], PLACE] = 2.0**24, 1.0, 1.0, 2.0
    assert measured(rows, env_step=4)["reward_mean"] == [(2.0**24 + 4.0) / 4.0]
