"""Claims that a measurement decides: rules on kernels that never were, and all of it from the command to the files."""

import csv
import json
import math
from pathlib import Path

import pytest

from divbench import cli
from divbench.experiments import kernels
from divbench.experiments.catalogue import EXPERIMENTS
from divbench.experiments.experiment import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Measured, MeasuredExperiment
from divbench.experiments.request import CLAIMS, NAMES
from divbench.report.figures import render
from divbench.studies.ntk.request import PUBLISHED_ACTIVATIONS, WEIGHTS
from divbench.studies.ntk.rows import KernelRow

MEASURED = ["kernel-width", "kernel-depth"]
SIZES = {"width": (32, 64, 128, 256), "depth": (1, 2, 3, 4)}
HEIGHT = {"relu": 0.4, "tanh": 0.0, "sin": -0.3}  # log10, of both numbers


def rows_of(across, *, draws=10, height=HEIGHT, diagonal=None, ratio=0.05, weights=WEIGHTS, noise=0.01):
    """Rows whose log10 numbers lie where the claims want them: heights by activation, and slopes over the sizes."""
    diagonal = {"width": 0.3, "depth": -0.1}[across] if diagonal is None else diagonal
    rows = []
    for task in kernels.TASKS:
        for drawn in weights:
            for activation in PUBLISHED_ACTIVATIONS:
                for step, size in enumerate(SIZES[across]):
                    for number in range(draws):
                        jitter = noise * (number - (draws - 1) / 2)
                        width, depth = (size, 2) if across == "width" else (64, size)
                        rows.append(KernelRow(task, 9, "host", "float64", drawn, activation, width, depth, number, 5,
                                              10 ** (height[activation] + diagonal * step + jitter),
                                              10 ** (height[activation] + ratio * step + jitter - 1.0), math.nan,
                                              math.nan, f"mlp {width}"))
    return rows


def decide(name, rows):
    return EXPERIMENTS[name].decide(Measured(rows, 10, {}, (), ()))


def across_of(name):
    return name.removeprefix("kernel-")


def test_they_are_in_the_catalogue():
    assert [name for name in NAMES if isinstance(EXPERIMENTS[name], MeasuredExperiment)] == [
        *MEASURED, "homogeneity", "crash-step", "adam-growth", "toy-walk", "theorem-2"]


@pytest.mark.parametrize("name", MEASURED)
def test_a_decision_can_go_each_way(name):
    across = across_of(name)
    holds = decide(name, rows_of(across))
    assert holds.status == REPRODUCED, holds.sentence
    turned = {activation: -value for activation, value in HEIGHT.items()}
    assert decide(name, rows_of(across, height=turned)).status == NOT_REPRODUCED
    assert decide(name, rows_of(across, diagonal=-0.3 if across == "width" else 0.3)).status == NOT_REPRODUCED
    assert decide(name, rows_of(across, draws=2)).status == INCONCLUSIVE


@pytest.mark.parametrize("name", MEASURED)
def test_nothing_is_found_where_nothing_differs(name):
    alike = decide(name, rows_of(across_of(name), height=dict.fromkeys(HEIGHT, 0.0), diagonal=0.0, ratio=0.0))
    assert alike.status == INCONCLUSIVE and all(part.effect == pytest.approx(0.0) for part in alike.comparisons)


def test_the_row_ratio_decides_over_depths_and_not_over_widths():
    assert decide("kernel-depth", rows_of("depth", ratio=-0.05)).status == NOT_REPRODUCED
    assert decide("kernel-width", rows_of("width", ratio=-0.05)).status == REPRODUCED


def test_the_numbers_are_what_they_are_called():
    rows = rows_of("width")
    beside = kernels.largest(rows, "average_diagonal", "relu", "width")
    assert beside.effect == pytest.approx(0.4) and beside.side == "above", "relu over tanh, the larger of the others"
    assert kernels.lowest(rows, "row_ratio", "sin", "width").effect == pytest.approx(-0.3)
    grows = kernels.trend(rows, "average_diagonal", "width", "above")
    assert grows.effect == pytest.approx(0.3) and "per doubling of the width, smallest of" in grows.what
    falls = kernels.trend(rows_of("depth"), "average_diagonal", "depth", "below")
    assert falls.effect == pytest.approx(-0.1) and "per hidden layer, largest of" in falls.what


def test_the_worst_task_decides():
    rows = [row._replace(average_diagonal=0.5 * 10 ** HEIGHT["sin"])
            if (row.task, row.activation) == ("walker2d", "relu") else row for row in rows_of("width")]
    assert decide("kernel-width", rows).status == NOT_REPRODUCED
    assert kernels.largest(rows, "average_diagonal", "relu", "width").effect < 0.0


def test_other_weights_are_told_and_decide_nothing():
    turned = {activation: -value for activation, value in HEIGHT.items()}
    outcome = decide("kernel-width", rows_of("width", weights=WEIGHTS[:1])
                     + rows_of("width", weights=WEIGHTS[1:], height=turned))
    assert outcome.status == REPRODUCED
    assert sum("which decide nothing: not reproduced" in line for line in outcome.context) == len(WEIGHTS) - 1
    assert "mean average diagonal largest with relu: at 12 of 12 tasks and sizes" in outcome.context


@pytest.mark.parametrize("name", MEASURED)
def test_a_figure_is_drawn(name):
    rows = rows_of(across_of(name), draws=3)
    figure = EXPERIMENTS[name].figure(Measured(rows, 3, {}, (), ()))
    assert len(figure.axes) == 2 * len(kernels.TASKS) and render(figure, "svg").startswith(b"<?xml")


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A measurement of seconds: one task, few points, few critics."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kernels, "TASKS", ("pendulum-swingup",))
    monkeypatch.setattr(kernels, "POINTS", {"quick": 6, "full": 7})
    monkeypatch.setattr(kernels, "INITIALISATIONS", {"quick": 3, "full": 3})
    monkeypatch.setattr(kernels, "WEIGHTS", WEIGHTS[:2])
    return tmp_path


def test_from_the_command_to_the_outcome(small, capsys):
    words = ["reproduce", "kernel-depth", "--physics", "host"]
    assert cli.main([*words, "--plan"]) == 0
    told = capsys.readouterr().out
    assert "kernels of 72 critics on 6 points of pendulum-swingup" in told and "64 x 1, 64 x 2" in told
    assert list(small.iterdir()) == []
    assert cli.main([*words, "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == []

    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert "pendulum-swingup, weights lecun_normal: measured" in told and "kernel-depth: " in told
    folder = small / CLAIMS / "kernel-depth"
    assert {file.name for file in folder.iterdir()} == {"outcome.json", "outcome.md", "figure.png", "figure.svg",
                                                       "measured.csv"}
    record = json.loads((folder / "outcome.json").read_text())
    assert (record["kind"], record["seeds"], record["physics"], record["precision"]) == ("kernel", 3, "host", "float64")
    assert record["lanes"] == [] and len(record["measured"]["rows"]) == 3 * 4 and len(record["comparisons"]) == 5
    read = list(csv.DictReader((folder / "measured.csv").open()))
    assert len(read) == 72 and {row["depth"] for row in read} == {"1", "2", "3", "4"}
    page = (folder / "outcome.md").read_text()
    assert "| pendulum-swingup | relu | 64 | 1 |" in page and "verdict" not in page

    before = (folder / "outcome.json").read_bytes()
    assert cli.main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == record | {"exit_code": 0}
    assert (folder / "outcome.json").read_bytes() == before
    assert cli.main([*words, "--scale", "full"]) == 2
    assert "holds an outcome of scale 'quick', asked for is 'full'" in capsys.readouterr().err
    assert cli.main(["claims"]) == 0
    assert "kernel-depth" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "message"), [
    (["--physics", "warp"], "--physics: "),
    (["--out", "a-file"], "--out: expected a folder.*a-file' is a file"),
])
def test_wrong_requests_are_one_line(words, message, small, capsys):
    import re

    Path("a-file").write_text("x")
    assert cli.main(["reproduce", "kernel-width", *words]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and re.search(message, told.err)
    assert {path.name for path in small.iterdir()} == {"a-file"}
