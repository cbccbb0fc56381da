"""Growth laws fitted to exact solutions of their equations, alone and with noise, and the intervals' coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics.kernels import growth
from divbench.diagnostics.kernels.jackknife import jackknife


def singular(layers, start=50.0, crash=20_000.0, until=0.8, count=60):
    """Q of dQ/dt = c Q^(1 + p) from `start` to a part of the way to the crash: Q^(-p) = start^(-p) (1 - t / crash)."""
    power = (2.0 * layers - 2.0) / layers
    steps = np.linspace(0.0, until * crash, count)
    return steps, start * (1.0 - steps / crash) ** (-1.0 / power)


def noise(rng, count, size=0.02):
    """Errors in log Q, each half of the one before and half new."""
    errors = rng.normal(size=count) * size
    for place in range(1, count):
        errors[place] = 0.5 * errors[place - 1] + 0.75**0.5 * errors[place]
    return np.exp(errors)


@settings(max_examples=30, deadline=None)
@given(layers=st.integers(2, 6), start=st.floats(1e-3, 1e9), crash=st.floats(1e2, 1e7), until=st.floats(0.3, 0.999),
       sign=st.sampled_from([-1.0, 1.0]))
def test_the_crash_of_an_exact_solution_is_foretold(layers, start, crash, until, sign):
    steps, q = singular(layers, start, crash, until)
    found = growth.predict_crash(steps, sign * q, layers)
    assert found.value == pytest.approx(crash, rel=1e-6)
    assert found.low == pytest.approx(crash, rel=1e-5) and found.high == pytest.approx(crash, rel=1e-5)


def test_a_wrong_depth_foretells_another_crash():
    steps, q = singular(4)
    assert abs(growth.predict_crash(steps, q, 2).value / 20_000.0 - 1.0) > 0.02


def test_the_integrated_equation_crashes_where_its_beginning_says():
    """Euler steps of dQ/dt = c Q^2, as SGD makes them: late by the logarithm of a step, not by more than 10%."""
    series = [1.0]
    while series[-1] < 1e14:
        series.append(series[-1] + 1e-3 * series[-1] ** 2)
    found = growth.forecast(range(len(series)), series, 2, start=100, end=500)
    assert found.actual is not None and found.predicted.value < found.actual
    assert abs(found.relative_error) < 0.1
    assert found.relative_error == pytest.approx(found.predicted.value / found.actual - 1.0)


def test_a_forecast_sees_nothing_beyond_its_window():
    steps, q = singular(3, until=0.7)
    after = np.asarray([15_000.0, 20_000.0, 20_100.0])
    whole, series = np.append(steps, after), np.append(q, [1e3, np.nan, 5.0])
    found = growth.forecast(whole, series, 3, 0.0, 14_000.0)
    assert found.actual == 20_000.0 and found.relative_error == pytest.approx(0.0, abs=1e-6)
    alone = growth.forecast(steps, q, 3, 0.0, 14_000.0)
    assert alone.actual is None and np.isnan(alone.relative_error)
    assert alone.predicted == found.predicted
    with pytest.raises(ValueError, match="ends at step 20050, the crash is at 20000"):
        growth.forecast(whole, series, 3, 0.0, 20_050.0)


@pytest.mark.parametrize(("q", "expected"), [([1.0, 2.0, 3.0], None), ([1.0, -2e12, 3.0], 20.0),
                                             ([1.0, 2.0, np.nan], 30.0), ([np.inf, 2.0, 3.0], 10.0)])
def test_the_actual_crash(q, expected):
    assert growth.crash_step([10, 20, 30], q) == expected


def test_a_critic_that_shrinks_or_rests_never_crashes():
    steps = np.linspace(0.0, 100.0, 40)
    for q in (np.exp(-steps / 30.0), np.full(40, 7.0) * noise(np.random.default_rng(0), 40)):
        assert growth.predict_crash(steps, q, 3).high == np.inf
    assert growth.predict_crash(steps, np.exp(-steps / 30.0), 3).value == np.inf


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_the_power_tells_the_laws_apart(layers):
    steps, q = singular(layers)
    assert growth.growth_power(steps, q).value == pytest.approx(growth.singular_power(layers), abs=1e-3)
    steps = np.linspace(1_000.0, 50_000.0, 60)
    march = 3e-9 * (steps + 2_500.0) ** layers
    assert growth.growth_power(steps, march).value == pytest.approx(-1.0 / layers, abs=1e-3)
    found = growth.polynomial_exponent(steps, march)
    assert found.value == pytest.approx(layers, abs=0.02)
    assert found.low <= found.value <= found.high
    known = growth.polynomial_exponent(steps, march, origin=-2_500.0)
    assert known.value == pytest.approx(layers, abs=1e-9)
    assert growth.growth_power(steps, np.exp(steps / 5_000.0)).value == pytest.approx(0.0, abs=1e-3)
    assert growth.polynomial_exponent(*singular(layers)).value == np.inf


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(optimizer):
    held = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        if optimizer == "sgd":
            steps, q = singular(3, until=0.7, count=100)
            found, truth = growth.predict_crash(steps, q * noise(rng, 100), 3), 20_000.0
        else:
            steps = np.linspace(1_000.0, 20_000.0, 100)
            found, truth = growth.polynomial_exponent(steps, steps**3 * noise(rng, 100), origin=0.0), 3.0
        assert found.low < found.value < found.high
        held.append(found.low <= truth <= found.high)
    assert np.mean(held) >= 0.8


def test_the_norm_of_the_parameters_grows_as_a_root_of_q():
    q = np.geomspace(10.0, 1e8, 30)
    found = growth.power_law(q, 4.0 * q ** (1.0 / 3.0))
    assert found == pytest.approx((1.0 / 3.0,) * 3, abs=1e-9)


def test_the_jackknife_of_a_mean_is_the_textbook_interval():
    """With one point per block the jackknife of a mean is the sample's own standard error."""
    from scipy.stats import t

    values = np.random.default_rng(1).normal(size=20)
    paired = values.reshape(10, 2).mean(1)
    found = jackknife(lambda kept: float(values[kept].mean()), 20)
    width = t.ppf(0.975, 9) * paired.std(ddof=1) / 10**0.5
    assert found == pytest.approx((values.mean(), values.mean() - width, values.mean() + width))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: growth.predict_crash(range(5), np.arange(1.0, 6.0), 3), "5 points are too few .* at least 6"),
    (lambda: growth.predict_crash(range(8), np.arange(1.0, 9.0), 1), "1 weight layers: .* at least 2"),
    (lambda: growth.predict_crash(range(8), np.arange(-3.0, 5.0), 3), "changes its sign"),
    (lambda: growth.growth_power([0, 1, 2, 2, 3, 4], np.arange(1.0, 7.0)), "steps do not rise"),
    (lambda: growth.growth_power(range(7), np.arange(1.0, 7.0)), "7 steps and 6 values"),
    (lambda: growth.polynomial_exponent(range(8), np.arange(1.0, 9.0), origin=2.0), "a power law of -2; expected pos"),
    (lambda: growth.power_law(np.ones(8), np.arange(1.0, 9.0)), "8 and 8 values; expected as many, the first not con"),
    (lambda: jackknife(lambda kept: 0.0, 0), "0 points are too few"),
])
def test_what_cannot_be_fitted_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
