"""The toy claims: their rules on lanes that never were, and from the command to the files on small ones."""

import csv

import pytest

from divbench import cli
from divbench.experiments import theorem_2, toy_walk
from divbench.experiments.experiment import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Measured
from divbench.report.figures import render
from divbench.studies.contraction import ContractionRow
from divbench.studies.walk import WalkRow


def walk_lane(network, lane, *, crash, seem, setting=toy_walk.DECIDES):
    """Four marks; SEEM is 0.9 early, which must not count, and as given in the second half."""
    weights, rate = setting
    row = WalkRow(network, "64", weights, rate, lane, crash, 0, 0.1, 0.5, 0.9, True, 0.99, 1.0)
    return [row, row._replace(step=40), row._replace(step=50, seem=seem, largest=2.0),
            row._replace(step=100, seem=seem, largest=9.0)]


def walk_rows(plain=16, normalised=0, *, seems=(0.1, 1e-4), lanes=16, setting=toy_walk.DECIDES):
    """So many lanes of each network crash."""
    return [row for network, crashes, seem in zip(toy_walk.NETWORKS, (plain, normalised), seems, strict=True)
            for lane in range(lanes)
            for row in walk_lane(network, lane, crash=200 if lane < crashes else -1, seem=seem, setting=setting)]


def walk_outcome(rows):
    return toy_walk.decide(Measured(rows, 16, {}, (), ()))


def test_the_walk_can_go_each_way():
    holds = walk_outcome(walk_rows())
    assert holds.status == REPRODUCED and [part.effect for part in holds.comparisons] == [1.0, 0.0, 1.0]
    assert [part.status for part in walk_outcome(walk_rows(plain=2)).comparisons][::2] == [NOT_REPRODUCED] * 2
    no_cure = walk_outcome(walk_rows(normalised=14, seems=(0.1, 0.1)))
    assert no_cure.comparisons[1].status == NOT_REPRODUCED and no_cure.comparisons[2].effect == 30 / 32
    blind = walk_outcome(walk_rows(seems=(0.1, 0.006)))
    assert blind.status == NOT_REPRODUCED and blind.comparisons[2].effect == 0.5
    assert walk_outcome(walk_rows(plain=2, lanes=3, normalised=0)).status == INCONCLUSIVE


def test_other_settings_are_told_and_decide_nothing():
    rows = walk_rows() + walk_rows(normalised=16, seems=(0.1, 0.1), setting=toy_walk.TOLD[0])
    found = walk_outcome(rows)
    assert found.status == REPRODUCED and len(found.context) == 5
    assert found.context[3].startswith("layernorm, lecun_normal weights, SGD at 0.02: 16 of 16 lanes crash, at update "
                                       "200 (median); late SEEM from 0.1 to 0.1;")
    assert "largest |Q| of the others 9, at the end 9 (median)" in found.context[1]
    assert len(toy_walk.summary(rows)) == 32


def test_the_late_seem_is_the_median_of_the_second_half_and_the_surge_is_the_last_rise():
    lane = walk_lane("plain", 0, crash=200, seem=0.02)
    assert toy_walk.late_seem(lane) == 0.02 and toy_walk.told_right(lane)
    dip = [lane[0], lane[1]._replace(seem=0.0), *lane[2:]]
    rows = [row._replace(lane=number) for number in range(3) for row in dip]
    assert "last rose to 0.005 in the 3 plain lanes that then crashed, |Q| was 4 times as large" in (
        walk_outcome(rows).context[-1])


def contraction_row(number, *, modulus=0.9, excess=-0.1, error=1e-7, kernel="features", gamma=0.9):
    return ContractionRow(kernel, number, gamma, 0.1, modulus, modulus, True, excess, 0.8, error, 90)


def theorem_outcome(rows, constructed_error=1e12 * 1.01):
    example = [contraction_row(number, modulus=1.2, kernel="constructed", gamma=gamma, error=error)
               for number, (gamma, error) in enumerate(((0.5, 1e-7), (0.9, constructed_error)))]
    return theorem_2.decide(Measured([*rows, *example], 16, {}, (), ()))


def test_the_theorem_can_go_each_way():
    rows = [contraction_row(number) for number in range(200)]
    holds = theorem_outcome(rows)
    assert holds.status == REPRODUCED and holds.comparisons[1].effect == pytest.approx(12.0, abs=0.01)
    assert theorem_outcome(rows[:199]).status == INCONCLUSIVE, "too few"
    for wrong in ({"excess": 1e-6}, {"error": 0.5}, {"error": float("nan")}):
        broken = theorem_outcome([*rows[:20], contraction_row(20, **wrong)])
        assert broken.status == NOT_REPRODUCED and broken.comparisons[0].effect == 1.0
    slow = contraction_row(3, modulus=0.99999, error=0.9)
    assert theorem_outcome([*rows, slow]).status == REPRODUCED, "20,000 steps need not suffice for it"
    above = contraction_row(4, modulus=1.5, excess=0.3, error=2e12)
    told = theorem_outcome([*rows, above])
    assert told.status == REPRODUCED and told.context[0].endswith("and 1 diverged, the smallest modulus of these 1.5")
    assert theorem_outcome(rows, constructed_error=1e-7).status == NOT_REPRODUCED


def test_the_figures_show_the_fates():
    rows = walk_rows(lanes=3, plain=2)
    figure = toy_walk.figure(Measured(rows, 3, {}, (), ()))
    assert sum(line.get_marker() == "x" for line in figure.axes[0].lines) == 2
    assert render(figure, "svg").startswith(b"<?xml")
    rows = [contraction_row(0), contraction_row(1, modulus=2.0, error=1e13)]
    figure = theorem_2.figure(Measured(rows, 1, {}, (), ()))
    drawn = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert {line.get_marker() for line in drawn} == {"o", "x"} and render(figure, "svg").startswith(b"<?xml")


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for module, name, value in ((toy_walk, "LANES", {"quick": 2}), (toy_walk, "UPDATES", {"quick": 40}),
                                (toy_walk, "TRANSITIONS", 12), (toy_walk, "HIDDEN", (6,)), (toy_walk, "SIDE", 4),
                                (theorem_2, "DRAWS", {"quick": 3}), (theorem_2, "STEPS", 60)):
        monkeypatch.setattr(module, name, value)
    return tmp_path


@pytest.mark.parametrize(("name", "said", "rows"), [("toy-walk", "layernorm, 6 units, glorot_uniform", 6 * 2 * 14),
                                                    ("theorem-2", "network: 3 processes", 3 * 3 + 8)])
def test_from_the_command_to_the_outcome(name, said, rows, small, capsys):
    assert cli.main(["reproduce", name]) == 0
    told = capsys.readouterr().out
    assert said in told and f"\n{name}: " in told and " (quick scale)" in told
    folder = small / "results" / "runs" / "claims" / name
    assert {file.name for file in folder.iterdir()} == {"outcome.json", "outcome.md", "figure.png", "figure.svg",
                                                       "measured.csv"}
    page = (folder / "outcome.md").read_text()
    table = [line.replace("\\|", "") for line in page.splitlines() if line.startswith("|")]
    assert "physics toy" in page and {line.count("|") for line in table} == {8, 9 if name == "toy-walk" else 8}
    assert len(list(csv.DictReader((folder / "measured.csv").open()))) == rows
    assert cli.main(["reproduce", name, "--scale", "full"]) == 2
    assert "holds an outcome of scale 'quick'" in capsys.readouterr().err
