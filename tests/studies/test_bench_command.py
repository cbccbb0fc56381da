"""`divbench bench` from the command to its files, on a toy with nets of a few units."""

import csv
import json

import pytest

from divbench import cli

WORDS = ["bench", "--tasks", "constant-reward", "--lanes", "2", "--utd", "1,1/2", "--hidden", "4", "--batch-size", "4",
         "--seconds", "0.05", "--suite", "smoke", "--out", "there"]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_the_command_to_the_files(place, capsys, monkeypatch):
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "true")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(place / "programs"))
    assert cli.main(WORDS) == 0
    assert not list(place.glob("programs/**/*-cache"))  # seconds of compilation are measured, not those of reading
    told = capsys.readouterr().out
    assert "constant-reward, baseline, 2 lanes, UTD 1/2: " in told and "1 of 3" in told
    files = {file.name: file for file in (place / "there").iterdir()}
    assert set(files) == {"bench.csv", "bench.json", "bench.png", "bench.svg"}
    assert files["bench.png"].read_bytes().startswith(b"\x89PNG") and files["bench.png"].stat().st_size > 10_000
    assert "<svg" in files["bench.svg"].read_text()

    rows = list(csv.DictReader(files["bench.csv"].open()))
    assert [(row["kind"], row["utd"]) for row in rows] == [("learning", ""), ("acting", ""), ("training", "1/2"),
                                                           ("training", "1")]
    for row in rows:
        assert (row["task"], row["lanes"], row["physics"], row["network"], row["batch_size"], row["samples"]) == (
            "constant-reward", "2", "toy", "mlp 4", "4", "5")
        assert row["device"] == "cpu" and row["jax"] and row["precision"] == "highest" and row["command"]
        assert 0.0 < float(row["slowest"]) <= 1.0 <= float(row["fastest"])
        assert float(row["compile_seconds"]) > 0.0 and int(row["memory_bytes"]) > 2**20
    half, whole = rows[2:]
    assert float(half["updates_per_second"]) == pytest.approx(float(half["env_steps_per_second"]) / 2)
    assert float(whole["updates_per_second"]) == pytest.approx(float(whole["env_steps_per_second"]))
    for row in (rows[0], half, whole):
        flops = float(row["updates_per_second"]) * int(row["update_flops"])
        assert float(row["ceiling_share"]) == pytest.approx(flops / float(row["ceiling_flops_per_second"]))
    assert rows[1]["updates_per_second"] == rows[1]["ceiling_share"] == ""

    record = json.loads(files["bench.json"].read_text())
    assert record["card"]["lanes"] == [2] and record["card"]["utd"] == ["1/2", "1"] and len(record["rows"]) == 4
    (hours,) = record["projections"]
    assert hours["measured"] == ["constant-reward"] and len(hours["assumed"]) == 2 and hours["hours"] > 0.0

    assert cli.main(WORDS) == 2
    told = capsys.readouterr()
    assert told.err == ("divbench: --out: 'there' holds a measurement already; choose another, or --force replaces "
                        "it\n") and told.out == ""


def test_json(place, capsys, monkeypatch):
    monkeypatch.setattr("divbench.studies.bench.sampling.SAMPLES", 1)
    assert cli.main([*WORDS[:3], "--lanes", "1", "--utd", "1", *WORDS[7:], "--json"]) == 0
    told = capsys.readouterr()
    record = json.loads(told.out)
    events = [json.loads(text) for text in told.err.splitlines() if text.startswith("{")]
    assert [event["kind"] for event in events] == ["learning", "acting", "training"]
    assert [event["updates_per_second"] for event in events] == [row["updates_per_second"] for row in record["rows"]]
    assert record["files"][-1] == "bench.csv"


@pytest.mark.parametrize(("words", "expected"), [
    (["--lanes", "0"], "--lanes: expected at least 1, found '0'"),
    (["--lanes", "2,2"], "--lanes: '2' is named twice"),
    (["--utd", "0"], "--utd: expected a positive whole number or a fraction 1/k, found '0'"),
    (["--seconds", "0"], "--seconds: expected a positive number such as 450, found '0'"),
    (["--tasks", "cheeta-run"], "unknown task 'cheeta-run'; did you mean 'cheetah-run'"),
    (["--variants", "ofm"], "unknown variant 'ofm'; did you mean 'ofn'"),
    (["--suite", "seem-offline"], "--suite: expected one whose lanes act, found 'seem-offline'"),
    (["--suite", "smok"], "unknown suite 'smok'; did you mean 'smoke'"),
    (["--suite", "dog", "--physics", "mjx"], "--physics: task 'dog-run' has no physics 'mjx'"),
])
def test_refusals(words, expected, capsys, place):
    assert cli.main(["bench", *words]) == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"divbench: {expected}") and told.err.count("\n") == 1 and told.out == ""
    assert not list(place.iterdir())
