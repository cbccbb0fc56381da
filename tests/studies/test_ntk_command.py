"""`divbench ntk` from the command to its files, on nets of a few units."""

import csv
import json

import pytest

from divbench import cli

WORDS = ["ntk", "--task", "pendulum-swingup", "--activations", "relu,sin", "--widths", "3,4", "--depths", "1",
         "--initialisations", "2", "--steps", "20", "--physics", "host", "--out", "there"]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_critic_of_ones_own(place, capsys):
    words = [*WORDS[:3], "--critic", "tests.learn.critic_examples:Linear", *WORDS[9:]]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert "2 of 2 critics: tests.learn.critic_examples:Linear: average diagonal" in told
    assert "there/: network.png, network.svg, summary.csv, kernels.md, kernels.csv" in told
    rows = list(csv.DictReader((place / "there" / "kernels.csv").open()))
    assert {(row["network"], row["width"], row["parameters"]) for row in rows} == {
        ("tests.learn.critic_examples:Linear", "-1", "5")}


def test_from_the_command_to_the_files(place, capsys):
    assert cli.main(WORDS) == 0
    told = capsys.readouterr().out
    assert "8 of 8 critics: sin, 1 x 4" in told and "average diagonal" in told and "there/: width.png" in told
    assert {file.name for file in (place / "there").iterdir()} == {"kernels.csv", "summary.csv", "kernels.md",
                                                                  "width.png", "width.svg"}
    rows = list(csv.DictReader((place / "there" / "kernels.csv").open()))
    assert len(rows) == 8 and {row["width"] for row in rows} == {"3", "4"}
    assert all(0.0 < float(row["row_ratio"]) and float(row["average_diagonal"]) > 0.0 for row in rows)
    before = (place / "there" / "kernels.csv").read_bytes()

    assert cli.main(WORDS) == 2
    told = capsys.readouterr()
    assert told.err == ("divbench: --out: 'there' holds a measurement already; choose another, or --force replaces "
                        "it\n") and told.out == ""

    assert cli.main([*WORDS, "--force", "--json"]) == 0
    told = capsys.readouterr()
    record = json.loads(told.out)
    assert record["task"] == "pendulum-swingup" and len(record["kernels"]) == 4 and "kernels.csv" in record["files"]
    events = [json.loads(line) for line in told.err.splitlines()]
    assert [event["done"] for event in events] == list(range(1, 9)) and events[0]["of"] == 8
    assert (place / "there" / "kernels.csv").read_bytes() == before, "the same request gives the same bytes"

    assert cli.main([*WORDS[:-1], "quietly", "--quiet"]) == 0
    told = capsys.readouterr().out
    assert "critics:" not in told and "average diagonal" in told
