"""Minari datasets: made and read by the package `minari` itself, and what is wrong with one in one line."""

import json
import os
import shutil

import h5py
import minari
import numpy as np
import pytest

from divbench.records.datasets import minari_layout
from divbench.records.datasets.exchange import export_dataset, import_dataset
from divbench.records.datasets.request import DatasetExportRequest, DatasetImportRequest
from divbench.records.datasets.subset import subset
from divbench.spec.errors import UsageError
from divbench.spec.text import parse_fraction
from tests.records.made_datasets import make_rows, write

pytestmark = pytest.mark.filterwarnings("ignore:.*is set to None:UserWarning", "ignore:env_spec is None:UserWarning")


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Minari's folder, for this test alone."""
    monkeypatch.setenv(minari_layout.PLACE, str(tmp_path / "store"))
    return tmp_path / "store"


def make_minari(name="walker2d/medium-v0", *, kind=np.float64, observation=(3,), **options):
    """A dataset as Minari's own users make one: two episodes, of four and two transitions."""
    from gymnasium import spaces
    from minari.data_collector import EpisodeBuffer

    rng = np.random.default_rng(0)
    episodes = [EpisodeBuffer(
        seed=number, observations=rng.normal(size=(length + 1, *observation)).astype(kind),
        actions=rng.uniform(-1, 1, (length, 2)).astype(np.float32), rewards=list(rng.normal(size=length)),
        terminations=[False] * (length - 1) + [number == 1], truncations=[False] * (length - 1) + [number == 0],
        infos={"speed": np.arange(length + 1.0)}) for number, length in enumerate((4, 2))]
    return minari.create_dataset_from_buffers(
        name, episodes, observation_space=spaces.Box(-np.inf, np.inf, observation, kind),
        action_space=spaces.Box(-1.0, 1.0, (2,), np.float32), data_format="hdf5", **options)


def read(path, out, **options):
    return import_dataset(DatasetImportRequest(str(path), str(out), **{"task": "walker2d", **options}))


def test_minari_s_own_dataset_comes_in(tmp_path, store):
    theirs = make_minari()
    dataset = read(store / "walker2d/medium-v0", tmp_path / "set", level="medium")
    arrays, first = dataset.transitions(), 0
    for number, episode in enumerate(theirs.iterate_episodes()):
        part = slice(first, first := first + len(episode.rewards))
        np.testing.assert_array_equal(arrays["obs"][part], episode.observations[:-1].astype(np.float32))
        np.testing.assert_array_equal(arrays["next_obs"][part], episode.observations[1:].astype(np.float32))
        np.testing.assert_array_equal(arrays["action"][part], episode.actions)
        np.testing.assert_array_equal(arrays["reward"][part], np.float32(episode.rewards))
        np.testing.assert_array_equal(arrays["terminal"][part], episode.terminations)
        np.testing.assert_array_equal(arrays["truncated"][part], episode.truncations)
        assert (arrays["episode"][part] == number).all()
    assert first == len(dataset) == 6 and dataset.card["returns"]["episodes"] == 2
    imported = dataset.card["imported"]
    assert (imported["id"], imported["rows"]) == ("walker2d/medium-v0", 6)


def test_there_and_back(tmp_path, monkeypatch):
    monkeypatch.setenv(minari_layout.PLACE, str(tmp_path / "elsewhere"))
    dataset = write(tmp_path / "set")
    path = export_dataset(DatasetExportRequest(str(dataset.path), "minari", str(tmp_path / "root")))
    assert path == tmp_path / "root/divbench/cheetah-run/set-v0"
    assert os.environ[minari_layout.PLACE] == str(tmp_path / "elsewhere")
    again = read(path, tmp_path / "again", task=None)
    assert again.checksum == dataset.checksum
    for key in ("task", "physics", "level", "counts", "returns", "rewards"):
        assert again.card[key] == dataset.card[key]


def test_minari_loads_what_was_exported(tmp_path, monkeypatch):
    rows = make_rows()
    dataset = write(tmp_path / "set", rows)
    monkeypatch.setattr(minari_layout, "BLOCK_SIZE", 1)  # an episode at a time
    monkeypatch.delenv(minari_layout.PLACE, raising=False)
    export_dataset(DatasetExportRequest(str(dataset.path), "minari", str(tmp_path / "root"), "mine/runs-v3"))
    assert minari_layout.PLACE not in os.environ
    monkeypatch.setenv(minari_layout.PLACE, str(tmp_path / "root"))
    theirs = minari.load_dataset("mine/runs-v3")
    assert (theirs.total_episodes, theirs.total_steps) == (3, 12)
    assert theirs.spec.action_space.low.tolist() == [-1.0, -1.0] and theirs.spec.observation_space.shape == (3,)
    episodes = list(theirs.iterate_episodes())
    np.testing.assert_array_equal(np.concatenate([episode.rewards for episode in episodes]), rows["reward"])
    np.testing.assert_array_equal(np.concatenate([episode.observations[1:] for episode in episodes]), rows["next_obs"])


def test_actions_beyond_one_are_declared_without_bounds(tmp_path):
    rows = make_rows()
    rows["action"][0] = 2.0
    dataset = write(tmp_path / "set", rows)
    path = export_dataset(DatasetExportRequest(str(dataset.path), "minari", str(tmp_path / "root"), "a-v0"))
    assert minari.MinariDataset(path / "data").spec.action_space.high.tolist() == [np.inf, np.inf]


def test_what_has_no_episodes_is_not_exported(tmp_path):
    dataset = write(tmp_path / "set")
    part = subset(dataset, parse_fraction("50%"), 0)
    with pytest.raises(UsageError, match="Minari holds episodes, found transitions drawn singly"):
        export_dataset(DatasetExportRequest(str(part.path), "minari", str(tmp_path / "root")))
    rows = make_rows()
    rows["next_obs"][5] += 1.0
    gaps = write(tmp_path / "gaps", rows)
    with pytest.raises(UsageError, match="episode 1 has gaps, which Minari cannot hold; export it --to d4rl"):
        export_dataset(DatasetExportRequest(str(gaps.path), "minari", str(tmp_path / "root")))
    with pytest.raises(UsageError, match="--out: .*gaps' is there already"):
        export_dataset(DatasetExportRequest(str(dataset.path), "minari", str(gaps.path)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gaps", "set", "set-50pct-seed0"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a Minari dataset, to be copied."""
    folder = tmp_path_factory.mktemp("minari")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(minari_layout.PLACE, str(folder))
        make_minari("x-v0")
    return folder / "x-v0"


def box(**change):
    return json.dumps({"type": "Box", "dtype": "float64", "shape": [3], "low": [0.0] * 3, "high": [1.0] * 3} | change)


@pytest.mark.parametrize(("change", "message"), [
    ({"observation_space": None}, "expected 'observation_space' as a Box .*found none"),
    ({"observation_space": box(shape=[3, 1])}, r"expected 'observation_space' as a Box .*found Box of shape \[3, 1\]"),
    ({"observation_space": box(type="Dict")}, "expected 'observation_space' as a Box .*found Dict"),
    ({"observation_space": box(dtype="object")}, "expected 'observation_space' as a Box of one axis of float32 or"),
    ({"action_space": '{"type": "Discrete", "n": 3}'}, "expected 'action_space' as a Box .*found Discrete"),
    ({"action_space": box(shape=[10**6])}, "expected 1 to 10,000 numbers in an action, found 1000000"),
    ({"data_format": "arrow"}, "data_format is 'arrow', expected 'hdf5'"),
    ({"total_steps": 7}, "holds 6 transitions, the metadata say 7"),
    ({"total_steps": 10**8}, "100,000,000 transitions are too many"),
    ({"total_episodes": 3}, "holds 2 episodes, the metadata say 3"),
    ({"total_episodes": "2"}, "expected 'total_episodes' as a number of at least 1, found 2"),
    ({"minari_version": "9.0.0"}, "Minari cannot read it .*9.0.0"),
])
def test_wrong_metadata_are_named_and_nothing_is_made(tmp_path, made, change, message):
    path = tmp_path / "x-v0"
    shutil.copytree(made, path)
    metadata = json.loads((path / "data/metadata.json").read_text()) | change
    metadata = {key: value for key, value in metadata.items() if value is not None}
    (path / "data/metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(UsageError, match=message) as error:
        read(path, tmp_path / "out")
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == [path]


def test_an_environment_that_metadata_name_is_not_made(tmp_path, made, monkeypatch):
    """Without a space Minari makes the environment to look for it, and so runs whatever the metadata name."""
    path = tmp_path / "x-v0"
    shutil.copytree(made, path)
    (tmp_path / "trap_of_minari.py").write_text("import os\nos.mkdir('sprung')\ndef make(**options): pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    from gymnasium.envs.registration import EnvSpec

    spec = EnvSpec("Trap-v0", entry_point="trap_of_minari:make").to_json()
    metadata = json.loads((path / "data/metadata.json").read_text()) | {"env_spec": spec}
    (path / "data/metadata.json").write_text(json.dumps(metadata))
    assert read(path, tmp_path / "out", task=None).card["task"] == "Trap-v0"
    del metadata["observation_space"]
    (path / "data/metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(UsageError, match="expected 'observation_space'"):
        read(path, tmp_path / "other")
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(Exception):  # noqa: B017  (the trap does work: what it makes is no environment)
        minari.MinariDataset(path / "data")
    assert (tmp_path / "sprung").exists()


def replace(group, name, value):
    del group[name]
    if value is not None:
        group[name] = value


@pytest.mark.parametrize(("name", "value", "message"), [
    ("rewards", None, "no 'episode_1/rewards'; there is actions"),
    ("observations", np.zeros((2, 3)), r"'episode_1/observations' has shape \[2, 3\], expected \[3, 3\]"),
    ("actions", np.zeros((2, 5)), r"'episode_1/actions' has shape \[2, 5\], expected \[2, 2\]"),
    ("observations", np.full((3, 3), np.nan), "'obs' is not finite in transition 4"),
    ("rewards", np.array([1.0, np.nan]), "'reward' is not finite in transition 5"),
    ("terminations", np.array([0, 2]), "'terminal' is 2 in transition 5"),
    ("rewards", np.array([np.void(b"\x80\x04N.")] * 2), "'episode_1/rewards' holds opaque bytes or records"),
    ("infos/speed", np.array([b"a"] * 3), "'episode_1/infos/speed' holds text, expected numbers"),
    ("infos/speed", h5py.ExternalLink("other.hdf5", "/x"), "'episode_1/infos/speed' is a link to elsewhere"),
    ("infos", h5py.SoftLink("/"), "'episode_1/infos' is a link to elsewhere"),
])
def test_wrong_episodes_are_named_and_nothing_is_made(tmp_path, made, name, value, message):
    path = tmp_path / "x-v0"
    shutil.copytree(made, path)
    with h5py.File(path / minari_layout.STORAGE, "a") as file:
        replace(file["episode_1"], name, value)
    with pytest.raises(UsageError, match=message) as error:
        read(path, tmp_path / "out")
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == [path]


def test_groups_that_hold_themselves_and_declared_sizes_are_refused(tmp_path, made):
    path = tmp_path / "x-v0"
    shutil.copytree(made, path)
    with h5py.File(path / minari_layout.STORAGE, "a") as file:
        file["episode_0/infos/again"] = file["episode_0/infos"]
    with pytest.raises(UsageError, match="is nested too deep"):
        read(path, tmp_path / "out")
    with h5py.File(path / minari_layout.STORAGE, "a") as file:
        del file["episode_0/infos/again"]
        file["episode_0/infos"].create_dataset("large", (2**29,), "f4", chunks=(2**16,))
    with pytest.raises(UsageError, match="'episode_0' declares 2.0 GiB; at most 256.0 MiB are read as a whole"):
        read(path, tmp_path / "out")


def test_damage_is_one_line(tmp_path, made):
    path = tmp_path / "x-v0"
    shutil.copytree(made, path)
    storage, metadata = path / minari_layout.STORAGE, path / minari_layout.METADATA
    whole = storage.read_bytes()
    for size in (0, 100, len(whole) // 2):
        storage.write_bytes(whole[:size])
        with pytest.raises(UsageError, match="not an HDF5 file|HDF5 cannot be read"):
            read(path, tmp_path / "out")
    metadata.write_text("{")
    with pytest.raises(UsageError, match="damaged, or not the metadata of a Minari dataset"):
        read(path, tmp_path / "out")
    metadata.unlink()
    with pytest.raises(UsageError, match=r"not a Minari dataset \(it has no data/metadata.json\)"):
        read(path, tmp_path / "out")


def test_a_dataset_without_an_environment_needs_a_task(tmp_path, made):
    with pytest.raises(UsageError, match="--task: .*x-v0 does not say which task it is"):
        read(made, tmp_path / "out", task=None)
