"""Datasets: what is written comes back, and what was damaged is refused."""

import hashlib
import io
import json
import math
import os
import tempfile
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.records.datasets import card as cards
from divbench.records.datasets import columns
from divbench.records.datasets.dataset import open_dataset
from divbench.records.datasets.subset import subset
from divbench.records.datasets.writer import DatasetWriter
from divbench.spec.errors import UsageError
from tests.records.made_datasets import CARD, make_rows, write


def test_comes_back_as_written(tmp_path):
    rows = make_rows()
    write(tmp_path / "set", rows)
    dataset = open_dataset(tmp_path / "set")
    arrays = dataset.transitions()
    for key, values in rows.items():
        assert arrays[key].dtype == values.dtype
        np.testing.assert_array_equal(arrays[key], values)
    np.testing.assert_array_equal(arrays["episode"], [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2])
    assert len(dataset) == 12 and dataset.sizes == {"observation": 3, "action": 2} and dataset.whole_episodes
    assert dataset.card["policies"] == CARD["policies"] and dataset.card["parent"] is None
    with pytest.raises(ValueError, match="read-only"):
        arrays["obs"][0] = 0.0


def test_files_are_numpy_s_own(tmp_path):
    """NumPy reads each column, and would have written the same bytes."""
    write(tmp_path / "set")
    for column in columns.COLUMNS.values():
        content, again = (tmp_path / "set" / column.file).read_bytes(), io.BytesIO()
        np.save(again, np.load(io.BytesIO(content), allow_pickle=False))
        assert content == again.getvalue()


def test_the_card_measures(tmp_path):
    rows = make_rows()
    rows["reward"] = np.arange(12, dtype=np.float32)
    card = write(tmp_path / "set", rows).card
    assert card["counts"] == {"transitions": 12, "episodes": 3, "finished_episodes": 2, "terminal": 1, "truncated": 1}
    assert card["returns"] == {"episodes": 2, "mean": 10.5, "sd": 4.5, "min": 6.0, "max": 15.0}  # 0+1+2+3 and 4+5+6
    assert card["rewards"] == {"mean": 5.5, "min": 0.0, "max": 11.0}


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(1, 11)), st.integers(1, 400))
def test_how_it_was_appended_and_measured_leaves_no_trace(cuts, block):
    """Equal rows are equal bytes, card included; in blocks of any size the counts are the same."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        once, pieces = (write(Path(folder) / name, cuts=cut) for name, cut in (("a", ()), ("b", sorted(cuts))))
        for file in sorted(once.path.iterdir()):
            assert file.read_bytes() == (pieces.path / file.name).read_bytes()
        patch.setattr(columns, "BLOCK_SIZE", block)
        small = write(Path(folder) / "c")
        assert small.checksum == once.checksum and small.card["counts"] == once.card["counts"]
        assert small.card["returns"] == pytest.approx(once.card["returns"], rel=1e-12)


def test_equal_data_have_equal_checksums_whatever_is_said_of_them(tmp_path):
    one, other = write(tmp_path / "a"), write(tmp_path / "b", card={**CARD, "seeds": [7]})
    assert one.checksum == other.checksum and one.card["seal"] != other.card["seal"]
    assert write(tmp_path / "c", make_rows(seed=1)).checksum != one.checksum


def test_any_changed_byte_is_noticed(tmp_path):
    write(tmp_path / "set")
    for path in sorted((tmp_path / "set").iterdir()):
        whole = path.read_bytes()
        for place in range(0, len(whole), 7 if path.suffix == ".npy" else 41):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
            with pytest.raises(UsageError, match=f"{path.name}: ") as error:
                open_dataset(tmp_path / "set")
            assert "\n" not in str(error.value)
        path.write_bytes(whole)
    open_dataset(tmp_path / "set")


@pytest.mark.parametrize("name", ["card.json", *(column.file for column in columns.COLUMNS.values())])
def test_a_file_cut_short_lengthened_or_gone_is_noticed(tmp_path, name):
    write(tmp_path / "set")
    path = tmp_path / "set" / name
    whole = path.read_bytes()
    for content in (b"", whole[:-1], whole[:64], whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=f"{name}: damaged"):
            open_dataset(tmp_path / "set")
    path.unlink()
    gone = r"not a dataset \(it has no card.json\)" if name == "card.json" else "missing; the dataset is not complete"
    with pytest.raises(UsageError, match=gone):
        open_dataset(tmp_path / "set")


def reseal(path, change):
    """A card that was changed by somebody who knows how to seal it."""
    card = json.loads((path / "card.json").read_text())
    change(card)
    (path / "card.json").write_bytes(cards.to_bytes(card))


@pytest.mark.parametrize(("change", "message"), [
    (lambda card: card.update(format="divbench run"), "not the card of a dataset"),
    (lambda card: card.update(format_version=2), "written with dataset format 2, this divbench has 1"),
    (lambda card: card["files"].update({"../obs.npy": card["files"].pop("obs.npy")}), "damaged, or not the card"),
    (lambda card: card["counts"].update(transitions=10**9), "1,000,000,000 transitions are too many"),
    (lambda card: card["sizes"].update(observation=10_001), "expected 1 to 10,000 numbers in an observation"),
    (lambda card: card["counts"].update(transitions=11), "obs.npy: damaged"),
    (lambda card: card["returns"].update(mean=None), "damaged, or not the card"),
    (lambda card: card["counts"].update(terminal="1"), "damaged, or not the card"),
    (lambda card: card.update(parent={"counts": 3}), "damaged, or not the card"),
    (lambda card: card.update(parent={"parent": "x"}), "damaged, or not the card"),
    (lambda card: card.update(policies=["sac"]), "damaged, or not the card"),
    (lambda card: card.update(checksum="0" * 64), "damaged, or not the card"),
    (lambda card: card.pop("sizes"), "damaged, or not the card"),
])
def test_a_card_that_was_made_up_is_refused(tmp_path, change, message):
    write(tmp_path / "set")
    reseal(tmp_path / "set", change)
    with pytest.raises(UsageError, match=message):
        open_dataset(tmp_path / "set")


class Trap:
    """Unpickling it makes a folder named `sprung`."""

    def __reduce__(self):
        return os.mkdir, ("sprung",)


def test_pickled_objects_are_not_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "set")
    path = tmp_path / "set" / "reward.npy"
    np.save(path, np.array([Trap()] * 12, dtype=object), allow_pickle=True)
    content = path.read_bytes().ljust(128 + 48, b"x")[:128 + 48]
    path.write_bytes(content)

    def forged(card):
        card["files"]["reward.npy"] = hashlib.sha256(content).hexdigest()
        card["checksum"] = cards.checksum(card["files"])

    reseal(tmp_path / "set", forged)
    with pytest.raises(UsageError, match=r"reward.npy: damaged \(not the header of <f4\[12\]\)"):
        open_dataset(tmp_path / "set")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(("key", "value", "message"), [
    ("obs", np.zeros((12, 4)), r"'obs' has shape \[12, 4\], expected \[12, 3\]"),
    ("action", np.zeros((11, 2)), r"'action' has shape \[11, 2\], expected \[12, 2\]"),
    ("reward", np.zeros((12, 2)), r"'reward' has shape \[12, 2\], expected \[12\]"),
    ("next_obs", [[1.0, 2.0, 3.0]] * 11 + [[1.0]], "'next_obs' has rows of different lengths"),
    ("reward", [0.0] * 11 + [math.nan], "'reward' is not finite in transition 11"),
    ("obs", np.full((12, 3), 1e300), "'obs' is not finite in transition 0"),
    ("reward", ["a"] * 12, "'reward' holds <U1, expected numbers"),
    ("reward", [Trap()] * 12, "'reward' holds object, expected numbers"),
    ("action", np.zeros((12, 2), complex), "'action' holds complex128, expected numbers"),
    ("terminal", np.arange(12), "'terminal' is 2 in transition 2, expected 0 or 1"),
    ("truncated", np.full(12, math.nan), "'truncated' is nan in transition 0"),
    ("episode", np.zeros(12), "'episode' holds float64, expected whole numbers"),
    ("episode", np.arange(12)[::-1], "'episode' falls in transition 1"),
    ("episode", np.full(12, -1), "'episode' falls in transition 0"),
    ("episode", np.zeros(12, int), "episode 0 continues in transition 4 after it had ended"),
])
def test_what_cannot_be_appended_is_named_and_leaves_nothing(tmp_path, key, value, message):
    with DatasetWriter(tmp_path / "set", observation_size=3, action_size=2) as writer:
        with pytest.raises(UsageError, match=message):
            writer.append(**make_rows() | {key: value})
        assert writer.rows == 0
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_to_the_last_leaves_nothing(tmp_path):
    writer = DatasetWriter(tmp_path / "full", observation_size=3, action_size=2)
    with pytest.raises(UsageError, match="told"), writer:
        for file in writer._files.values():
            file.close()
        writer._files = {"full": Full()}
        raise UsageError("told")
    assert list(tmp_path.iterdir()) == []


class Full:
    def close(self):
        raise OSError(28, "No space left on device")


def test_episodes_are_counted_on(tmp_path):
    rows = make_rows(lengths=(2, 2), ends=("", "truncated"))
    with DatasetWriter(tmp_path / "set", observation_size=3, action_size=2) as writer:
        writer.end_episode()  # none has begun
        writer.append(**{key: values[:2] for key, values in rows.items()})
        writer.end_episode()
        writer.append(**{key: values[2:] for key, values in rows.items()})
        writer.append(**{key: values[:0] for key, values in rows.items()})
        writer.append(**rows, episode=[2, 2, 5, 5])
        writer.append(**rows)
        dataset = writer.finish(CARD)
    assert dataset.transitions()["episode"].tolist() == [0, 0, 1, 1, 2, 2, 5, 5, 6, 6, 6, 6]
    assert dataset.card["counts"]["episodes"] == 5 and dataset.card["returns"]["episodes"] == 3


@pytest.mark.parametrize(("change", "message"), [
    ({"task": None}, "card: task: expected|card: expected 'task'"),
    ({"tasks": "x"}, "card: unknown entry 'tasks'; did you mean 'task'"),
    ({"policies": [{"updates": 1}]}, "card: expected each of 'policies' as a record with a name"),
    ({"policies": [{"name": "a", "x": math.inf}]}, "card: expected JSON values"),
    ({"policies": [{"name": "a", "x": object()}]}, "card: expected JSON values"),
    ({"seeds": 3}, "card: expected 'seeds' as list, found int"),
    ({"seeds": [True]}, "card: expected whole numbers in 'seeds', found True"),
    ({"physics": "a\nb"}, "card: physics: expected a name"),
])
def test_what_is_said_of_it_is_checked_and_nothing_is_left(tmp_path, change, message):
    card = {key: value for key, value in {**CARD, **change}.items() if value is not None}
    with pytest.raises(UsageError, match=message):
        write(tmp_path / "set", card=card)
    assert not list(tmp_path.iterdir())


def test_no_place_is_taken_twice(tmp_path):
    write(tmp_path / "set")
    with pytest.raises(UsageError, match="--out: .*set' is there already"):
        write(tmp_path / "set", make_rows(seed=1))
    with DatasetWriter(tmp_path / "new", observation_size=3, action_size=2) as writer:
        writer.append(**make_rows())
        write(tmp_path / "other").path.rename(tmp_path / "new")  # somebody was faster
        with pytest.raises(UsageError, match="--out: .*new' cannot be made"):
            writer.finish(CARD)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--out: .* cannot be"):
        write(tmp_path / "file" / "set")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "new", "set"]
    open_dataset(tmp_path / "new")


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path, monkeypatch):
    """In a container every process has the same number."""
    monkeypatch.setattr("os.getpid", lambda: 1)
    DatasetWriter(tmp_path / "set", observation_size=3, action_size=2)  # never finished, never left
    write(tmp_path / "set")
    assert len(open_dataset(tmp_path / "set")) == len(make_rows()["reward"])


def test_too_much_is_refused_before_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "LARGEST_TRANSITIONS", 20)
    with DatasetWriter(tmp_path / "set", observation_size=3, action_size=2) as writer:
        writer.append(**make_rows())
        with pytest.raises(UsageError, match="24 transitions are too many; at most 20"):
            writer.append(**make_rows())
        monkeypatch.setattr(columns, "LARGEST_DATASET", 590)
        with pytest.raises(UsageError, match="13 transitions are 598 B; a dataset holds at most 590 B"):
            writer.append(**{key: values[:1] for key, values in make_rows().items()})
        assert len(writer.finish(CARD)) == 12
    with pytest.raises(UsageError, match="expected 1 to 10,000 numbers in an action, found 0"):
        DatasetWriter(tmp_path / "x", observation_size=3, action_size=0)
    with pytest.raises(UsageError, match="expected transitions, found none"), \
            DatasetWriter(tmp_path / "x", observation_size=3, action_size=2) as writer:
        writer.finish(CARD)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("path", "found"), [("gone", "none .No such file"), ("file", "a file"),
                                             ("x" * 300, "none .File name too long")])
def test_what_is_no_folder_is_no_dataset(tmp_path, path, found):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=f"expected a dataset's folder, found {found}"):
        open_dataset(tmp_path / path)


def test_memory_does_not_grow_with_the_data(tmp_path, monkeypatch):
    """Writing, opening, reading in blocks and drawing hold at most eight blocks, whatever the dataset is."""
    subset(write(tmp_path / "first"), Fraction(1), 0)  # whatever is loaded or kept at first use
    monkeypatch.setattr("divbench.records.datasets.writer.versions", dict)  # reads packages' metadata, megabytes
    monkeypatch.setattr(columns, "BLOCK_SIZE", 64 * 1024)
    piece = make_rows(lengths=(500,), ends=("truncated",), sizes=(60, 4))
    tracemalloc.start()
    try:
        with DatasetWriter(tmp_path / "set", observation_size=60, action_size=4) as writer:
            for _ in range(20):
                writer.append(**piece)
            writer.finish(CARD)
        dataset = open_dataset(tmp_path / "set")
        assert sum(len(block["reward"]) for block in dataset.blocks()) == 10_000
        subset(dataset, Fraction(1, 2), 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = sum(file.stat().st_size for file in dataset.path.iterdir())
    assert size > 5_000_000 and peak < 8 * columns.BLOCK_SIZE


def test_the_header_of_a_column_is_the_same_under_every_numpy():
    """The bytes that checksums of committed datasets are taken of."""
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 17), }"
    expected = b"\x93NUMPY\x01\x00v\x00" + text.ljust(117) + b"\n"
    assert columns.COLUMNS["obs"].header(1_000, {"observation": 17, "action": 6}) == expected
    assert len(expected) == columns.HEADER_SIZE
