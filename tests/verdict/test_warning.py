import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.verdict import warning, warning_fit
from divbench.verdict.warning import (
    FEATURES,
    HORIZON,
    LARGEST,
    divergence_probability,
    features,
    fitted,
    predict,
    protocol_of,
)

NAN = math.nan
KNOWN = {"variant": "baseline", "network": "mlp 256x256", "utd": "1"}
# A healthy lane (OFN, primed) and one that passes its bound 2,000 updates later (plain SAC, primed): the figures of
# results/baselines/prime-15k, quadruped-run, every 1,000 updates.
HEALTHY = {"policy": [0.04, 3.85, 7.23, 10.2, 13.0], "random": [0.04, 3.85, 7.23, 10.2, 13.0]}
DOOMED = {"policy": [-1.26, 17.7, 39.3, 70.1, 151.0], "random": [-1.3, 17.6, 38.5, 61.0, 119.0]}


@pytest.fixture
def primed(make_rows):
    """Rows of a primed lane of a kind that the model knows, measured every `every` updates."""

    def make(policy, random=None, every=1_000, high=750.0, **more):
        rows = make_rows(policy, policy=policy, random=random or policy, high=high, columns=more)
        return [row | KNOWN | {"update": every * index} for index, row in enumerate(rows)]

    return make


def test_a_lane_that_will_diverge_is_told_from_a_healthy_one(primed):
    assert divergence_probability(primed(**HEALTHY)) < 0.05
    assert divergence_probability(primed(**DOOMED)) > 0.9


def test_a_lane_far_below_its_bound_is_no_alarm_at_update_1000(primed):
    """OFN at half a percent and at one percent of the bound; the first model said 0.89."""
    assert divergence_probability(primed([0.0, 3.75, 7.5], every=500)) < 0.05


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("every", [100, 500, 1_000, 2_000, 5_000])
def test_growth_with_a_power_of_the_updates_is_carried_on_whatever_the_spacing(primed, power, every):
    now, share = 20_000, 0.01
    q = [750.0 * share * (every * index / now) ** power for index in range(now // every + 1)]
    ahead, excess = features(primed(q, every=every), 100)
    assert ahead == pytest.approx(math.log10(share * ((now + HORIZON) / now) ** power))
    assert excess == 0.0


def test_the_policy_s_excess_and_the_cut(primed):
    ahead, excess = features(primed([0.0, 10.0, 20.0], random=[0.0, 8.0, 16.0], high=100.0))
    assert ahead == pytest.approx(math.log10(0.2 * 3.5))  # in proportion to the updates, 2,000 of 7,000
    assert excess == pytest.approx(10.0 * math.log10(20.0 / 16.0))
    assert features(primed([0.0, 1.0, 90.0], random=[0.0, 1.0, 1.0], high=100.0)) == (LARGEST, LARGEST)


def test_measurements_closer_than_those_of_the_fit_change_nothing(primed):
    q = [1.0 + index % 7 for index in range(101)]
    close = primed(q, every=10)
    assert features(close, 100) == features([row for row in close if row["update"] % 100 == 0], 100)
    assert features(close, 500) == features(close[::50]) != features(close, 100)


def test_growth_and_age_begin_anew_at_a_reset(primed):
    fresh = [0.0, 1.0, 2.0, 3.0]
    rows = primed([0.0, 300.0, 600.0, *fresh[1:]], resets=[0, 0, 0, 1, 1, 1])
    assert features(rows) == pytest.approx(features(primed(fresh)))
    assert features(rows[:-2]) is None  # one measurement since


def test_growth_from_where_q_was_initialized_says_nothing(primed):
    """LayerNorm on cheetah-run, every 100 updates: from update 100 to 200 its Q, positive at last, grows 26-fold."""
    q = [750.0 * share for share in (-0.0083, 0.0002, 0.0053, 0.0096, 0.0130, 0.0163)]
    found = [features(primed(q[: index + 1], every=100), 100) for index in range(6)]
    assert found[:5] == [None] * 5 and predict(found[5], warning_fit.COEFFICIENTS) < 0.1


def test_too_few_measurements_say_nothing(primed):
    assert features(primed([1.0])) is None  # the untrained network
    assert math.isnan(divergence_probability(primed([1.0, 2.0])))
    assert math.isnan(divergence_probability(primed([1.0, 2.0, 3.0], every=6_000)))
    assert math.isnan(divergence_probability(primed([1.0, 2.0, 3.0], random=[1.0, 2.0, NAN])))
    assert not math.isnan(divergence_probability(primed([1.0, 2.0, 3.0], every=5_000)))


def test_nothing_to_foresee_is_nan(primed):
    rows = primed(**DOOMED)
    assert math.isnan(divergence_probability([]))
    assert math.isnan(divergence_probability(primed([1.0, 1.0, NAN])))
    assert math.isnan(divergence_probability(primed([1.0, 900.0, 900.0])))
    assert math.isnan(divergence_probability([*rows[:-1], rows[-1] | {"nonfinite": "learner"}]))
    recovered = primed([1.0, 900.0, 900.0, 20.0, 20.0, 20.0])
    assert not math.isnan(divergence_probability(recovered))


@pytest.mark.parametrize("unlike", [
    {"variant": "critic_lr=1e12"}, {"variant": "ofn+layernorm"}, {"network": "mlp 512x512"}, {"bound_seen": 1.0},
    {"env_step": 0},  # learns from a dataset
])
def test_lanes_of_other_kinds_have_no_number(primed, unlike):
    rows = primed(**DOOMED)
    assert fitted(rows) and not fitted([row | unlike for row in rows])
    assert math.isnan(divergence_probability([row | unlike for row in rows]))


def test_other_protocols_have_no_number(primed):
    rows = primed(**DOOMED)
    acting = [row | {"env_step": 10_000 + row["update"], "utd": "1"} for row in rows]
    mixed = [row | {"env_step": row["env_step"] + (index > 2)} for index, row in enumerate(rows)]
    assert [protocol_of(x) for x in (rows, acting, mixed, rows[:1])] == ["primed", "acting", "", ""]
    assert fitted(acting) and not fitted(mixed)
    assert not fitted([row | {"utd": "64"} for row in acting]) and not fitted([row | {"utd": "1/4"} for row in acting])
    assert fitted([row | {"utd": "64"} for row in rows])  # a primed lane does not act
    late = [row | {"update": row["update"] + 60_000} for row in rows]
    assert not fitted(late)


def test_the_numbers_in_use_fit_the_model():
    assert len(warning_fit.COEFFICIENTS) == 1 + len(FEATURES) == 3
    assert min(warning_fit.COEFFICIENTS[1:]) > 0.0  # more of either is worse


def test_the_page_says_the_horizon_of_the_model():
    page = (Path(warning.__file__).parents[1] / "report" / "page" / "assets" / "lane.js").read_text()
    assert re.findall(r"within the next ([\d,]+) updates", page) == [f"{HORIZON:,}"]


@given(q=st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=1, max_size=8),
       random=st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=8, max_size=8))
def test_it_is_a_probability_or_nothing(make_rows, q, random):
    rows = [row | KNOWN | {"update": 10 * row["update"]} for row in make_rows(q, random=random[:len(q)])]
    probability = divergence_probability(rows)
    assert math.isnan(probability) or 0.0 <= probability <= 1.0
    assert math.isnan(probability) or not math.isnan(q[-1])


@given(q=st.lists(st.floats(0.1, 100.0), min_size=3, max_size=8), unit=st.sampled_from([2.0**-20, 2.0**20]))
def test_the_unit_of_reward_does_not_matter(make_rows, q, unit):
    one = make_rows(q, first=500)
    other = make_rows([unit * x for x in q], high=100.0 * unit, first=500)
    assert features(one, 100) == pytest.approx(features(other, 100), abs=1e-9)


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
    rows = make_rows([q, q, q], high=high, low=low, first=500)
    assert features(rows, 100)[0] == pytest.approx(math.log10(share), abs=1e-9)


def test_between_0_and_the_bounds_there_is_nothing_to_foresee(primed):
    rows = primed([-80.0] * 3, high=-321.0)
    assert math.isnan(divergence_probability([row | {"q_bound_low": -500.0} for row in rows]))
