"""New files and folders: what is given up leaves nothing behind, not even the folders above it."""

from pathlib import Path

import pytest

from divbench.records.dialects.outputs import parents_of, write_file, write_folder
from divbench.spec.errors import UsageError


def files_that_end_badly():
    yield "a/one.csv", b"1"
    raise UsageError("the second is wrong")


def test_what_is_given_up_leaves_no_folder(tmp_path):
    (tmp_path / "kept").mkdir()
    with pytest.raises(UsageError, match="the second is wrong"):
        write_folder(tmp_path / "kept/new/deep/out", files_that_end_badly())
    with pytest.raises(UsageError, match="cannot be made"):
        write_file(tmp_path / "new" / ("x" * 300), b"")
    assert list(tmp_path.rglob("*")) == [tmp_path / "kept"]


def test_what_is_made_keeps_its_folders(tmp_path):
    assert [path.read_bytes() for path in write_folder(tmp_path / "new/deep/out", [("a", b"1")])] == [b"1"]
    assert write_file(tmp_path / "other/deep/file", b"2")[0].read_bytes() == b"2"


def test_a_folder_in_use_by_another_stays(tmp_path):
    with parents_of(tmp_path / "one/two/out"):
        (tmp_path / "one/mine").write_text("")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "one", tmp_path / "one/mine"]


def test_a_relative_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with parents_of(Path("a/b")):
        assert Path("a").is_dir()
    assert not Path("a").exists()
