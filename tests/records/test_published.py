"""Published returns: every row cited, and the figures that are known from elsewhere."""

import itertools
import math
from pathlib import Path

import pytest

from divbench.records import published
from divbench.records.published import SOURCES, curves, lookup, read_published
from divbench.spec.errors import UsageError

FILE = Path(published.__file__).resolve().parents[2] / "results" / "published" / "returns.csv"


def test_every_row_is_what_its_line_says():
    lines = FILE.read_text().splitlines()
    rows = read_published()
    assert len(rows) == len(lines) - 1 == 1504
    for row in rows:
        cells = lines[row.row - 1].split(",")
        assert [str(cell) for cell in row[1:8]] == cells[:7]
        assert [float(cell) for cell in cells[7:]] == [row.mean, row.sd, row.seeds]


def test_rows_are_sane_and_of_known_repositories():
    rows = read_published()
    assert {row.repository for row in rows} == set(SOURCES)
    for row in rows:
        assert 0 <= row.mean <= 1000 and 0 <= row.sd <= 500 and row.seeds >= 2 and math.isfinite(row.mean + row.sd)
        assert row.resets in ("none", "full") and row.action_repeat == (2 if row.repository == "tdmpc2" else 1)


@pytest.mark.parametrize(("task", "fields", "mean", "sd", "seeds"), [
    ("cheetah-run", {"repository": "rl_with_resets", "utd": "1", "resets": "none"}, 788, 51, 10),
    ("quadruped-run", {"repository": "rl_with_resets", "utd": 32, "resets": "none"}, 189, 152, 10),
    ("humanoid-stand", {"repository": "rl_with_resets", "utd": "32", "resets": "full"}, 537, 122, 10),
    ("walker-run", {"method": "SR-SAC", "utd": "128"}, 826, 27, 5),
    ("hopper-stand", {"method": "REDQ"}, 438, 226, 20),
])
def test_returns_at_500k_as_the_result_files_have_them(task, fields, mean, sd, seeds):
    (row,) = lookup(task, env_step=500_000, **fields)
    assert (round(row.mean), round(row.sd), row.seeds) == (mean, sd, seeds)


def test_curves_cover_the_rows_of_a_task_once():
    for task in {row.task for row in read_published()}:
        found = curves(task)
        assert sorted(itertools.chain(*(curve.rows for curve in found))) == [row.row for row in lookup(task)]
        for curve in found:
            assert list(curve.steps) == sorted(set(curve.steps)) and curve.task == task
            assert len(curve.steps) == len(curve.mean) == len(curve.sd) == len(curve.seeds) == len(curve.rows)


def test_a_curve_is_cited_by_row():
    (curve,) = (curve for curve in curves("dog-run") if curve.method == "TD-MPC2")
    assert curve.label == "TD-MPC2 UTD 1" and curve.action_repeat == 2 and curve.seeds == (3,) * 7
    lines = FILE.read_text().splitlines()
    for line, step in zip(curve.rows, curve.steps, strict=True):
        assert lines[line - 1].startswith(f"tdmpc2,TD-MPC2,1,none,2,dog-run,{step},")
    assert "2310.16828" in curve.citation
    assert curve.citation.endswith(f"results/published/returns.csv rows {curve.rows[0]}-{curve.rows[-1]}")
    assert curves("no-such-task") == []


def test_the_readme_cites_every_repository_and_every_row():
    text = (FILE.parent / "README.md").read_text()
    for source in SOURCES.values():
        assert source.address in text
    cited = set()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 2 and "-" in cells[1] and cells[1].replace("-", "").isdigit():
            first, last = map(int, cells[1].split("-"))
            names = {(row.repository, row.method, row.utd, row.resets) for row in read_published()
                     if first <= row.row <= last}
            assert len(names) == 1 and not cited & set(range(first, last + 1)), line
            repository, method, utd, resets = names.pop()
            assert (cells[2], cells[3], cells[4], cells[5]) == (f"`{repository}`", method, utd, resets)
            cited |= set(range(first, last + 1))
    assert cited == {row.row for row in read_published()}


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "returns.csv").write_text("repository,method\nx,y\n")

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(published.importlib.util, "find_spec", lambda name: Spec)
    with pytest.raises(UsageError, match="returns.csv: damaged"):
        read_published.__wrapped__()
    (tmp_path / "published" / "returns.csv").unlink()
    with pytest.raises(UsageError, match="holds no published/returns.csv"):
        read_published.__wrapped__()
