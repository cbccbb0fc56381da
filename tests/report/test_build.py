"""The files that a report leaves in the run folder."""

import csv
import json

import pytest

from divbench import cli
from divbench.report.build import report
from divbench.spec.errors import UsageError

FILES = {
    "learning_curves.png",
    "learning_curves.svg",
    "q_curves.png",
    "q_curves.svg",
    "lanes.md",
    "summary.md",
    "summary.csv",
    "q.csv",
    "all_tasks.png",
    "all_tasks.svg",
    "overall.csv",
    "verdicts.tex",
    "overall.tex",
    "scores.tex",
    "q.tex",
}


def test_all_files_are_written_and_named(tmp_path, priming, capsys):
    path = priming(seeds=2, every=1000).write(tmp_path / "run")
    written = report(path, quiet=True)
    assert capsys.readouterr().out == ""
    assert {file.name for file in written} == FILES == {file.name for file in (path / "report").iterdir()}
    assert all(file.parent == path / "report" for file in written)


def test_a_second_report_gives_the_same_bytes(tmp_path, priming):
    path = priming(seeds=2, every=1000).write(tmp_path / "run")
    first = {file: file.read_bytes() for file in report(path, quiet=True)}
    assert {file: file.read_bytes() for file in report(path, quiet=True)} == first


def test_csv_holds_full_precision(tmp_path, fake_run):
    run = fake_run()
    for seed, final in enumerate((1 / 3, 2 / 3)):
        run.add("scores", "t", "ofn", "1/2", seed, 5, 2, return_mean=final)
        run.add("values", "t", "ofn", "1/2", seed, 5, 2, q_replay_mean=final, q_bound=2.0)
        run.add("verdicts", "t", "ofn", "1/2", seed, 5, 2, verdict="stable")
    path = run.write(tmp_path / "run")
    report(path, quiet=True)
    (row,) = csv.DictReader((path / "report" / "summary.csv").open())
    assert (row["task"], row["variant"], row["utd"], row["seeds"]) == ("t", "ofn", "1/2", "2")
    assert float(row["low"]) == 1 / 3 and float(row["mean"]) == 0.5
    (row,) = csv.DictReader((path / "report" / "q.csv").open())
    assert float(row["final"]) == 0.5 and row["mc_return"] == ""


def test_every_markdown_table_states_its_facts(tmp_path, priming):
    path = priming(seeds=2, every=1000).write(tmp_path / "run")
    report(path, quiet=True)
    text = (path / "report" / "summary.md").read_text()
    caption = (
        "*priming, physics host, action repeat 1, UTD 1, 2 seeds (0, 1), network mlp 256x256, precision highest.*"
    )
    assert text.count("\n## ") == text.count(caption) == 5
    for table in text.split("\n## ")[1:]:
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len(rows) > 2 and len({row.count("|") for row in rows}) == 1


def test_growing_run_is_judged_by_what_it_has(tmp_path, online, capsys):
    from divbench.records.journal import Journal

    run = online(seeds=2, tasks=("cheetah-run",), upto=0.5)
    path = tmp_path / "run"
    (path / "groups" / "g").mkdir(parents=True)
    (path / "card.json").write_text(json.dumps(run.card()))
    journal = Journal(path / "groups" / "g" / "journal.jsonl")
    for table in ("scores", "values"):
        journal.append(table, run.rows[table])
    journal.close()
    assert cli.main(["report", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["facts"]["state"] == "not finished"
    assert {row["env_step"] for row in answer["scores"]} == {50_000}
    assert len(answer["verdicts"]) == 8 and {lane["verdict"] for lane in answer["verdicts"]} == {"stable"}


def test_empty_run_has_tables_without_rows_and_no_pictures(tmp_path, fake_run):
    path = fake_run(finished=None).write(tmp_path / "run")
    assert {file.name for file in report(path, quiet=True)} == {"summary.md", "summary.csv", "q.csv"}
    assert "Nothing is recorded yet" in (path / "report" / "summary.md").read_text()


def test_missing_folder_changes_nothing(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        report(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
