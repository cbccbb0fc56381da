"""Points under uniform actions, lanes, and looking back along a record that is known in closed form."""

import jax
import numpy as np
import pytest

from divbench.studies import growth
from divbench.studies.growth import GrowthRow, draw_lanes, looked_back, measure_growth
from divbench.studies.points import uniform_random

SIZES = {"width": 6, "points": 12, "updates": 400, "physics": "host"}


def test_uniform_actions_fill_the_box_and_what_follows_is_seen_next():
    obs, action, following = uniform_random("pendulum-swingup", 50, "host")
    assert obs.shape == following.shape == (50, 3) and action.shape == (50, 1)
    assert (np.abs(action) < 1.0).all() and action.min() < -0.8 and action.max() > 0.8 and abs(action.mean()) < 0.3
    np.testing.assert_array_equal(following[:-1], obs[1:])


def test_a_lane_has_its_own_transitions_and_corner_whatever_its_neighbours():
    random = np.random.default_rng(0)
    steps = random.normal(3.0, 2.0, (40, 3)), random.uniform(-1.0, 1.0, (40, 4)), random.normal(3.0, 2.0, (40, 3))
    both, alone = draw_lanes(steps, (4, 9), 30), draw_lanes(steps, (9,), 30)
    for whole, part in zip(both, alone, strict=True):
        np.testing.assert_array_equal(whole[1], part[0])
        assert whole.shape[:2] == (2, 30)
    corner = np.asarray(both.corner)
    assert set(np.unique(corner)) == {-1.0, 1.0} and (corner == corner[:, :1]).all()
    assert len(np.unique(both.obs[0], axis=0)) == 30, "drawn without replacement"
    assert abs(float(both.obs[0].mean())) < 0.2 and abs(float(both.obs[0].std()) - 1.0) < 0.2


@pytest.mark.parametrize(("optimizer", "expected"), [("sgd", 12), ("adam", 8)])
def test_how_far_is_looked_back(optimizer, expected):
    """|Q| grows by an eighth of a doubling and time by 10% from mark to mark: a doubling is 8 marks, tripling 12."""
    step, q = 100.0 * 1.1 ** np.arange(21), -(2.0 ** (np.arange(21) / 8.0))
    assert looked_back(optimizer, step, q) == expected
    assert looked_back(optimizer, step[:6], q[:6]) is None, "not yet"
    assert looked_back(optimizer, step, np.where(np.arange(21) < 16, -q, q)) is None, "Q changed its sign on the way"
    jumped = np.append(q[:18], 4.0 * q[17])
    assert looked_back("sgd", step[:19], jumped) is None, "two marks are no window"


def test_rows_say_what_the_training_did():
    heard = []
    rows = measure_growth("pendulum-swingup", "sgd", (2, 3), (3, 8), learning_rate=0.05, tell=heard.append, **SIZES)
    assert len(heard) == 2 and heard[0].startswith("sgd, 2 weight layers: ")
    assert {(row.layers, row.lane) for row in rows} == {(2, 3), (2, 8), (3, 3), (3, 8)}
    for lane in {(row.layers, row.lane) for row in rows}:
        own = [row for row in rows if (row.layers, row.lane) == lane]
        assert own[0].step == 0 and np.isnan(own[0].since) and len({row.crash for row in own}) == 1
        assert all(abs(after.q) >= growth.RATIO * abs(before.q) for before, after in zip(own, own[1:], strict=False))
        for row in own:
            assert -1.0 <= row.seem <= 1.0 and row.step < row.updates <= 400 and np.isnan(row.exponent)
            assert np.isnan(row.since) == np.isnan(row.kernel_cosine) == np.isnan(row.predicted)
            assert np.isnan(row.since) or (0 < row.since < row.step and -1.0 <= row.kernel_cosine <= 1.0 + 1e-12)


def test_a_homogeneous_critic_that_grows_along_itself_is_at_rest():
    """Marks at lambda times the same parameters: cosine 1, kernel as Q^((2 L - 2) / L), crash in closed form."""
    steps = [np.random.default_rng(1).normal(size=shape) for shape in ((30, 3), (30, 2), (30, 3))]
    with jax.enable_x64(True):
        given = jax.tree.map(lambda leaf: leaf[0], draw_lanes(steps, (5,), 10))
        params = jax.tree.map(lambda leaf: leaf[0], growth._draw(draw_lanes(steps, (5,), 10), np.asarray([5]), (7, 7)))
        q = 2.0 ** (np.arange(12) / 8.0)
        marks = jax.tree.map(lambda leaf: np.stack([leaf * value ** (1.0 / 3.0) for value in q]), params)
        step = 1_000.0 * (1.0 - q ** (-4.0 / 3.0)) + 1.0
        found = growth.Growth(np.asarray(12), step, q, marks, np.asarray(1_002), np.asarray(np.nan), np.asarray(2_000))
        rows = growth.look_back("sgd", 3, 5, given, found)
    assert [np.isnan(row.since) for row in rows] == [True] * 9 + [False] * 3
    for row in rows[9:]:
        assert isinstance(row, GrowthRow) and row.updates == row.crash == 1_002
        assert row.kernel_cosine == pytest.approx(1.0) and row.kernel_growth == pytest.approx(4.0 / 3.0)
        assert row.predicted == pytest.approx(1_001.0, rel=1e-6)
        assert row.seem == pytest.approx(rows[0].seem)
