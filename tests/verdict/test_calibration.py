import math
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.statistics.shares import wilson
from divbench.verdict.calibration import (
    Bin,
    Example,
    brier_score,
    calibrate,
    examples,
    fit,
    reliability,
)
from divbench.verdict.warning import COEFFICIENTS, HORIZON, INTERCEPT, predict

PLANTED = (-1.0, 2.0, -0.5)


def lane(make_rows, q, task="a-walk", seed=0, every=2_000, columns=None):
    rows = make_rows(q, columns=columns)
    return [row | {"update": every * index, "task": task, "variant": "v", "utd": "1", "seed": seed}
            for index, row in enumerate(rows)]


def drawn(count, coefficients=PLANTED, seed=0):
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        x = (dice.gauss(0.0, 1.0), dice.gauss(0.0, 2.0))
        found.append(Example(x, dice.random() < predict(x, coefficients), 0, "a-walk"))
    return found


def test_planted_coefficients_are_recovered():
    assert fit(drawn(4_000)) == pytest.approx(PLANTED, abs=0.15)


def test_the_fit_is_the_optimum():
    """At the optimum the gradient of the penalised likelihood is 0."""
    found, penalty = drawn(300), 2.5
    coefficients = fit(found, penalty)
    errors = [predict(example.features, coefficients) - example.happened for example in found]
    assert sum(errors) == pytest.approx(0.0, abs=1e-5)
    for place in range(2):
        slope = sum(error * example.features[place] for error, example in zip(errors, found, strict=True))
        assert slope == pytest.approx(-penalty * coefficients[place + 1], abs=1e-5)


def test_perfectly_separated_examples_and_a_single_outcome_have_finite_coefficients():
    split = [Example((x, 0.0), x > 0.0, 0, "") for x in (-2.0, -1.0, 1.0, 2.0)]
    assert all(map(math.isfinite, fit(split))) and fit(split)[1] > 0.0
    never = fit([Example((1.0,), False, 0, "")] * 20)
    assert all(map(math.isfinite, never)) and predict((1.0,), never) < 0.01
    with pytest.raises(ValueError, match="no examples"):
        fit([])


def test_examples_know_their_outcome(make_rows):
    """Bound 100, a measurement every 2,000 updates: five ahead are the horizon."""
    calm = lane(make_rows, [1.0] * 8)
    assert [(e.happened, e.lane, e.task) for e in examples([calm])] == [(False, 0, "a-walk")] * 3
    assert [e.lane for e in examples([calm, calm])] == [0] * 3 + [1] * 3
    doomed = lane(make_rows, [1.0] * 8 + [200.0] * 3)
    assert [e.happened for e in examples([doomed])] == [False] * 3 + [True] * 3  # later ones are not watched for long
    recovered = lane(make_rows, [1.0, 200.0, 200.0] + [1.0] * 9)
    assert [e.happened for e in examples([recovered])] == [True] + [False] * 2  # back from the sixth on
    broken = lane(make_rows, [1.0] * 8)
    for row in broken[3:]:
        row.update(nonfinite="learner", nonfinite_update=5_500)
    assert [e.happened for e in examples([broken])] == [True] * 3
    assert HORIZON == 10_000 and examples([]) == []


def test_examples_see_the_past_only(make_rows):
    q = [0.0, 1.0, 3.0, 9.0, 27.0, 40.0, 50.0, 50.0, 50.0]
    one, other = lane(make_rows, q), lane(make_rows, q[:6] + [1.0, 2.0, 1.0])
    assert examples([one])[:3] == examples([other])[:3] and len(examples([one])) >= 3


def test_a_calibrated_forecaster_is_found_reliable_and_a_bragging_one_not():
    dice = random.Random(1)
    told = [dice.random() for _ in range(5_000)]
    came = [dice.random() < p for p in told]
    bragging = [min(1.0, 2.0 * p) for p in told]

    def reliable(probabilities):
        """Bins whose interval holds what was predicted."""
        rows = reliability(probabilities, came, range(len(came)))
        return sum(row.observed_low <= row.predicted <= row.observed_high for row in rows)

    assert reliable(told) >= 9 and reliable(bragging) <= 2
    assert brier_score(told, came) == pytest.approx(1.0 / 6.0, abs=0.01)
    assert brier_score(told, came) < brier_score(bragging, came)


def test_bins_of_known_predictions():
    first, last = reliability([0.05, 0.09, 1.0], [False, True, True], [7, 7, 8])
    assert first == Bin(0.0, 0.1, 2, 1, pytest.approx(0.07), 0.5, *wilson(0.5, 1))
    assert (last.low, last.high, last.count, last.observed) == (0.9, 1.0, 1, 1.0)
    assert reliability([], [], []) == [] and math.isnan(brier_score([], []))


def test_wilson_intervals():
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(hits=st.integers(0, 50), misses=st.integers(0, 50))
@settings(max_examples=50)
def test_an_interval_holds_its_share(hits, misses):
    low, high = wilson(hits / max(1, hits + misses), hits + misses)
    share = hits / (hits + misses) if hits + misses else 0.5
    assert 0.0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1.0


def test_calibration_leaves_each_task_out(make_rows):
    """On one task growth means divergence, on the other two as well: known from the others, it is foreseen."""
    growing = [0.0, 1.0, 4.0, 10.0, 30.0, 60.0, 200.0, 200.0, 300.0, 400.0, 600.0]
    lanes = [lane(make_rows, [(1.0 + 0.1 * seed) * x for x in growing], task, seed)
             for task in ("a-walk", "b-run", "c-hop") for seed in range(3)]
    lanes += [lane(make_rows, [1.0 + 0.01 * seed] * 10, task, 10 + seed)
              for task in ("a-walk", "b-run", "c-hop") for seed in range(3)]
    found = calibrate(lanes)
    assert (found.tasks, found.lanes) == (3, 18) and 0 < found.events < found.examples
    assert found.brier < found.climate / 2.0
    assert sum(row.count for row in found.reliability) == found.examples
    assert found.coefficients == fit(examples(lanes))
    with pytest.raises(ValueError, match="two tasks or more, found 1"):
        calibrate(lanes[:1])


def test_the_coefficients_in_use_are_those_of_the_committed_runs():
    """And the page that says how far they can be believed is that of the same fit."""
    import divbench

    place = Path(__file__).resolve().parents[2] / "results" / "baselines"
    lanes = {}
    for name in ("prime-15k", "prime-25k", "prime-50k", "cheetah-100k", "dmc15-12k", "dog-12k"):
        for row in divbench.load(place / name).values.to_pylist():
            lanes.setdefault((name, row["task"], row["variant"], row["seed"]), []).append(row)
    fitted = fit(examples(list(lanes.values())))
    assert (INTERCEPT, *COEFFICIENTS) == pytest.approx(fitted, rel=0.01)
    told = re.search(r"Fitted on all: intercept (-?[0-9.]+)", (place / "warning.md").read_text())
    assert float(told[1]) == pytest.approx(fitted[0], rel=0.01)
