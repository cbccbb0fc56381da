import math
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from divbench.records.schema import renamed_row
from divbench.verdict import warning_fit
from divbench.verdict.calibration import (
    SPACINGS,
    Example,
    at_spacing,
    examples,
    fit,
    onsets,
    predict_left_out,
    thinned,
    weigh,
)
from divbench.verdict.warning import HORIZON, features, fitted, predict, protocol_of

PLANTED = (-1.0, 2.0, -0.5)
BASELINES = Path(__file__).resolve().parents[2] / "results" / "baselines"


def lane(make_rows, q, task="a-walk", seed=0, every=1_000):
    return [row | {"update": every * index, "task": task, "variant": "v", "utd": "1", "seed": seed}
            for index, row in enumerate(make_rows(q))]


def example(features, happened, lane=0, task="a-walk", spacing=500):
    return Example(features, happened, lane, spacing, {"task": task, "seed": lane}, "primed")


def drawn(count, coefficients=PLANTED, seed=0):
    """Examples of as many lanes."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        x = (dice.gauss(0.0, 1.0), dice.gauss(0.0, 2.0))
        found.append(example(x, dice.random() < predict(x, coefficients), number))
    return found


def test_planted_coefficients_are_recovered():
    assert fit(drawn(4_000)) == pytest.approx(PLANTED, abs=0.15)


def test_the_fit_is_the_optimum():
    """At the optimum the gradient of the penalised likelihood is 0."""
    found, penalty = drawn(300), 2.5
    coefficients = fit(found, penalty)
    errors = [predict(one.features, coefficients) - one.happened for one in found]
    assert sum(errors) == pytest.approx(0.0, abs=1e-5)
    for place in range(2):
        slope = sum(error * one.features[place] for error, one in zip(errors, found, strict=True))
        assert slope == pytest.approx(-penalty * coefficients[place + 1], abs=1e-5)


def test_perfectly_separated_examples_and_a_single_outcome_have_finite_coefficients():
    split = [example((x, 0.0), x > 0.0, number) for number, x in enumerate((-2.0, -1.0, 1.0, 2.0))]
    assert all(map(math.isfinite, fit(split))) and fit(split)[1] > 0.0
    never = fit([example((1.0,), False, number) for number in range(20)])
    assert all(map(math.isfinite, never)) and predict((1.0,), never) < 0.01
    with pytest.raises(ValueError, match="no examples"):
        fit([])


def test_every_lane_counts_as_one():
    found = [example((0.0,), False, lane) for lane in (0, 0, 0, 1)]
    assert weigh(found) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1.0])
    twice = [*drawn(50), *drawn(50)]  # every lane measured twice: nothing new is known
    assert fit(twice) == pytest.approx(fit(drawn(50)))


def test_thinning_keeps_what_is_far_enough_apart(make_rows):
    rows = lane(make_rows, [0.0] * 61, every=100)
    assert [row["update"] for row in at_spacing(rows, 2_000)] == [0, 2_000, 4_000, 6_000]
    assert list(thinned(rows)) == list(SPACINGS)
    coarse = lane(make_rows, [0.0] * 7)
    assert list(thinned(coarse)) == [1_000, 2_000, 5_000]  # measured every 1,000 updates, however one thins
    rounded = [row | {"update": 4_992 * index} for index, row in enumerate(coarse)]
    assert [len(kept) for kept in thinned(rounded).values()] == [7]


def test_examples_know_their_outcome(make_rows):
    """Bound 100; five measurements ahead are the horizon."""
    calm = lane(make_rows, [1.0] * 9)
    own = [one for one in examples([calm]) if one.spacing == 1_000]
    assert [(one.row["update"], one.happened) for one in own] == [(2_000, False), (3_000, False)]
    assert {one.lane for one in examples([calm, calm])} == {0, 1}
    doomed = lane(make_rows, [1.0] * 8 + [200.0] * 3)
    own = [one for one in examples([doomed]) if one.spacing == 1_000]
    # at update 6,000 it is known too what became of it, but would not be of a lane that stayed inside
    assert [(one.row["update"], one.happened) for one in own] == [(2_000, False), (3_000, True), (4_000, True),
                                                                  (5_000, True)]
    recovered = lane(make_rows, [1.0, 200.0, 200.0] + [1.0] * 9)
    own = [one for one in examples([recovered]) if one.spacing == 1_000]
    assert [(one.row["update"], one.happened) for one in own] == [(5_000, False), (6_000, False)]  # inside from 5 on
    broken = lane(make_rows, [1.0] * 10)
    for row in broken[4:]:
        row.update(nonfinite="learner", nonfinite_update=3_500)
    assert [one.happened for one in examples([broken])] == [True] * 2 and onsets(broken) == [3_500]
    assert HORIZON == 5_000 and examples([]) == []


def test_an_onset_between_two_measurements_is_seen_at_the_later(make_rows):
    """Spacing 3,000: the first measurement a horizon after 6,000 is at 12,000."""
    doomed = lane(make_rows, [1.0] * 4 + [200.0] * 3, every=3_000)
    assert [(one.row["update"], one.happened) for one in examples([doomed]) if one.row["update"] == 6_000] == [
        (6_000, True)]


def test_examples_see_the_past_only(make_rows):
    q = [0.0, 1.0, 3.0, 9.0, 27.0, 40.0, 50.0, 50.0, 50.0]
    one, other = lane(make_rows, q), lane(make_rows, q[:4] + [1.0, 2.0, 1.0, 1.0, 1.0])
    assert [e.features for e in examples([one])] == [e.features for e in examples([other])] != []


def test_each_task_is_predicted_by_the_others(make_rows):
    """Growth means divergence on two tasks and nothing on the third, which has to be foretold wrongly."""
    growing = [0.0, 1.0, 4.0, 10.0, 30.0, 60.0, 90.0]
    gone, stays = [200.0] * 5, [60.0] * 5
    lanes = [lane(make_rows, [(1.0 + 0.1 * seed) * x for x in growing] + ends, task, seed)
             for task, ends in (("a-walk", gone), ("b-run", gone), ("c-hop", stays)) for seed in range(3)]
    lanes += [lane(make_rows, [1.0 + 0.01 * seed] * 12, task, 10 + seed)
              for task in ("a-walk", "b-run", "c-hop") for seed in range(3)]
    found = examples(lanes)
    told = {task: [p for one, p in zip(found, predict_left_out(found), strict=True)
                   if one.task == task and one.row["seed"] < 10 and one.row["update"] == 5_000]
            for task in ("a-walk", "c-hop")}
    assert told["a-walk"] and min(told["c-hop"]) > max(told["a-walk"])
    with pytest.raises(ValueError, match="two tasks or more, found 1"):
        predict_left_out([one for one in found if one.task == "a-walk"])


@pytest.fixture(scope="module")
def kept():
    """The lanes of the committed rows, and their examples."""
    lanes = {}
    for row in map(renamed_row, pq.read_table(BASELINES / "warning_rows.parquet").to_pylist()):
        lanes.setdefault((row["run"], row["task"], row["variant"], row["utd"], row["seed"]), []).append(row)
    return list(lanes.values()), examples(lanes.values())


def test_the_coefficients_in_use_are_those_of_the_committed_rows(kept):
    lanes, found = kept
    assert len({one.task for one in found}) >= 15
    assert warning_fit.COEFFICIENTS == pytest.approx(fit(found), rel=1e-4)
    assert warning_fit.SPACING == min(one.spacing for one in found)
    assert all(fitted(rows[:8]) for rows in lanes if len(rows) > 10)


def test_the_demo_s_lanes_are_foretold_by_other_tasks(kept):
    """quadruped-run, primed, every 500 updates: eight seeds of each variant."""
    lanes, found = kept
    coefficients = fit([one for one in found if one.task != "quadruped-run"])
    told = {"baseline": [], "ofn": [], "layernorm": []}
    for rows in lanes:
        if rows[0]["task"] != "quadruped-run" or protocol_of(rows) != "primed" or rows[1]["update"] != 500:
            continue
        onset = min(onsets(rows), default=math.inf)
        before = [rows[: index + 1] for index, row in enumerate(rows) if row["update"] < onset]
        values = {past[-1]["update"]: features(past) for past in before}
        assert None not in [value for update, value in values.items() if update >= 1_000]
        alarms = [update for update, value in values.items() if value and predict(value, coefficients) > 0.5]
        told[rows[0]["variant"]].append((onset, alarms))
    assert [len(own) for own in told.values()] == [8, 8, 8]
    assert [alarms for _, alarms in told["ofn"] + told["layernorm"]] == [[]] * 16
    assert all(onset - alarms[0] >= 1_000 for onset, alarms in told["baseline"])
