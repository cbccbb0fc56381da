"""Minari datasets, in and out, through the package `minari` itself.

Its folder is `<name>/data`, with `metadata.json` and, in its HDF5 storage, one group for each episode. Before the
package is given a folder, what it would act on is looked at here: without spaces in the metadata it would make the
environment that they name, so such are refused, as are storages other than HDF5. Nothing is downloaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.records.datasets.columns import BLOCK_SIZE, Advanced, check_extent, check_sizes, counted, untold
from divbench.records.datasets.d4rl import FACTS, NOT_KNOWN
from divbench.records.datasets.dataset import Dataset
from divbench.records.datasets.hdf5 import find_group, need_array, open_file, require, tree_size
from divbench.records.datasets.request import LOCAL, MINARI, DatasetExportRequest, DatasetImportRequest
from divbench.records.datasets.writer import DatasetWriter
from divbench.records.dialects.outputs import parents_of, refuse_existing
from divbench.records.dialects.request import check_name, spell_task
from divbench.records.durable import hidden_beside, sync
from divbench.records.manifest import file_digest
from divbench.spec.errors import UsageError, nearest
from divbench.spec.text import format_size

if TYPE_CHECKING:
    from minari.data_collector import EpisodeBuffer

METADATA, STORAGE = "data/metadata.json", "data/main_data.hdf5"
PLACE = "MINARI_DATASETS_PATH"  # the environment variable that names Minari's folder
LARGEST_EPISODE = 256 * 1024**2  # bytes that an episode may declare; Minari reads it as a whole
_LARGEST_METADATA = 4 * 1024**2  # bytes
_ARRAYS = ("actions", "rewards", "terminations", "truncations")  # and observations, one row longer
_MARK = "divbench_"  # before the facts that an export adds to the metadata


def import_minari(request: DatasetImportRequest, advanced: Advanced = untold) -> Dataset:
    """Read the Minari dataset in a folder, an episode at a time. `infos` are not kept.

    Returns:
      The dataset; episodes are numbered from 0.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    require("minari", MINARI)
    require("h5py", MINARI)
    path = Path(request.path)
    refuse_existing(Path(request.out))
    metadata = _metadata(path / METADATA)
    sizes = {"observation": _width(metadata, "observation_space", path),
             "action": _width(metadata, "action_space", path)}
    check_sizes(sizes, str(path))
    _look_at_storage(path / STORAGE, metadata, sizes)
    task = request.task or metadata.get(f"{_MARK}task") or _environment(metadata)
    if task is None:
        raise UsageError(f"--task: {path} does not say which task it is; name it, such as hopper")
    facts = {fact: metadata.get(f"{_MARK}{fact}") for fact in FACTS}
    level = request.level or facts["level"]
    for name, fact in {"task": task, **facts, "level": level}.items():
        if fact is not None:
            check_name(fact, f"{path}: {name}")
    with DatasetWriter(request.out, observation_size=sizes["observation"],
                       action_size=sizes["action"]) as writer:
        for observations, episode in _episodes(path):
            writer.append(obs=observations[:-1], action=episode.actions, reward=episode.rewards,
                          next_obs=observations[1:], terminal=episode.terminations, truncated=episode.truncations)
            writer.end_episode()
            advanced("reading", writer.rows, metadata["total_steps"])
        return writer.finish({
            "task": spell_task(task), "physics": facts["physics"] or NOT_KNOWN, "level": level,
            "policies": [{"name": level or NOT_KNOWN}], "seeds": [],
            "imported": {"layout": MINARI, "file": path.name, "sha256": file_digest(path / STORAGE),
                         "rows": metadata["total_steps"], "id": str(metadata.get("dataset_id")),
                         "minari_version": str(metadata.get("minari_version"))},
        }, advanced)


def find_local(name: str) -> Path:
    """The folder of a dataset that Minari keeps on this machine: below `MINARI_DATASETS_PATH`, or where Minari does
    without it.

    Raises:
      UsageError: there is none of that name. Nothing is downloaded.
    """
    root = Path(os.environ.get(PLACE, os.path.join(os.path.expanduser("~"), ".minari", "datasets")))
    path = root / name
    if not (path / METADATA).is_file():
        known = sorted(str(file.parent.parent.relative_to(root)) for file in root.glob(f"**/{METADATA}"))
        hint = nearest(name, known) or f"; minari download {name} would bring it;"
        raise UsageError(f"{LOCAL}{name}: not in {root}{hint} there is {', '.join(known[:12]) or 'no dataset'}")
    return path


def export_minari(dataset: Dataset, request: DatasetExportRequest, advanced: Advanced = untold) -> Path:
    """Write a dataset as a Minari dataset, below a new folder that `MINARI_DATASETS_PATH` can name.

    Actions are declared from -1 to 1 if all of them are, else without bounds.

    Returns:
      The dataset's own folder.

    Raises:
      UsageError: a dataset without whole episodes, a place that is taken or cannot be written.
    """
    require("minari", MINARI)
    require("h5py", MINARI)
    import gymnasium
    import minari
    import numpy as np

    if not dataset.whole_episodes:
        raise UsageError(f"{dataset.path}: Minari holds episodes, found transitions drawn singly; export the dataset "
                         f"that they were drawn from, or --to d4rl")
    out, name = Path(request.out), request.name or _name(dataset)
    refuse_existing(out)
    temporary = hidden_beside(out)
    blocks = counted(dataset.blocks(), "looking", len(dataset), advanced)
    bound = max(float(np.abs(block["action"]).max()) for block in blocks)
    spaces = {
        "observation_space": gymnasium.spaces.Box(-np.inf, np.inf, (dataset.sizes["observation"],), np.float32),
        "action_space": gymnasium.spaces.Box(*((-1.0, 1.0) if bound <= 1.0 else (-np.inf, np.inf)),
                                             (dataset.sizes["action"],), np.float32),
    }
    try:
        with parents_of(out):
            temporary.mkdir()
            try:
                with _stored_in(temporary), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # it recommends to name an author, an environment, a repository
                    batches = _buffers(dataset, advanced)
                    made = minari.create_dataset_from_buffers(
                        name, next(batches), data_format="hdf5", algorithm_name=dataset.card["level"] or NOT_KNOWN,
                        description=f"written by divbench, checksum {dataset.checksum}", **spaces)
                    for batch in batches:
                        made.storage.update_episodes(batch)
                    made.storage.update_metadata({f"{_MARK}{fact}": dataset.card[fact] for fact in FACTS
                                                  if dataset.card[fact] is not None})
                os.rename(temporary, out)
                sync(out.parent)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
    except (OSError, RuntimeError) as error:  # the latter is what h5py makes of a full disk
        raise UsageError(f"--out: '{out}' cannot be made ({getattr(error, 'strerror', None) or error})") from None
    return out / name


def _name(dataset: Dataset) -> str:
    """`divbench/<task>/<folder>-v0`, other characters than Minari takes as hyphens."""
    task, folder = ("".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in text)
                    for text in (dataset.card["task"], dataset.path.name or "dataset"))
    return f"divbench/{task}/{folder}-v0"


@contextlib.contextmanager
def _stored_in(folder: Path) -> Iterator[None]:
    """Minari keeps its datasets in `folder` inside the block."""
    before = os.environ.get(PLACE)
    os.environ[PLACE] = str(folder.absolute())
    try:
        yield
    finally:
        if before is None:
            del os.environ[PLACE]
        else:
            os.environ[PLACE] = before


def _buffers(dataset: Dataset, advanced: Advanced) -> Iterator[list[EpisodeBuffer]]:
    """The episodes, some 16 MiB of them at a time. `advanced` is called with the number of transitions written.

    Raises:
      UsageError: an episode in which an observation is not the one that the transition before led to.
    """
    import numpy as np
    from minari.data_collector import EpisodeBuffer

    arrays = dataset.transitions()
    begins = np.flatnonzero(np.diff(arrays["episode"], prepend=arrays["episode"][0] - 1))
    batch, held = [], 0
    for first, end in zip(begins, np.append(begins[1:], len(dataset)), strict=True):
        part = {key: np.array(array[first:end]) for key, array in arrays.items()}
        if not np.array_equal(part["next_obs"][:-1], part["obs"][1:]):
            raise UsageError(f"{dataset.path}: episode {part['episode'][0]} has gaps, which Minari cannot hold; export "
                             f"it --to d4rl")
        batch.append(EpisodeBuffer(
            observations=np.concatenate([part["obs"], part["next_obs"][-1:]]), actions=part["action"],
            rewards=part["reward"], terminations=part["terminal"], truncations=part["truncated"]))
        held += part["obs"].nbytes + part["action"].nbytes
        if held > BLOCK_SIZE:
            yield batch
            advanced("writing", int(end), len(dataset))
            batch, held = [], 0
    if batch:
        yield batch


def _metadata(path: Path) -> dict:
    try:
        if path.stat().st_size > _LARGEST_METADATA:
            raise ValueError("size")
        metadata = json.loads(path.read_bytes())
        if not isinstance(metadata, dict):
            raise ValueError("metadata")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{path.parent.parent}: not a Minari dataset (it has no {METADATA})") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: damaged, or not the metadata of a Minari dataset") from None
    if metadata.get("data_format") != "hdf5":
        raise UsageError(f"{path}: data_format is {str(metadata.get('data_format'))[:40]!r}, expected 'hdf5'")
    for key in ("total_episodes", "total_steps"):
        if type(metadata.get(key)) is not int or metadata[key] < 1:
            raise UsageError(f"{path}: expected '{key}' as a number of at least 1, found "
                             f"{str(metadata.get(key))[:40]}")
    return metadata


def _width(metadata: dict, key: str, path: Path) -> int:
    """The size of a space, which has to be a flat box of numbers."""
    try:
        space = json.loads(metadata[key])
        found = f"{space['type']} of shape {space.get('shape')}"
        if space["type"] == "Box" and len(space["shape"]) == 1 and space["dtype"] in ("float32", "float64"):
            return space["shape"][0]
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError):
        found = "none"
    raise UsageError(f"{path}: expected '{key}' as a Box of one axis of float32 or float64, found {found[:80]}")


def _environment(metadata: dict) -> str | None:
    """The name of the environment that the metadata describe; it is read and not made."""
    try:
        name = json.loads(metadata["env_spec"])["id"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def _look_at_storage(path: Path, metadata: dict, sizes: dict[str, int]) -> None:
    """Lets a file through whose episodes have the arrays, rows and sizes that the metadata promise.

    Raises:
      UsageError: an episode that does not, or one that is larger than `LARGEST_EPISODE`.
    """
    check_extent(metadata["total_steps"], sizes, str(path))
    with open_file(path) as file:
        if len(file) != metadata["total_episodes"]:
            raise UsageError(f"{path}: holds {len(file):,} episodes, the metadata say {metadata['total_episodes']:,}")
        steps = 0
        for number in range(len(file)):
            group = find_group(file, f"episode_{number}", path)
            if group is None:
                raise UsageError(f"{path}: no 'episode_{number}', though the metadata say there is")
            if tree_size(group, path) > LARGEST_EPISODE:
                raise UsageError(f"{path}: 'episode_{number}' declares {format_size(tree_size(group, path))}; at most "
                                 f"{format_size(LARGEST_EPISODE)} are read as a whole")
            arrays = {name: need_array(group, name, path) for name in ("observations", *_ARRAYS)}
            rows = arrays["rewards"].shape[0] if arrays["rewards"].shape else 0
            expected = {"observations": (rows + 1, sizes["observation"]), "actions": (rows, sizes["action"]),
                        "rewards": (rows,), "terminations": (rows,), "truncations": (rows,)}
            for name, array in arrays.items():
                if array.shape != expected[name]:
                    raise UsageError(f"{path}: 'episode_{number}/{name}' has shape {list(array.shape)}, expected "
                                     f"{list(expected[name])}")
            steps += rows
        if steps != metadata["total_steps"]:
            raise UsageError(f"{path}: holds {steps:,} transitions, the metadata say {metadata['total_steps']:,}")


def _episodes(path: Path) -> Iterator[tuple]:
    """Each episode's observations and the episode, as `minari` reads them."""
    import minari

    try:
        for episode in minari.MinariDataset(path / "data").iterate_episodes():
            yield episode.observations, episode
    except UsageError:
        raise
    except Exception as error:  # minari raises many kinds, assertions among them; to the user all mean the same
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{path}: Minari cannot read it ({reason[:160]})") from None
