"""A report of the unfinished state of a run that has finished: re-made as it was asked for, or a line that says why."""

import json

import pytest

from divbench.cli.commands import training
from divbench.execute.run import RunResult
from divbench.report.build import report
from divbench.report.page.write import write_page
from divbench.report.published import published_curves
from divbench.report.remaking import _payload, remake_stale

LATER = "2025-02-01T12:00:00Z"


@pytest.fixture
def growing(online, tmp_path):
    """The folder of a run that is not finished, with no report."""
    return online(seeds=1, tasks=("cheetah-run",), upto=0.5).write(tmp_path / "run")


@pytest.fixture
def other(online, tmp_path):
    return online(seeds=1, tasks=("cheetah-run",)).write(tmp_path / "elsewhere" / "other")


def finish(path):
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps(card | {"finished": LATER}))


def files(path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (path / "report").iterdir()}


def test_every_file_is_that_of_the_finished_run(growing):
    report(growing, quiet=True)
    assert b"State: not finished." in files(growing)["summary.md"]
    finish(growing)
    assert remake_stale(growing) == ""
    remade = files(growing)
    assert f"State: finished {LATER}.".encode() in remade["summary.md"] and "report.html" not in remade
    before = {file: file.stat().st_mtime_ns for file in (growing / "report").iterdir()}
    assert remake_stale(growing) == "", "of the finished state now, and left alone"
    assert {file: file.stat().st_mtime_ns for file in (growing / "report").iterdir()} == before


def test_what_was_never_made_is_not_made(growing):
    finish(growing)
    assert remake_stale(growing) == "" and not (growing / "report").exists()


def test_a_page_shows_again_what_stood_beside_the_run(growing, other):
    page = write_page(growing, others=[other], against=published_curves())
    assert [run["folder"] for run in _payload(page)["runs"]] == [".", "../elsewhere/other"]
    finish(growing)
    assert remake_stale(growing) == ""
    shown = _payload(page)
    assert [run["growing"] for run in shown["runs"]] == [False, False] and shown["published"]
    before = page.read_bytes()
    assert write_page(growing, others=[other], against=published_curves()).read_bytes() == before


def test_a_page_without_tables_is_re_made_alone(growing):
    """As `divbench watch --html` leaves one that was ended before the run."""
    page = write_page(growing)
    finish(growing)
    assert remake_stale(growing) == "" and not _payload(page)["growing"]
    assert set(files(growing)) == {"report.html"}


def test_a_folder_that_is_gone_takes_the_page_alone(growing, other, monkeypatch, capsys):
    report(growing, quiet=True, html=True, others=[other])
    finish(growing)
    other.rename(other.with_name("moved"))
    reason = remake_stale(growing)
    assert "elsewhere/other" in reason and "\n" not in reason
    assert b"State: finished" in files(growing)["summary.md"]
    training._show(None, RunResult(growing), reason)
    assert capsys.readouterr().out.splitlines()[-1] == f"report not re-made: {reason}"


def test_whatever_goes_wrong_is_one_line(growing, monkeypatch):
    report(growing, quiet=True)
    finish(growing)

    def fail(*args, **options):
        raise RuntimeError("no ink\nand no paper")

    monkeypatch.setattr("divbench.report.remaking.report", fail)
    assert remake_stale(growing) == "RuntimeError: no ink"


def test_a_page_of_several_runs_of_an_older_version_is_named(growing, other):
    page = write_page(growing, others=[other])
    page.write_text(page.read_text().replace('"folder":', '"place":'))
    finish(growing)
    assert remake_stale(growing).startswith(f"{page}: expected a page of this version of divbench")
