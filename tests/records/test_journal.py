import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.records.journal import Journal
from divbench.records.schema import TABLES
from divbench.spec.errors import UsageError


def bits(number):
    return struct.pack("<d", number)


@given(number=st.floats(allow_nan=False))
def test_numbers_come_back_bit_for_bit(tmp_path_factory, number):
    row = {c.name: {"text": "1", "integer": 2, "number": number}[c.kind] for c in TABLES["scores"]}
    journal = Journal(tmp_path_factory.mktemp("journal") / "journal.jsonl")
    journal.append("scores", [row])
    assert bits(journal.rows()["scores"][0]["return_mean"]) == bits(number)
    journal.close()


def test_nan_infinity_and_text_come_back(tmp_path, make_row):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("values", [make_row("values", td_loss=math.nan, grad_norm=np.float64("-inf"),
                                       variant='line\nbreak "é"')])
    row, = journal.rows()["values"]
    assert math.isnan(row["td_loss"]) and row["grad_norm"] == -math.inf
    assert row["variant"] == 'line\nbreak "é"'


def test_making_and_reading_one_touches_nothing(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    assert journal.rows() == {table: [] for table in TABLES}
    journal.close()
    assert not list(tmp_path.iterdir())


def test_truncating_forgets_later_rows_and_appending_goes_on(tmp_path, make_row):
    journal = Journal(tmp_path / "journal.jsonl")
    assert journal.flush() == 0
    journal.append("scores", [make_row("scores", seed=0), make_row("scores", seed=1)])
    offset = journal.flush()
    journal.append("scores", [make_row("scores", seed=2)])
    journal.flush()
    journal = Journal(journal.path)
    journal.truncate(offset)
    journal.append("scores", [make_row("scores", seed=3)])
    assert [row["seed"] for row in journal.rows()["scores"]] == [0, 1, 3]
    journal.truncate(0)
    assert journal.rows()["scores"] == [] and journal.flush() == 0


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_half_written_line_is_dropped(tmp_path, make_row, kept):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append("scores", [make_row("scores", seed=0)])
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:kept])
    assert [row["seed"] for row in Journal(path).rows()["scores"]] == [0]
    assert path.read_bytes() == whole + whole[:kept], "reading changes nothing"
    journal = Journal(path)
    journal.append("scores", [make_row("scores", seed=1)])
    assert [row["seed"] for row in journal.rows()["scores"]] == [0, 1]


def test_a_damaged_line_is_named(tmp_path, make_row):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append("scores", [make_row("scores")] * 3)
    journal.close()
    lines = path.read_bytes().split(b"\n")
    for damage in (b"", lines[1][:-4], b"[1, 2]", b'{"table": "x", "row": {}}', b"\xff",
                   lines[1].replace(b'"task"', b'"tbsk"'), b'{"table": "scores", "row": 5}'):
        path.write_bytes(b"\n".join([lines[0], damage, lines[2], b""]))
        with pytest.raises(UsageError, match="journal.jsonl: line 2 is damaged"):
            Journal(path).rows()


def test_a_journal_shorter_than_its_checkpoint_is_refused(tmp_path, make_row):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("scores", [make_row("scores")] * 2)
    length = journal.flush()
    with pytest.raises(UsageError, match="--force"):
        journal.truncate(length + 1)
    with pytest.raises(UsageError, match="--force"):
        journal.truncate(length - 3)
    assert len(journal.rows()["scores"]) == 2


def test_rows_that_do_not_fit_are_not_written(tmp_path, make_row):
    journal = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(ValueError, match="missing"):
        journal.append("scores", [make_row("scores"), {}])
    assert journal.rows()["scores"] == []
