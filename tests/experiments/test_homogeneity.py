"""The claim about scale: its rule on exponents that never were, and measured on small nets."""

import dataclasses

import pytest

from divbench import cli
from divbench.experiments import homogeneity
from divbench.experiments.catalogue import EXPERIMENTS
from divbench.experiments.experiment import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Measured
from divbench.report.figures import render
from divbench.studies.homogeneity import CRITICS, HomogeneityRow, measure_homogeneity


def rows_of(*, off=0.0, draws=8):
    """Exponents as the law has them, those of the deepest kernel off by so much."""
    return [HomogeneityRow(critic, layers, number, layers, layers - 1, 2 * (layers - 1) + off * (layers == 5), layers,
                           layers - 1, 2 * (layers - 1), 0.1 * (critic != "relu"))
            for critic in CRITICS for layers in (2, 3, 4, 5) for number in range(draws)]


def measured(rows):
    return Measured(rows, 4, {}, homogeneity.HEADER, homogeneity.summary(rows))


def test_a_decision_can_go_each_way():
    holds = homogeneity.decide(measured(rows_of()))
    assert holds.status == REPRODUCED and holds.comparisons[2].effect == 0.0
    assert "tanh: largest departure of log(size) from a power law 0.1" in holds.context
    broken = homogeneity.decide(measured(rows_of(off=-0.01)))
    assert broken.status == NOT_REPRODUCED and broken.comparisons[2].effect == pytest.approx(0.01)
    assert [part.status for part in broken.comparisons[:2]] == [REPRODUCED] * 2
    assert homogeneity.decide(measured(rows_of(draws=2))).status == INCONCLUSIVE


def test_the_figure_and_the_table():
    found = measured(rows_of())
    figure = homogeneity.figure(found)
    assert [axes.get_title("left") for axes in figure.axes] == list(homogeneity.SAID.values())
    dashed = [line for line in figure.axes[2].lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [2, 4, 6, 8] and render(figure, "svg").startswith(b"<?xml")
    assert found.summary[0] == ("relu", "2", "2.000 to 2.000", "1.000 to 1.000", "2.000 to 2.000", "2, 1, 2", "0")


def test_bias_free_relu_keeps_the_law_and_biases_and_other_activations_break_it():
    heard = []
    rows = measure_homogeneity("pendulum-swingup", 6, (1, 2), 2, 8, "host", heard.append)
    assert len(rows) == len(CRITICS) * 2 * 2 and len(heard) == len(CRITICS)
    for row in rows:
        assert row.output_law == row.layers and row.kernel_law == 2 * row.gradient_law
        if row.critic == "relu":
            assert row[3:6] == pytest.approx(row[6:9], abs=1e-9) and row.departure < 1e-9
    for critic in CRITICS.keys() - {"relu"}:
        assert max(row.departure for row in rows if row.critic == critic) > 1e-3


def test_from_the_command_to_the_outcome(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = {"DEPTHS": (1, 2), "PUBLISHED_WIDTH": 5, "POINTS": {"quick": 6}, "TASK": "pendulum-swingup"}
    for name, value in small.items():
        monkeypatch.setattr(homogeneity, name, value)
    experiment = dataclasses.replace(homogeneity.EXPERIMENT, tasks=("pendulum-swingup",))
    monkeypatch.setitem(EXPERIMENTS, "homogeneity", experiment)
    assert cli.main(["reproduce", "homogeneity", "--physics", "host", "--out", "there"]) == 0
    assert "homogeneity: reproduced (quick scale)" in capsys.readouterr().out
    assert "| relu | 2 | 2.000 to 2.000 |" in (tmp_path / "there" / "homogeneity" / "outcome.md").read_text()
