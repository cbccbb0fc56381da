"""Lanes of DQN on the walk: where they are looked at, what their rows say, and that lanes are their own."""

import math

import numpy as np
import pytest

from divbench.studies.walk import WalkSetting, describe, marks, measure_walk

PLAIN = WalkSetting(False, (16,), "lecun_normal", 0.05)
NORMALISED = PLAIN._replace(layernorm=True)


def test_marks_are_a_ratio_apart_and_end_with_the_last_update():
    found = marks(1_000)
    assert found[0] == 0 and found[1] == 10 and found[-1] == 1_000 and len(found) == 42
    ratios = found[2:] / found[1:-1]
    assert ratios.max() < 1.2 and (np.diff(found) > 0).all()
    assert marks(7).tolist() == [0, 7]


@pytest.fixture(scope="module")
def rows():
    return measure_walk([PLAIN, NORMALISED], [2, 3], side=6, transitions=20, updates=1_500, tell=lambda line: None)


def test_a_plain_lane_crashes_and_its_rows_end_before(rows):
    plain = [row for row in rows if row.network == "plain"]
    crashed = [row for row in plain if row.crash >= 0]
    assert crashed and all(0 < row.crash <= 1_500 and row.step < row.crash for row in crashed)
    assert all(row.largest <= 1e12 for row in rows), "what is beyond is no row"
    last = {row.lane: row for row in crashed}
    assert all(row.excites and row.seem > 0.005 for row in last.values())
    lives = [row for row in rows if row.network == "layernorm" and row.lane == 2]
    assert [row.step for row in lives] == marks(1_500).tolist() and lives[0].crash == -1


def test_rows_say_how_much_has_changed_since_the_mark_before(rows):
    first = [row for row in rows if row.step == 0]
    assert len(first) == 4 and all(math.isnan(row.kernel_cosine) and math.isnan(row.actions_kept) for row in first)
    rest = [row for row in rows if row.step]
    assert all(-1.0 <= row.kernel_cosine <= 1.0 + 1e-9 and 0.0 <= row.actions_kept <= 1.0 for row in rest)
    assert max(row.kernel_cosine for row in rest) > 0.99 and min(row.actions_kept for row in rest) < 1.0
    assert all(abs(row.seem) <= 1.0 and abs(row.mean) <= row.largest * (1.0 + 1e-9) for row in rows)


def test_a_lane_does_not_depend_on_its_neighbours(rows):
    heard = []
    alone = measure_walk([NORMALISED], [3], side=6, transitions=20, updates=1_500, tell=heard.append)
    own = [row for row in rows if (row.network, row.lane) == ("layernorm", 3)]
    assert [row.step for row in own] == [row.step for row in alone]
    np.testing.assert_allclose([row.mean for row in own], [row.mean for row in alone], rtol=1e-6)
    assert heard == ["layernorm, 16 units, lecun_normal weights, SGD at 0.05: 0 of 1 lanes crashed within 1,500 "
                     "updates"]
    assert describe(PLAIN._replace(hidden=(8, 4))) == "plain, 8x4 units, lecun_normal weights, SGD at 0.05"
