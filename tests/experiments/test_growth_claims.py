"""The claims about growth: their rules on lanes that never were, and from the command to the files on small critics."""

import csv
import math

import pytest

from divbench import cli
from divbench.experiments import adam_growth, crash_step
from divbench.experiments.experiment import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Measured
from divbench.report.figures import render
from divbench.studies.growth import GrowthRow

NAN = math.nan


def sgd_lane(lane, *, crash=5_000, predicted=None, **changes):
    """Two marks at which no forecast may be issued, the one that counts at update 4,000, and one after it."""
    predicted = (crash if crash > 0 else 5_000) * 1.01 if predicted is None else predicted
    row = GrowthRow("sgd", 2, lane, crash, 20_000 if crash < 0 else crash, 4_000, 50.0, 0.1, True, 3_000.0, 0.995, 1.02,
                    predicted, 0.9 * predicted, 1.1 * predicted, NAN)
    first = row._replace(step=0, q=0.5, seem=0.02, since=NAN, kernel_cosine=NAN, kernel_growth=NAN, predicted=NAN)
    lazy = row._replace(step=2_000, q=2.0, kernel_growth=0.2, predicted=9_999.0)
    later = row._replace(step=4_500, q=300.0, predicted=1.0)
    return [first, lazy, row._replace(**changes), later]


def adam_lane(layers, lane, exponent, optimizer=adam_growth.DECIDES, **changes):
    row = GrowthRow(optimizer, layers, lane, -1, 100_000, 98_000, -1e4, 0.3, True, 30_000.0, 0.996, 1.0, NAN, NAN, NAN,
                    exponent)
    early = row._replace(step=20_000, q=-1e4 * 0.2**layers, since=5_000.0, exponent=9.0)
    return [early, row._replace(**changes)]


def measured(rows):
    return Measured(rows, 12, {}, (), ())


def decide_crash(count, **changes):
    return crash_step.decide(measured([row for lane in range(count) for row in sgd_lane(lane, **changes)]))


def decide_adam(off, count=6, **changes):
    return adam_growth.decide(measured([row for layers in (2, 3, 4) for lane in range(count)
                                        for row in adam_lane(layers, lane, layers + off, **changes)]))


def test_a_forecast_of_crashes_can_go_each_way():
    holds = decide_crash(12)
    assert holds.status == REPRODUCED and holds.comparisons[0].effect == 1.0
    assert holds.comparisons[1].effect == pytest.approx(math.log10(1_000 / 50))
    assert any("1.00% of the update of the crash, 5% of the updates that were left; too early in 0 of 12" in line
               for line in holds.context)
    assert decide_crash(12, predicted=5_600.0).status == NOT_REPRODUCED
    assert decide_crash(9).status == INCONCLUSIVE, "nine forecasts are too few, however good"
    no_better = decide_crash(12, predicted=4_000.5, step=4_600)
    assert no_better.status == NOT_REPRODUCED and no_better.comparisons[1].effect < 0.0, "than that it crashes now"


def test_a_forecast_for_a_lane_that_lives_is_a_miss():
    rows = [row for lane in range(12) for row in sgd_lane(lane, crash=5_000 if lane < 2 else -1)]
    found = crash_step.decide(measured(rows))
    assert found.status == NOT_REPRODUCED and found.comparisons[0].effect == pytest.approx(2 / 12)
    assert "10 for lanes that did not crash" in found.context[0]
    assert found.context[-1] == ("SEEM at the largest |Q| seen: above 0 in 2 and not in 0 lanes that crashed, above 0 "
                                 "in 10 and not in 0 that did not")


@pytest.mark.parametrize("changes", [{"excites": False}, {"kernel_cosine": 0.98}, {"kernel_growth": 1.2},
                                     {"kernel_growth": 0.8}, {"kernel_cosine": NAN}, {"predicted": math.inf}])
def test_a_forecast_needs_all_conditions(changes):
    row = sgd_lane(0)[2]
    assert crash_step.may_forecast(row) and not crash_step.may_forecast(row._replace(**changes))
    rows = [old if old.step != 4_500 else old._replace(excites=False) for old in sgd_lane(0, **changes)]
    assert crash_step.forecasts(rows) == {0: None}
    assert crash_step.summary(rows) == [("0", "5,000", *["-"] * 7)]


def test_the_first_forecast_counts_and_no_later_one():
    row = crash_step.forecasts(sgd_lane(3))[3]
    assert row.step == 4_000
    assert crash_step.error(row) == pytest.approx(0.01) and crash_step.error_of_rest(row) == pytest.approx(0.05)
    (line,) = crash_step.summary(sgd_lane(3))
    assert line[:3] == ("3", "5,000", "5,050") and line[-2:] == ("+1.0%", "+5%")


def test_exponents_can_go_each_way():
    holds = decide_adam(0.1)
    assert holds.status == REPRODUCED and [part.effect for part in holds.comparisons] == pytest.approx([0.1] * 3)
    assert decide_adam(-0.5).status == NOT_REPRODUCED
    assert decide_adam(0.1, count=2).status == INCONCLUSIVE
    assert decide_adam(0.1, optimizer=adam_growth.DEFAULT).status == INCONCLUSIVE, "the default decides nothing"
    rows = [row for layers in (2, 3, 4) for lane in range(6) for row in adam_lane(layers, lane, layers - 0.9)]
    both = [*(row._replace(exponent=row.layers + 0.0) for row in rows),
            *(row._replace(optimizer=adam_growth.DEFAULT) for row in rows)]
    found = adam_growth.decide(measured(both))
    assert found.status == REPRODUCED and "adam, L = 4: exponents of the 6 of 6 lanes that count median 3.10" in (
        found.context[-1])


@pytest.mark.parametrize("changes", [{"step": 80_000}, {"excites": False}, {"kernel_cosine": 0.98}, {"exponent": NAN}])
def test_a_lane_that_is_not_at_rest_does_not_count(changes):
    (_, last) = adam_lane(2, 0, 2.0)
    changes = dict(changes)
    assert adam_growth.counts(last) and not adam_growth.counts(last._replace(**changes))
    off = changes.pop("exponent", 0.0)
    assert decide_adam(off, **changes).status == INCONCLUSIVE


def test_the_figures_show_what_counts():
    rows = [row for lane in range(7) for row in sgd_lane(lane, crash=4_500 + 500 * lane)]
    figure = crash_step.figure(measured(rows))
    assert len([line for line in figure.axes[0].lines if line.get_linestyle() == "--"]) == 5
    whole, left = ([line for line in axes.lines if line.get_marker() == "o"][0] for axes in figure.axes[1:])
    assert list(whole.get_xdata()) == [4_500 + 500 * lane for lane in range(7)]
    assert left.get_xdata()[0] == 500 and left.get_ydata()[0] == pytest.approx(545.0)
    assert render(figure, "svg").startswith(b"<?xml")
    assert render(crash_step.figure(measured(sgd_lane(0, crash=-1))), "svg").startswith(b"<?xml"), "no crash at all"
    rows = [row for layers in (2, 3) for lane in range(3) for row in adam_lane(layers, lane, layers + 0.1 * lane)]
    figure = adam_growth.figure(measured(rows))
    assert [axes.get_title("left") for axes in figure.axes] == ["L = 2: slopes 2.00 to 2.20",
                                                                "L = 3: slopes 3.00 to 3.20"]
    assert render(figure, "svg").startswith(b"<?xml")
    nobody = adam_growth.figure(measured(adam_lane(2, 0, 2.0, excites=False)))
    assert nobody.axes[0].get_title("left") == "L = 2: slopes none counts"


@pytest.mark.parametrize(("module", "small"), [
    (crash_step, {"LANES": {"quick": 3}, "WIDTH": 5, "POINTS": 8, "UPDATES": 300, "LEARNING_RATE": 0.02}),
    (adam_growth, {"LANES": {"quick": 2}, "WIDTH": 5, "POINTS": 8, "UPDATES": {"quick": 300}, "LEARNING_RATE": 0.01}),
])
def test_from_the_command_to_the_outcome(module, small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, value in small.items():
        monkeypatch.setattr(module, name, value)
    name = module.EXPERIMENT.name
    assert cli.main(["reproduce", name, "--physics", "host", "--out", "there"]) == 0
    assert f"{name}: " in capsys.readouterr().out
    page = (tmp_path / "there" / name / "outcome.md").read_text()
    lanes = small["LANES"]["quick"] * len(adam_growth.LAYERS["quick"] if module is adam_growth else (2,))
    assert page.count("\n| ") >= lanes + 2
    rows = list(csv.DictReader((tmp_path / "there" / name / "measured.csv").open()))
    assert {row["optimizer"] for row in rows} == {"sgd" if module is crash_step else adam_growth.DECIDES}
    assert len({(row["layers"], row["lane"]) for row in rows}) == lanes
