import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.verdict.warning import COEFFICIENTS, FEATURES, LARGEST, divergence_probability, features, predict

NAN = math.nan
# A healthy lane (OFN, primed) and one that passes its bound 5,000 updates later (plain SAC, primed): the figures of
# results/baselines/prime-15k, quadruped-run, every 1,000 updates.
HEALTHY = {"q": [0.04, 3.85, 7.23, 10.2, 13.0], "policy": [0.04, 3.85, 7.23, 10.2, 13.0],
           "grad": [244.0, 20.2, 15.7, 11.6, 8.54]}
DOOMED = {"q": [-1.29, 17.6, 38.7, 60.9, 119.0], "policy": [-1.26, 17.7, 39.3, 70.1, 151.0],
          "grad": [3.9e3, 28.1, 13.7, 50.4, 45.7]}


@pytest.fixture
def thousands(make_rows):
    """Rows measured every 1,000 updates."""

    def make(q, *, policy=None, grad=None, high=750.0, **more):
        columns = {"grad_norm": grad} if grad else {}
        rows = make_rows(q, policy=policy, random=q, high=high, columns=columns | more)
        return [row | {"update": 10 * row["update"]} for row in rows]

    return make


def test_a_lane_that_will_diverge_is_told_from_a_healthy_one(thousands):
    assert divergence_probability(thousands(**HEALTHY)) < 0.05
    assert divergence_probability(thousands(**DOOMED)) > 0.9


def test_the_features_of_known_rows(thousands):
    rows = thousands([0.0, 10.0, 20.0], policy=[0.0, 10.0, 40.0], grad=[900.0, 1.0, 10.0], high=100.0)
    per_step = math.log10(4.0)
    expected = (math.log10(0.4) + LARGEST * 2, 1.0, LARGEST, 10.0 * math.log10(2.0), 0.0)
    assert math.log10(0.4) + 10.0 * per_step > LARGEST  # so that the first is cut off
    assert features(rows) == pytest.approx([min(max(x, -LARGEST), LARGEST) for x in expected])
    slow = [row | {"update": 10 * row["update"]} for row in rows]
    assert features(slow)[:3] == pytest.approx([math.log10(0.4) + per_step, 1.0, 1.0])


def test_the_untrained_network_says_nothing(thousands):
    known = features(thousands([5.0], grad=[1e5]))
    assert known == (0.0, 0.0, 0.0, 0.0, 1.0)
    assert 0.0 < divergence_probability(thousands([5.0], grad=[1e5])) < 0.5


def test_growth_does_not_look_across_a_reset(thousands):
    reset = thousands([0.0, 50.0, 60.0, 0.5], high=100.0, resets=[0, 0, 0, 1])
    assert features(reset)[0] == pytest.approx(math.log10(0.5 / 100.0))


def test_nothing_to_foresee_is_nan(thousands):
    rows = thousands(**DOOMED)
    assert math.isnan(divergence_probability([]))
    assert math.isnan(divergence_probability(thousands([1.0, NAN])))
    assert math.isnan(divergence_probability(thousands([1.0, 900.0, 900.0])))
    assert math.isnan(divergence_probability([*rows[:-1], rows[-1] | {"nonfinite": "learner"}]))
    recovered = thousands([1.0, 900.0, 900.0, 20.0, 20.0, 20.0])
    assert not math.isnan(divergence_probability(recovered))


def test_an_old_table_without_gradients_is_foreseen_too(thousands):
    assert 0.0 < divergence_probability(thousands(DOOMED["q"], policy=DOOMED["policy"])) < 1.0


def test_one_coefficient_per_feature():
    assert len(COEFFICIENTS) == len(FEATURES) == 5


@given(q=st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=1, max_size=8),
       grad=st.lists(st.floats(0.0, 1e30) | st.just(NAN), min_size=8, max_size=8))
def test_it_is_a_probability_or_nothing(make_rows, q, grad):
    probability = divergence_probability(make_rows(q, columns={"grad_norm": grad[:len(q)]}))
    assert math.isnan(probability) or 0.0 <= probability <= 1.0
    assert math.isnan(probability) or not math.isnan(q[-1])


@given(q=st.lists(st.floats(0.1, 100.0), min_size=1, max_size=8), unit=st.sampled_from([2.0**-20, 2.0**20]))
def test_the_unit_of_reward_does_not_matter(make_rows, q, unit):
    one = make_rows(q, columns={"grad_norm": q})
    other = make_rows([unit * x for x in q], high=100.0 * unit, columns={"grad_norm": [unit * x for x in q]})
    assert features(one) == pytest.approx(features(other), abs=1e-9)


@given(values=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=2), weights=st.lists(st.floats(-9, 9), min_size=3,
                                                                                    max_size=3))
def test_the_logistic_model_is_symmetric(values, weights):
    p, q = predict(values, weights), predict(values, [-w for w in weights])
    assert p + q == pytest.approx(1.0) and 0.0 <= p <= 1.0


@pytest.mark.parametrize(("q", "low", "high", "share"), [
    (30.0, -5.0, 100.0, 0.3), (104.0, -5.0, 100.0, 1.04), (-1.0, -5.0, 100.0, 0.2),  # as verdicts and claims have it
    (-0.42, 0.0, 420.0, 0.001), (-4.2, 0.0, 420.0, 0.01), (0.0, 0.0, 420.0, 0.001),  # near a bound of 0
])
def test_the_share_is_the_verdict_s(make_rows, q, low, high, share):
    rows = make_rows([q, q], high=high, low=low)
    assert features(rows)[0] == pytest.approx(math.log10(share), abs=1e-9)


def test_between_0_and_the_bounds_there_is_nothing_to_foresee(make_rows):
    assert math.isnan(divergence_probability(make_rows([-80.0, -80.0], high=-321.0, low=-500.0)))
