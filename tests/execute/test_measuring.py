"""Rows of the table of values."""

from types import SimpleNamespace

import numpy as np
import pytest

from divbench.execute import measuring
from divbench.execute.measuring import Evaluator, value_rows
from divbench.execute.schedule import Position
from divbench.learn.trainer import Cause
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec


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


def drawn(monkeypatch, utd, at, variants=("baseline", "ofn"), seeds=2) -> np.ndarray:
    """Seeds of the initial states that an evaluation draws, `[lanes, episodes]`."""
    found = []
    monkeypatch.setattr(measuring, "draw_starts", lambda env, seeds, shape: found.append(np.reshape(seeds, shape)))
    monkeypatch.setattr(measuring.rollout, "blank_evaluation", lambda *_: SimpleNamespace(returns=0.0))
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants=variants, utd=utd, seeds=seeds, steps=1_000,
                   prime_samples=100, prime_updates=500)
    (group,) = make_groups(spec, fused=True)
    program = SimpleNamespace(lanes=len(group.lanes), episodes=3, env=SimpleNamespace(episode_length=0))
    Evaluator(program, group, lambda: None).returns(None, None, at)
    return found[0]


def test_evaluations_share_initial_states_across_variants_and_utds(monkeypatch):
    slow = drawn(monkeypatch, "1", Position(2, 200, 300, 500 + 200))
    fast = drawn(monkeypatch, "8", Position(2, 200, 300, 500 + 1600))
    np.testing.assert_array_equal(slow, fast)
    first, second, same, again = slow  # lanes by variant, then seed
    np.testing.assert_array_equal([first, second], [same, again])
    assert len(np.unique([first, second])) == 6  # seeds and episodes apart
    before, primed = (drawn(monkeypatch, "8", Position(1, done, 100, done)) for done in (0, 500))
    assert len(np.unique([before, primed, slow])) == 3 * 6
