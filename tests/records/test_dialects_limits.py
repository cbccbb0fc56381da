"""Result files larger than any result: refused without being held in memory."""

import gc
import io
import os
import tracemalloc

import pytest

from divbench.records.dialects import lines, tdmpc2
from divbench.records.dialects.lanes import Collected
from divbench.records.dialects.lines import SourceFile
from divbench.records.dialects.request import ImportRequest
from divbench.spec.errors import UsageError
from tests.records.test_dialects import EXAMPLES


def test_a_sparse_file_of_two_gigabytes_is_refused_unread(put, take):
    path = put(*EXAMPLES["tdmpc2"])
    os.truncate(path, 2 * 1024**3)
    with pytest.raises(UsageError, match=r"2\.0 GiB are too much; at most 256\.0 MiB and 1,000,000 rows are read"):
        take(path)


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_a_line_without_end_is_refused_without_being_held(put, take, ending):
    path = put(f"m/dog-run{ending}", "step,reward,seed\n")
    os.truncate(path, 200 * 1024**2)
    dialect = {".csv": "tdmpc2", ".json": "marl-eval"}[ending]
    message = {".csv": "line 2: longer than 65,536 bytes", ".json": "200.0 MiB are too much; at most 64.0 MiB"}[ending]
    gc.collect()
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match=message):
            take(path, dialect=dialect)
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    finally:
        tracemalloc.stop()


LIMIT = 20_000  # rows; reading a million takes seconds


class Endless(io.RawIOBase):
    """A table that has no end: two gigabytes and more, one line at a time."""

    def __init__(self):
        self.line = -1

    def readline(self, limit=-1):
        self.line += 1
        return b"%d,%d.5,0\n" % (self.line, self.line) if self.line else b"step,reward,seed\n"


def test_an_endless_stream_stops_at_the_row_limit_in_little_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(SourceFile, "lines", lambda self: self.lines_of(Endless()))
    found = Collected(limit=LIMIT)
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match="more than 20,000 rows; import fewer files"):
            tdmpc2.read(SourceFile(tmp_path / "dog-run.csv"), ImportRequest(("x",), "out"), found)
        assert tracemalloc.get_traced_memory()[1] < 64 * LIMIT + 1024**2  # numbers alone, and one line
    finally:
        tracemalloc.stop()
    assert found.rows == LIMIT + 1 and Collected().limit == lines.ROW_LIMIT == 1_000_000
