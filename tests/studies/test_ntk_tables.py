"""Kernels of random critics in words and pictures: means and intervals of known numbers, files, what is drawn."""

import csv
import io
import math

import pytest

from divbench.spec.errors import UsageError
from divbench.studies.ntk import files as kernel_files
from divbench.studies.ntk.figures import kernel_figure
from divbench.studies.ntk.rows import KernelRow
from divbench.studies.ntk.summary import as_csv, as_record, as_text, summarise, summary_csv


def row(activation="relu", width=8, depth=2, initialisation=0, diagonal=1.0, ratio=0.5, condition=10.0, rank=4.0,
        task="ant", network="mlp 8x8"):
    return KernelRow(task, 20, "host", "float64", "glorot_uniform", activation, width, depth, initialisation, 30,
                     diagonal, ratio, condition, rank, network)


ROWS = [row(initialisation=number, diagonal=value, condition=10.0**value)
        for number, value in enumerate((1.0, 2.0, 3.0))]
OWN = [row("", -1, -1, number, 1.0 + number, network="mine:SimBa(width=64)") for number in range(3)]
MANY = [row(activation, width, depth, number, 1.0 + number + width, 0.2 + 0.1 * depth)
        for activation in ("relu", "sin") for width in (8, 64) for depth in (1, 2) for number in range(3)]


def test_means_and_intervals():
    (found,) = summarise(ROWS)
    half = 4.302653 / math.sqrt(3)  # Student's t with two degrees of freedom, standard deviation 1
    assert (found.activation, found.width, found.depth, found.initialisations) == ("relu", 8, 2, 3)
    diagonal, condition = found.average_diagonal, found.condition_number
    assert (diagonal.effect, diagonal.low, diagonal.high) == pytest.approx((2.0, 2.0 - half, 2.0 + half), rel=1e-6)
    assert (condition.effect, condition.low) == pytest.approx((100.0, 10.0 ** (2.0 - half)), rel=1e-5)
    assert found.row_ratio.effect == 0.5 and found.row_ratio.low is None, "nothing varies: no interval"


def test_a_singular_kernel_makes_the_mean_infinite_and_no_json():
    (found,) = summarise([*ROWS, row(initialisation=3, condition=math.inf)])
    assert found.condition_number.effect == math.inf and found.condition_number.low is None
    assert " inf " in as_text([found])
    assert as_record([found])[0]["condition_number"] == {"effect": None, "low": None, "high": None}


def test_tables_read_back():
    read = list(csv.DictReader(io.StringIO(as_csv(ROWS).decode())))
    assert tuple(read[0]) == KernelRow._fields
    assert [float(line["average_diagonal"]) for line in read] == [1.0, 2.0, 3.0]
    (summary,) = csv.DictReader(io.StringIO(summary_csv(summarise(ROWS)).decode()))
    assert float(summary["average_diagonal"]) == 2.0 and float(summary["average_diagonal_low"]) < 0.0
    assert summary["row_ratio_low"] == ""


def test_a_figure_has_a_panel_for_each_number_and_task():
    rows = [one for one in MANY if one.depth == 2]
    figure = kernel_figure([*rows, *(one._replace(task="hopper") for one in rows)], "width", "by width")
    assert [axes.get_title("left") for axes in figure.axes] == ["ant", "hopper", "", ""]
    assert [axes.get_ylabel() for axes in figure.axes[::2]] == ["average diagonal", "row ratio"]
    dots = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    assert len(dots) == 2 * 2 * 2 * 2 and all(len(line.get_xdata()) == 3 for line in dots)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["8", "64"]


def test_the_files(tmp_path):
    names = kernel_files.write_kernels(tmp_path / "new", MANY)
    assert set(names) == {"width.png", "width.svg", "depth.png", "depth.svg", "summary.csv", "kernels.md",
                          "kernels.csv"}
    assert {file.name for file in (tmp_path / "new").iterdir()} == set(names) and names[-1] == "kernels.csv"
    page = (tmp_path / "new" / "kernels.md").read_text()
    assert "| ant | relu | 8 | 1 |" in page and "![width](width.png)" in page and "over 3 initialisations" in page
    assert len({line.count("|") for line in page.splitlines() if line.startswith("|")}) == 1
    only = kernel_files.write_kernels(tmp_path / "one", [one for one in MANY if (one.width, one.depth) == (8, 1)])
    assert "width.png" in only and "depth.png" not in only
    own = kernel_files.write_kernels(tmp_path / "own", OWN)
    assert own == ["network.png", "network.svg", "summary.csv", "kernels.md", "kernels.csv"]
    page = (tmp_path / "own" / "kernels.md").read_text()
    assert "| ant | mine:SimBa(width=64) | 2 [" in page and "weights as the module draws them" in page
    assert len({line.count("|") for line in page.splitlines() if line.startswith("|")}) == 1
    assert "mine:SimBa(width=64)  2 [" in as_text(summarise(OWN)) and "activation" not in as_text(summarise(OWN))
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="file: kernels cannot be written"):
        kernel_files.write_kernels(tmp_path / "file", ROWS)
