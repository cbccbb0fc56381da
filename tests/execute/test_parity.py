"""`divbench parity`: what it prints and writes."""

import csv
import dataclasses

from divbench import cli
from divbench.envs.parity import ParityRow
from divbench.execute.parity.measuring import COLUMNS, as_markdown


def test_a_table_of_two_tasks(tmp_path, capsys):
    words = ["parity", "--tasks", "pendulum-swingup,dog-run", "--starts", "2", "--steps", "3", "--out"]
    assert cli.main([*words, str(tmp_path), "--precisions", "float64"]) == 0
    told = capsys.readouterr().out
    assert "dog-run mjx: not available" in told and "parity.csv" in told
    assert cli.main([*words, str(tmp_path)]) == 2 and "parity.csv' is there already" in capsys.readouterr().err
    with open(tmp_path / "parity.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["task"], row["physics"]) for row in rows] == [
        ("pendulum-swingup", "host"), ("pendulum-swingup", "mjx"), ("dog-run", "host")]
    assert set(rows[0]) == set(COLUMNS)
    for row in rows:
        assert float(row["obs_1"]) < 1e-12 and float(row["reset_p"]) > 0.01
    page = (tmp_path / "parity.md").read_text()
    assert page.startswith("# Parity") and page.count("\n| ") == len(rows) + 1


def test_a_table_of_gymnasiums_tasks_says_where_episodes_end(tmp_path, capsys):
    words = ["parity", "--tasks", "hopper,swimmer", "--physics", "host", "--precisions", "float32", "--starts", "8"]
    assert cli.main([*words, "--steps", "4", "--out", str(tmp_path)]) == 0
    assert "misjudged" in capsys.readouterr().out
    with open(tmp_path / "parity.csv", newline="") as file:
        hopper, swimmer = csv.DictReader(file)
    assert 0 < float(hopper["endings"]) < 1 and float(swimmer["endings"]) == 0
    for row in (hopper, swimmer):
        assert float(row["state_1"]) == float(row["state_n"]) == float(row["misjudged"]) == 0
        assert 0 < max(float(row["obs_n"]), float(row["reward_n"])) < 1e-6 * float(row["reward_max"])
    page = (tmp_path / "parity.md").read_text()
    assert page.startswith("# Parity with gymnasium\n") and "dm_control" not in page


def test_what_a_table_is_of_stands_in_it():
    of_dm_control = dataclasses.asdict(ParityRow("dog-run", "host", "float64", 2, 1, *[0.0] * 6, 0.0, 1.0, 0, 0.0))
    of_dm_control |= {"reset_p": 1.0, "reset_coordinates": 3}
    of_gymnasium = of_dm_control | {"task": "hopper", "endings": 0.004, "misjudged": 0.001}
    alone, both = (as_markdown(rows, 2, 1) for rows in ([of_dm_control], [of_dm_control, of_gymnasium]))
    assert alone.startswith("# Parity with dm_control\n") and "misjudged" not in alone and "gymnasium" not in alone
    assert both.startswith("# Parity with dm_control and gymnasium\n") and "| 0.4% | 0.1% |" in both
    assert as_markdown([], 2, 1).startswith("# Parity with dm_control\n")
