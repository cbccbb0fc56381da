import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from divbench.records import checkpoint
from divbench.records.checkpoint import CheckpointStore
from divbench.spec.errors import UsageError

LANES, WIDTH = 2, 3


def state(value=0):
    """Every kind of leaf that a lane has."""
    return {
        "actor": {"kernel": np.arange(12, dtype=np.float32).reshape(LANES, 6) + value, "list": [np.zeros(3)]},
        "key": jax.random.split(jax.random.key(value), LANES),
        "old_key": jax.random.PRNGKey(value),
        "physics": np.array([[1, 2**32 - 1]] * LANES, np.uint32),
        "muscles": np.zeros((LANES, 0), np.float32),
        "count": np.int32(value),
        "frozen": np.array([True, False]),
        "on_device": jax.numpy.full((LANES,), value, "int32"),
    }


def rows(first, last):
    lane = np.arange(first, last, dtype=np.float32)[:, None] * np.ones(WIDTH, np.float32)
    return np.stack([lane, -lane])


def save(store, value, first, last):
    store.save(state(value), meta={"value": value}, rows=rows(first, last), first_row=first)


@pytest.fixture
def store(tmp_path):
    """Two checkpoints, the second one live, with two replay segments."""
    store = CheckpointStore(tmp_path / "checkpoint")
    save(store, 1, 0, 4)
    save(store, 2, 4, 9)
    return store


def assert_holds(store, value, total):
    loaded = store.load(state())
    expected = state(value)
    assert jax.tree.structure(loaded.tree) == jax.tree.structure(expected)
    for found, wanted in zip(jax.tree.leaves(loaded.tree), jax.tree.leaves(expected), strict=True):
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        if jax.dtypes.issubdtype(wanted.dtype, jax.dtypes.prng_key):
            found, wanted = jax.random.key_data(found), jax.random.key_data(wanted)
        np.testing.assert_array_equal(found, wanted)
    assert loaded.meta == {"value": value}
    np.testing.assert_array_equal(loaded.rows, rows(0, total))


def test_an_empty_store_has_no_checkpoint(tmp_path):
    store = CheckpointStore(tmp_path / "checkpoint")
    store.verify()
    assert not store.exists() and store.load(state()) is None
    assert not list(tmp_path.iterdir())


def test_the_newest_checkpoint_comes_back(store):
    assert store.exists()
    assert_holds(CheckpointStore(store.folder), 2, 9)


def test_only_what_is_live_stays_on_disk(store):
    assert sorted(os.listdir(store.folder)) == ["manifest.json", "replay", "state-2"]
    assert sorted(os.listdir(store.folder / "replay")) == ["rows-0-4.npy", "rows-4-9.npy"]


def test_a_save_leaves_old_segments_untouched(store):
    path = store.folder / "replay" / "rows-0-4.npy"
    before = path.stat()
    save(store, 3, 9, 9)
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert len(os.listdir(store.folder / "replay")) == 2, "no new rows, no new segment"
    assert_holds(store, 3, 9)


def test_a_template_of_shapes_is_enough(store):
    loaded = store.load(jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), state()))
    assert loaded.tree["key"].dtype == state()["key"].dtype
    np.testing.assert_array_equal(loaded.tree["actor"]["kernel"], state(2)["actor"]["kernel"])


def test_a_template_of_a_part_is_enough_where_that_is_asked_for(store):
    part = {"actor": state()["actor"], "count": np.int32(0)}
    found = store.load(part, whole=False).tree
    np.testing.assert_array_equal(found["actor"]["kernel"], state(2)["actor"]["kernel"])
    assert found["count"] == 2
    with pytest.raises(UsageError, match="'frozen' is bool"):
        store.load(part)
    with pytest.raises(UsageError, match="'more' is absent there"):
        store.load(part | {"more": np.zeros(3)}, whole=False)


def test_without_a_template_leaves_have_dotted_names(store):
    loaded = store.load(with_rows=False)
    assert loaded.rows is None
    np.testing.assert_array_equal(loaded.tree["actor.kernel"], state(2)["actor"]["kernel"])
    np.testing.assert_array_equal(loaded.tree["key"], jax.random.key_data(state(2)["key"]))
    assert loaded.tree["actor.list.0"].dtype == np.float64


def test_another_structure_is_refused(store):
    for change, message in (({"extra": np.zeros(3)}, "'extra' is absent there, float64.3. here"),
                            ({"count": np.zeros(2, np.int32)}, "'count' is int32.. there, int32.2. here"),
                            ({"frozen": np.zeros(2, np.int8)}, "'frozen' is bool.2. there, int8.2. here"),
                            ({"key": jax.random.split(jax.random.key(0, impl="rbg"))}, "'key' is key<fry>"),
                            ({"key": jax.random.split(jax.random.key(0), 3)}, "'key' is key<fry>.2. there")):
        with pytest.raises(UsageError, match=message):
            store.load(state() | change)


def test_rows_must_continue_the_saved_ones(store, picture):
    before = picture(store.folder)
    for first in (0, 4, 8, 10):
        with pytest.raises(ValueError, match="from row 9 on"):
            store.save(state(), meta={}, rows=rows(0, 1), first_row=first)
    with pytest.raises(ValueError, match="lanes, n, width"):
        store.save(state(), meta={}, rows=np.zeros((2, 3)), first_row=9)
    assert picture(store.folder) == before


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def assert_refused(store, path):
    with pytest.raises(UsageError) as caught:
        store.load(state())
    message = str(caught.value)
    assert "\n" not in message and path.name in message and "--force" in message


DAMAGES = ("first byte", "middle byte", "last byte", "truncated", "emptied", "deleted")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_any_file_is_named(store, damage):
    damaged = files(store.folder)
    assert len(damaged) >= 6, "orbax files, two segments, manifest"
    for path in damaged:
        content = path.read_bytes()
        if damage == "deleted" and path.name == "manifest.json":
            continue  # then there is no checkpoint; the next test
        if not content and damage != "deleted":
            continue
        place = {"first byte": 0, "middle byte": len(content) // 2, "last byte": len(content) - 1}.get(damage)
        if place is not None:
            path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1:])
        elif damage == "deleted":
            path.unlink()
        else:
            path.write_bytes(content[:-1] if damage == "truncated" else b"")
        assert_refused(store, path)
        with pytest.raises(UsageError, match=path.name):
            store.verify()
        path.write_bytes(content)
    store.verify()
    assert_holds(store, 2, 9)


def test_a_reader_whose_run_saves_meanwhile_gets_the_newer_checkpoint(store, monkeypatch):
    real, calls = checkpoint._orbax_restore, []

    def restore(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            save(CheckpointStore(store.folder), 3, 9, 10)  # removes what is about to be read
        return real(*arguments)

    monkeypatch.setattr(checkpoint, "_orbax_restore", restore)
    assert_holds(store, 3, 10)
    assert len(calls) == 2


def test_a_missing_manifest_means_no_checkpoint(store):
    (store.folder / "manifest.json").unlink()
    assert not store.exists() and store.load(state()) is None


def test_damaged_segments_do_not_matter_without_rows(store):
    (store.folder / "replay" / "rows-0-4.npy").unlink()
    assert store.load(with_rows=False).meta == {"value": 2}


class Crash(BaseException):
    pass


@pytest.mark.parametrize("moment", range(8))
def test_a_crash_in_a_save_keeps_the_checkpoint_before(store, monkeypatch, moment):
    """The save dies at its nth step; steps are orbax's save, each fsync and each rename."""
    steps = {"left": moment}

    def dying(function):
        def call(*args, **kwargs):
            if steps["left"] == 0:
                raise Crash
            steps["left"] -= 1
            return function(*args, **kwargs)
        return call

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_orbax_save", dying(checkpoint._orbax_save))
        patch.setattr(checkpoint, "sync", dying(checkpoint.sync))
        patch.setattr(checkpoint, "file_digest", dying(checkpoint.file_digest))
        if moment >= 3:
            patch.setattr(os, "replace", dying(os.replace))
        with pytest.raises(Crash):
            save(store, 3, 9, 12)
    assert_holds(CheckpointStore(store.folder), 2, 9)
    save(CheckpointStore(store.folder), 4, 9, 11)
    assert_holds(CheckpointStore(store.folder), 4, 11)
    assert sorted(os.listdir(store.folder)) == ["manifest.json", "replay", "state-3"]
    assert sorted(os.listdir(store.folder / "replay")) == ["rows-0-4.npy", "rows-4-9.npy", "rows-9-11.npy"]


def test_a_crash_at_the_manifest_keeps_the_checkpoint_before(store, monkeypatch):
    def crash(*_):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Manifest, "write", crash)
        with pytest.raises(Crash):
            save(store, 3, 9, 12)
    assert (store.folder / "state-3").exists(), "the crash came late"
    assert_holds(CheckpointStore(store.folder), 2, 9)


def test_a_crash_in_the_clearing_up_keeps_the_new_checkpoint(store, monkeypatch):
    def crash_at_the_end(self, state, segments):
        if state == "state-3":  # before it the new one is written
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointStore, "_remove_strays", crash_at_the_end)
        with pytest.raises(Crash):
            save(store, 3, 9, 12)
    assert_holds(CheckpointStore(store.folder), 3, 12)


def test_a_full_disk_inside_orbax_is_one_line_and_what_it_left_makes_room_for_the_next(store, monkeypatch):
    def full(path, arrays):
        path.with_name(path.name + ".orbax-checkpoint-tmp").mkdir()
        raise ValueError("RESOURCE_EXHAUSTED: Error writing: No space left on device\nand more lines")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_orbax_save", full)
        with pytest.raises(UsageError, match="checkpoint cannot be written .RESOURCE_EXHAUSTED: .* on device.$"):
            save(store, 3, 9, 12)
    assert (store.folder / "state-3.orbax-checkpoint-tmp").exists()
    assert_holds(CheckpointStore(store.folder), 2, 9)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_orbax_save", lambda *_: (_ for _ in ()).throw(Crash))
        with pytest.raises(Crash):
            save(store, 3, 9, 12)
    assert not (store.folder / "state-3.orbax-checkpoint-tmp").exists()
    save(store, 3, 9, 12)
    assert_holds(store, 3, 12)


def test_a_place_below_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        save(CheckpointStore(tmp_path / "file" / "checkpoint"), 1, 0, 1)


def test_importing_costs_neither_jax_nor_orbax():
    program = ("import sys, divbench.records.folder, divbench.records.tables, divbench.verdict; "
               "assert not {'jax', 'orbax', 'pyarrow'} & set(sys.modules), 'heavy import'")
    subprocess.run([sys.executable, "-c", program], check=True)
