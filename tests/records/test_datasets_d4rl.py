"""D4RL's HDF5 layout: real files through h5py, and what is wrong with one in one line."""

import os
import pickle
import tempfile
import tracemalloc
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.records.datasets import columns, d4rl, hdf5
from divbench.records.datasets.dataset import open_dataset
from divbench.records.datasets.exchange import export_dataset, import_dataset
from divbench.records.datasets.request import DatasetExportRequest, DatasetImportRequest
from divbench.records.datasets.subset import subset
from divbench.spec.errors import UsageError
from tests.records.made_datasets import CARD, make_rows, write


def as_d4rl(rows):
    """Rows under D4RL's names."""
    return {d4rl.NAMES[key]: np.array(values) for key, values in rows.items()}


def make_file(path, arrays=None, **changes):
    """An HDF5 file of these arrays; a change to None leaves one out."""
    with h5py.File(path, "w") as file:
        for name, values in ((as_d4rl(make_rows()) if arrays is None else arrays) | changes).items():
            if values is not None:
                file[name] = values
    return path


def read(path, **options):
    return import_dataset(DatasetImportRequest(str(path), str(path.with_suffix("")), **{"task": "hopper", **options}))


def test_a_file_with_everything_comes_in_whole(tmp_path):
    rows = make_rows()
    path = make_file(tmp_path / "all.hdf5", as_d4rl(rows) | {
        "rewards": rows["reward"][:, None].astype(float), "terminals": rows["terminal"].astype(np.uint8),
        "infos/qpos": np.zeros((12, 4)), "metadata/algorithm": np.bytes_(b"SAC"), "metadata/nested/deep": np.ones(3)})
    dataset = read(path, level="medium")
    for key, values in rows.items():
        np.testing.assert_array_equal(dataset.transitions()[key], values)
    assert open_dataset(dataset.path).card == dataset.card
    card = dataset.card
    assert (card["task"], card["physics"], card["level"], card["policies"]) == (
        "hopper", "not known", "medium", [{"name": "medium"}])
    imported = card["imported"]
    assert (imported["layout"], imported["file"], imported["rows"], imported["left_out"]) == ("d4rl", "all.hdf5", 12, 0)
    assert imported["kinds"]["rewards"] == "float64" and imported["not_read"] == ["infos", "metadata"]
    assert imported["next_obs"] == "next_observations" and imported["ends"] == "timeouts"


def test_there_and_back(tmp_path):
    dataset = write(tmp_path / "set")
    part = subset(dataset, Fraction(1, 2), 0)
    for whole in (dataset, part):
        out = str(tmp_path / f"{whole.path.name}.out.hdf5")
        path = export_dataset(DatasetExportRequest(str(whole.path), "d4rl", out))
        again = read(path, task=None)
        assert again.checksum == whole.checksum and again.whole_episodes == whole.whole_episodes
        for key in ("task", "physics", "level", "counts", "returns", "rewards"):
            assert again.card[key] == whole.card[key]


def test_equal_datasets_are_equal_files(tmp_path):
    dataset = write(tmp_path / "set")
    one, other = (export_dataset(DatasetExportRequest(str(dataset.path), "d4rl", str(tmp_path / name)))
                  for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def without_next_by_hand(rows):
    """What `import_d4rl` says of files without `next_observations`, row by row."""
    kept, count = [], len(rows["reward"])
    cut = [bool(rows["truncated"][k] and not rows["terminal"][k]) for k in range(count)]
    for k in range(count):
        if rows["terminal"][k]:
            kept.append((k, rows["obs"][k], bool(rows["truncated"][k])))
        elif not cut[k] and k + 1 < count:
            kept.append((k, rows["obs"][k + 1], cut[k + 1]))
    return kept


ENDS = st.lists(st.sampled_from(["truncated", "terminal"]), min_size=1, max_size=6)


@settings(max_examples=20, deadline=None)
@given(ENDS, st.data(), st.sampled_from([1, 100, 150, 10_000]))
def test_without_next_observations_the_row_after_says_it(ends, data, block):
    lengths = [data.draw(st.integers(1, 4)) for _ in ends]
    rows = make_rows(lengths, [*ends[:-1], data.draw(st.sampled_from(["", ends[-1]]))])
    expected = without_next_by_hand(rows)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "BLOCK_SIZE", block)
        path = make_file(Path(folder) / "x.hdf5", as_d4rl(rows), next_observations=None)
        if not expected:
            with pytest.raises(UsageError, match="expected transitions, found none"):
                read(path)
            return
        found = read(path)
        arrays = found.transitions()
        kept = [k for k, _, _ in expected]
        for key in ("obs", "action", "reward", "terminal"):
            np.testing.assert_array_equal(arrays[key], rows[key][kept])
        np.testing.assert_array_equal(arrays["next_obs"], [led for _, led, _ in expected])
        assert arrays["truncated"].tolist() == [cut for _, _, cut in expected]
        assert found.card["imported"]["left_out"] == len(rows["reward"]) - len(kept)


@settings(max_examples=10, deadline=None)
@given(ENDS, st.sampled_from([1, 100, 10_000]))
def test_without_timeouts_gaps_are_the_ends(ends, block):
    rows = make_rows([3] * len(ends), ends)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "BLOCK_SIZE", block)
        found = read(make_file(Path(folder) / "x.hdf5", as_d4rl(rows), timeouts=None))
        expected = rows["truncated"].copy()
        expected[-1] = False  # nothing comes after it
        np.testing.assert_array_equal(found.transitions()["truncated"], expected)
        np.testing.assert_array_equal(found.transitions()["episode"], np.repeat(np.arange(len(ends)), 3))
        assert found.card["imported"]["ends"].startswith("gaps between")


def nan_at(values, row):
    values = np.array(values)
    values[row] = np.nan
    return values


ROWS = as_d4rl(make_rows())


@pytest.mark.parametrize(("changes", "message"), [
    ({"observations": None, "observation": ROWS["observations"]},
     "no 'observations'; did you mean 'observation'\\? there is actions, "),
    ({"rewards": None}, "no 'rewards'; there is"),
    ({"timeouts": None, "next_observations": None}, "expected 'timeouts' or 'next_observations'"),
    ({"observations": np.zeros((12, 3, 2))}, "'observations' has 3 axes, expected 2"),
    ({"observations": np.zeros((12, 0)), "next_observations": None}, "expected 1 to 10,000 numbers in an observation"),
    ({"actions": np.zeros((11, 2))}, r"'actions' has shape \[11, 2\], expected \[12, 2\] as 'observations' has 12"),
    ({"rewards": np.zeros((12, 2))}, r"'rewards' has shape \[12, 2\], expected \[12\]"),
    ({"next_observations": np.zeros((12, 1))}, r"'next_observations' has shape \[12, 1\], expected \[12, 3\]"),
    ({"terminals": np.float32(0)}, r"'terminals' has shape \[\], expected \[12\]"),
    ({"observations": nan_at(ROWS["observations"], 7)}, "'observations' is not finite in transition 7"),
    ({"rewards": nan_at(ROWS["rewards"], 11)}, "'rewards' is not finite in transition 11"),
    ({"actions": np.full((12, 2), 1e300)}, "'actions' is not finite in transition 0"),
    ({"terminals": np.full(12, 2)}, "'terminals' is 2 in transition 0, expected 0 or 1"),
    ({"rewards": np.array([b"a"] * 12)}, "'rewards' holds text, expected numbers"),
    ({"rewards": ["a"] * 12}, "'rewards' holds objects or text of any length, expected numbers"),
    ({"actions": np.zeros((12, 2), complex)}, "'actions' holds complex128, expected numbers"),
    ({"terminals": np.zeros(12, [("a", "i4")])}, "'terminals' holds opaque bytes or records, expected numbers"),
    ({"actions": None, "actions/inner": np.zeros(2)}, "'actions' is a group, expected an array"),
    ({"actions": h5py.Empty("f4")}, "'actions' is empty, expected an array"),
    ({"infos": np.zeros(3)}, "'infos' is an array, expected a group"),
    ({"timeouts": h5py.SoftLink("/terminals")}, "'timeouts' is a link to elsewhere"),
    ({"rewards": h5py.ExternalLink("other.hdf5", "/rewards")}, "'rewards' is a link to elsewhere"),
    ({"rewards": h5py.SoftLink("/nowhere")}, "'rewards' is a link to elsewhere"),
    ({name: values[:0] for name, values in ROWS.items()}, "expected transitions, found none"),
])
def test_what_is_wrong_is_named_and_leaves_nothing(tmp_path, changes, message):
    path = make_file(tmp_path / "x.hdf5", **changes)
    with pytest.raises(UsageError, match=message) as error:
        read(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_needs_a_task(tmp_path):
    with pytest.raises(UsageError, match="--task: .*x.hdf5 does not say which task it is"):
        read(make_file(tmp_path / "x.hdf5"), task=None)


class Trap:
    """Unpickling it makes a folder named `sprung`."""

    def __reduce__(self):
        return os.mkdir, ("sprung",)


def test_pickled_objects_are_not_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bomb = pickle.dumps(Trap())
    (tmp_path / "pickle.hdf5").write_bytes(bomb)
    np.save(tmp_path / "array.npy", np.array([Trap()], object), allow_pickle=True)
    for name in ("pickle.hdf5", "array.npy"):
        with pytest.raises(UsageError, match=f"{name}: not an HDF5 file"):
            read(tmp_path / name)
    with pytest.raises(UsageError, match="'rewards' holds opaque bytes or records, expected numbers"):
        read(make_file(tmp_path / "a.hdf5", rewards=np.array([np.void(bomb)] * 12)))
    marked = {"metadata/whole_episodes": True, "infos/episode": np.zeros(12, int)}
    with pytest.raises(UsageError, match="'metadata/task' is no text of at most 800 bytes"):
        read(make_file(tmp_path / "b.hdf5", **marked, **{"metadata/task": np.void(bomb)}), task=None)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(bomb)  # the trap does work
    assert (tmp_path / "sprung").exists()


def test_no_other_file_is_read(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(48))
    other = make_file(tmp_path / "other.hdf5")
    path = make_file(tmp_path / "x.hdf5", rewards=None)
    with h5py.File(path, "a") as file:
        file.create_dataset("rewards", (12,), "f4", external=[(str(tmp_path / "secret"), 0, 48)])
    with pytest.raises(UsageError, match="'rewards' lies in other files"):
        read(path)
    path = make_file(tmp_path / "y.hdf5", rewards=None)
    with h5py.File(path, "a") as file:
        layout = h5py.VirtualLayout((12,), "f4")
        layout[:] = h5py.VirtualSource(other, "rewards", (12,))
        file.create_virtual_dataset("rewards", layout)
    with pytest.raises(UsageError, match="'rewards' lies in other files"):
        read(path)


def test_names_that_are_no_text_are_shown_as_bytes(tmp_path):
    path = make_file(tmp_path / "x.hdf5", rewards=None)
    with h5py.File(path, "a") as file:
        file[b"odd\xff"] = np.zeros(3)
    with pytest.raises(UsageError, match=r"no 'rewards'; there is actions, b'odd\\xff', next_observations"):
        read(path)
    with hdf5.open_file(path) as file:
        assert hdf5.tree_size(file, path) == sum(array.nbytes for array in file.values())
    with h5py.File(path, "a") as file:
        file["rewards"] = np.zeros(12)
    assert read(path).card["imported"]["not_read"] == ["b'odd\\xff'"]


def test_a_file_cut_short_or_garbled_is_one_line(tmp_path):
    whole = make_file(tmp_path / "x.hdf5").read_bytes()
    for size in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path = tmp_path / "short.hdf5"
        path.write_bytes(whole[:size])
        with pytest.raises(UsageError, match="not an HDF5 file|HDF5 cannot be read") as error:
            read(path)
        assert "\n" not in str(error.value) and not (tmp_path / "short").exists()
    with pytest.raises(UsageError, match="gone.hdf5: cannot be read .No such file or directory"):
        read(tmp_path / "gone.hdf5")
    with pytest.raises(UsageError, match="no such file; expected HDF5"):
        import_dataset(DatasetImportRequest(str(tmp_path), str(tmp_path / "out"), "d4rl", "hopper"))


def test_what_is_declared_is_refused_or_streamed(tmp_path, monkeypatch):
    """Arrays of zeros that no byte of the file holds: 2 GiB is let through to be streamed, 5 GiB is not."""
    path = make_file(tmp_path / "x.hdf5", {})
    with h5py.File(path, "a") as file:
        file.create_dataset("large", (2**29,), "f4", chunks=(2**16,))
        file.create_dataset("larger", (5 * 2**28,), "f4", chunks=(2**16,))
        file.create_dataset("lumps", (2**29,), "f4", chunks=(2**27,))
    assert path.stat().st_size < 100_000
    with hdf5.open_file(path) as file:
        assert hdf5.declared_size(hdf5.need_array(file, "large", path)) == 2 * 1024**3
        with pytest.raises(UsageError, match="'larger' declares 5.0 GiB; at most 4.0 GiB are read"):
            hdf5.need_array(file, "larger", path)
        with pytest.raises(UsageError, match="'lumps' has chunks of 512.0 MiB; at most 64.0 MiB"):
            hdf5.need_array(file, "lumps", path)
    path = make_file(tmp_path / "y.hdf5", {})
    with h5py.File(path, "a") as file:
        for name, shape in (("observations", (10**8, 2)), ("actions", (10**8, 1)), ("rewards", (10**8,)),
                            ("terminals", (10**8,)), ("timeouts", (10**8,))):
            file.create_dataset(name, shape, "f4", chunks=True)
    with pytest.raises(UsageError, match="100,000,000 transitions are too many; at most 10,000,000"):
        read(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.hdf5", "y.hdf5"]


@pytest.mark.parametrize("left_out", ["next_observations", "timeouts"])
def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch, left_out):
    rows = make_rows([500] * 20, ["truncated"] * 20, sizes=(60, 4))
    wide = {name: values.astype(float) for name, values in as_d4rl(rows).items()}
    path = make_file(tmp_path / "x.hdf5", wide, **{left_out: None})
    read(make_file(tmp_path / "first.hdf5"))  # whatever is loaded or kept at first use
    monkeypatch.setattr("divbench.records.datasets.writer.versions", dict)  # reads packages' metadata, megabytes
    monkeypatch.setattr(columns, "BLOCK_SIZE", 128 * 1024)
    tracemalloc.start()
    try:
        dataset = read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(dataset) >= 9_980 and peak < 8 * columns.BLOCK_SIZE


def test_a_filter_that_would_have_to_be_loaded_is_refused(tmp_path):
    path = make_file(tmp_path / "x.hdf5", rewards=None)
    with h5py.File(path, "a") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((12,))
        properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
        h5py.h5d.create(file.id, b"rewards", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((12,)), properties)
    with pytest.raises(UsageError, match="'rewards' is compressed by HDF5 filter 32015; known: gzip"):
        read(path)


def test_compressed_files_are_read(tmp_path):
    path = make_file(tmp_path / "x.hdf5", {})
    with h5py.File(path, "a") as file:
        for name, values in ROWS.items():
            file.create_dataset(name, data=values, compression="gzip", shuffle=True, fletcher32=True)
    assert read(path).checksum == read(make_file(tmp_path / "y.hdf5")).checksum


def test_a_place_that_is_taken_is_left_alone(tmp_path):
    dataset = write(tmp_path / "set", card=CARD)
    path = make_file(tmp_path / "x.hdf5")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="--out: .*x.hdf5' is there already"):
        export_dataset(DatasetExportRequest(str(dataset.path), "d4rl", str(path)))
    with pytest.raises(UsageError, match="--out: expected a new file"):
        export_dataset(DatasetExportRequest(str(dataset.path), "d4rl", str(tmp_path)))
    with pytest.raises(UsageError, match="--out: .* cannot be"):
        export_dataset(DatasetExportRequest(str(dataset.path), "d4rl", str(path / "y.hdf5")))
    with pytest.raises(UsageError, match="--out: .*set' is there already"):
        import_dataset(DatasetImportRequest(str(path), str(dataset.path), task="hopper"))
    (dataset.path / "obs.npy").unlink()
    with pytest.raises(UsageError, match="obs.npy: missing"):
        export_dataset(DatasetExportRequest(str(dataset.path), "d4rl", str(tmp_path / "z.hdf5")))
    assert path.read_bytes() == before and sorted(p.name for p in tmp_path.iterdir()) == ["set", "x.hdf5"]


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"layout 'd4rl' needs the extra 'datasets': pip install 'divbench\[dat"):
        read(make_file(tmp_path / "x.hdf5"))
