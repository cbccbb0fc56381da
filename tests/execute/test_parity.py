"""`divbench parity`: what it prints and writes."""

import csv

from divbench import cli
from divbench.execute.parity import COLUMNS


def test_a_table_of_two_tasks(tmp_path, capsys):
    words = ["parity", "--tasks", "pendulum-swingup,dog-run", "--starts", "2", "--steps", "3", "--out"]
    assert cli.main([*words, str(tmp_path), "--precisions", "float64"]) == 0
    told = capsys.readouterr().out
    assert "dog-run mjx: not available" in told and "parity.csv" in told
    with open(tmp_path / "parity.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["task"], row["physics"]) for row in rows] == [
        ("pendulum-swingup", "host"), ("pendulum-swingup", "mjx"), ("dog-run", "host")]
    assert set(rows[0]) == set(COLUMNS)
    for row in rows:
        assert float(row["obs_1"]) < 1e-12 and float(row["reset_p"]) > 0.01
    page = (tmp_path / "parity.md").read_text()
    assert page.startswith("# Parity") and page.count("\n| ") == len(rows) + 1
