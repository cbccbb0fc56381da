import os

import pytest

from divbench.records import durable


def test_replaces_the_whole_file(tmp_path):
    path = tmp_path / "file"
    durable.write_atomically(path, b"a longer text")
    durable.write_atomically(path, b"short")
    assert path.read_bytes() == b"short"
    assert os.listdir(tmp_path) == ["file"]


def test_a_crash_before_the_rename_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    durable.write_atomically(path, b"old")

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        durable.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
