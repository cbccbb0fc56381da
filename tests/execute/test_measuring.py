"""Rows of the table of values."""

from types import SimpleNamespace

import numpy as np
import pytest

from divbench.execute.measuring import value_rows
from divbench.execute.schedule import Position
from divbench.learn.trainer import Cause


def rows(update, cause=(Cause.NONE,) * 3):
    state = SimpleNamespace(resets=np.zeros(3, np.int32), cause=np.asarray(cause), bad_step=np.asarray([-1, 20, -1]),
                            bad_update=np.asarray([-1, 60, -1]))
    measured = {"param_norm": np.asarray([5.0, np.nan, np.inf], np.float32)}
    return value_rows([{"seed": seed} for seed in range(3)], measured, state, Position(1, 30, 40, update))


def test_parameters_that_the_newest_update_broke_are_seen_at_once():
    sound, broken, infinite = rows(90)
    assert sound == {"seed": 0, "env_step": 40, "update": 90, "param_norm": 5.0, "resets": 0, "nonfinite": "",
                     "nonfinite_step": -1, "nonfinite_update": -1}
    for row in (broken, infinite):
        assert (row["nonfinite"], row["nonfinite_step"], row["nonfinite_update"]) == ("learner", 40, 90)


@pytest.mark.parametrize("cause", [Cause.LEARNER, Cause.OPTIMIZER, Cause.PHYSICS])
def test_what_the_lane_itself_has_recorded_stands(cause):
    row = rows(90, (Cause.NONE, cause, Cause.NONE))[1]
    assert (row["nonfinite"], row["nonfinite_step"], row["nonfinite_update"]) == (cause.name.lower(), 20, 60)
