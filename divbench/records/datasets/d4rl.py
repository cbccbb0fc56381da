"""D4RL's HDF5 layout, in and out (Fu et al., 2020, arXiv:2004.07219).

    observations [N, O], actions [N, A], rewards [N], terminals [N]      required
    timeouts [N], next_observations [N, O]                               at least one of them
    infos/..., metadata/...                                              anything; not read, but for divbench's own

A file without `next_observations` does not say what a timeout led to. Its last row before a timeout is left out, as
D4RL's own `qlearning_dataset` does, and the row before it ends the episode; a terminal row, whose future counts for
nothing, is given its own observation in place of the one it led to. A file without `timeouts` is cut where the next row
does not begin with the observation that the last one led to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.records.datasets.columns import (
    COLUMNS,
    Advanced,
    as_column,
    block_rows,
    check_extent,
    check_sizes,
    counted,
    untold,
)
from divbench.records.datasets.dataset import Dataset
from divbench.records.datasets.hdf5 import find_array, find_group, find_text, need_array, open_file, plain, require
from divbench.records.datasets.request import D4RL, DatasetExportRequest, DatasetImportRequest
from divbench.records.datasets.writer import DatasetWriter
from divbench.records.dialects.outputs import parents_of, refuse_existing
from divbench.records.dialects.request import check_name, spell_task
from divbench.records.durable import hidden_beside, sync
from divbench.records.manifest import file_digest
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    import h5py
    import numpy

NAMES = {"obs": "observations", "action": "actions", "reward": "rewards", "next_obs": "next_observations",
         "terminal": "terminals", "truncated": "timeouts"}
FACTS = ("task", "physics", "level")  # of the card, as text below `metadata`
NOT_KNOWN = "not known"
SAME = 1e-6  # L2 distance of observations below which public code takes them as the same


def import_d4rl(request: DatasetImportRequest, advanced: Advanced = untold) -> Dataset:
    """Read an HDF5 file in D4RL's layout, a block of about 16 MiB at a time.

    Returns:
      The dataset. Its card says under `imported` which file it was, how many rows were left out, and what the rows'
      next observations and the episodes' ends were taken from.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    require("h5py", D4RL)
    path = Path(request.path)
    refuse_existing(Path(request.out))
    with open_file(path) as file:
        arrays, sizes = _arrays(file, path)
        own, facts = _own(file, path, len(arrays["obs"]))
        task = request.task or facts.get("task")
        if task is None:
            raise UsageError(f"--task: {path} does not say which task it is; name it, such as hopper")
        level = request.level or facts.get("level")
        with DatasetWriter(request.out, observation_size=sizes["observation"], action_size=sizes["action"],
                           whole_episodes=own is None or own["whole_episodes"]) as writer:
            rows = len(arrays["obs"])
            blocks = _blocks(arrays, sizes, path, None if own is None else own["episode"])
            for block in counted(blocks, "reading", rows, advanced):
                writer.append(**block)
            return writer.finish({
                "task": spell_task(task), "physics": facts.get("physics", NOT_KNOWN), "level": level,
                "policies": [{"name": level or NOT_KNOWN}], "seeds": [],
                "imported": {
                    "layout": D4RL, "file": path.name, "sha256": file_digest(path), "rows": rows,
                    "left_out": rows - writer.rows,
                    "next_obs": "next_observations" if "next_obs" in arrays else "the row after",
                    "ends": "timeouts" if "truncated" in arrays else "gaps between next_observations and observations",
                    "kinds": {NAMES[name]: str(array.dtype) for name, array in arrays.items()},
                    "not_read": sorted(plain(name) for name in set(file) - set(NAMES.values()))[:20],
                },
            }, advanced)


def export_d4rl(dataset: Dataset, request: DatasetExportRequest, advanced: Advanced = untold) -> Path:
    """Write a dataset as an HDF5 file in D4RL's layout, `next_observations` included.

    Returns:
      The file. Episode numbers are in `infos/episode`, and what the card says of the task in `metadata`.

    Raises:
      UsageError: the place is taken or cannot be written. Nothing is left behind.
    """
    require("h5py", D4RL)
    import h5py

    out = Path(request.out)
    if out.is_dir():
        raise UsageError(f"--out: expected a new file, found that '{out}' is a folder")
    refuse_existing(out)
    temporary = hidden_beside(out)
    try:
        with parents_of(out):
            try:
                with h5py.File(temporary, "x") as file:
                    _write(file, dataset, advanced)
                sync(temporary)
                os.link(temporary, out)  # unlike a rename, never onto something that has come since
            finally:
                temporary.unlink(missing_ok=True)
            sync(out.parent)
    except (OSError, RuntimeError) as error:  # the latter is what h5py makes of a full disk
        raise UsageError(f"--out: '{out}' cannot be made ({getattr(error, 'strerror', None) or error})") from None
    return out


def _write(file: h5py.File, dataset: Dataset, advanced: Advanced) -> None:
    import numpy as np

    paths, rows = {**NAMES, "episode": "infos/episode"}, len(dataset)
    arrays = {name: file.create_dataset(paths[name], column.shape(rows, dataset.sizes), np.dtype(column.kind))
              for name, column in COLUMNS.items()}
    first = 0
    for block in counted(dataset.blocks(), "writing", rows, advanced):
        for name, array in arrays.items():
            array[first:first + len(block["reward"])] = block[name]
        first += len(block["reward"])
    for fact in FACTS:
        if dataset.card[fact] is not None:
            file[f"metadata/{fact}"] = np.bytes_(dataset.card[fact].encode())
    file["metadata/checksum"] = np.bytes_(dataset.checksum)
    file["metadata/whole_episodes"] = dataset.whole_episodes


def _arrays(file: h5py.File, path: Path) -> tuple[dict[str, h5py.Dataset], dict[str, int]]:
    """The arrays of a file by the names of their columns, and the sizes of a row; nothing has been read."""
    arrays = {name: need_array(file, NAMES[name], path) for name in ("obs", "action", "reward", "terminal")}
    for name in ("next_obs", "truncated"):
        found = find_array(file, NAMES[name], path)
        if found is not None:
            arrays[name] = found
    if "next_obs" not in arrays and "truncated" not in arrays:
        raise UsageError(f"{path}: expected 'timeouts' or 'next_observations'; without either, nothing says where an "
                         f"episode was cut")
    for name in ("obs", "action"):
        if len(arrays[name].shape) != 2:
            raise UsageError(f"{path}: '{NAMES[name]}' has {len(arrays[name].shape)} axes, expected 2")
    sizes = {"observation": arrays["obs"].shape[1], "action": arrays["action"].shape[1]}
    check_sizes(sizes, str(path))
    rows = arrays["obs"].shape[0]
    for name, array in arrays.items():
        expected = COLUMNS[name].shape(rows, sizes)
        if array.shape != expected and (COLUMNS[name].size or array.shape != (rows, 1)):
            raise UsageError(f"{path}: '{NAMES[name]}' has shape {list(array.shape)}, expected {list(expected)} as "
                             f"'observations' has {rows:,} rows")
    if not rows:
        raise UsageError(f"{path}: expected transitions, found none")
    check_extent(rows, sizes, str(path))
    return arrays, sizes


def _own(file: h5py.File, path: Path, rows: int) -> tuple[dict | None, dict[str, str]]:
    """What divbench itself wrote into a file it exported: episode numbers and facts; None and {} in other files."""
    metadata, infos = find_group(file, "metadata", path), find_group(file, "infos", path)
    whole = None if metadata is None else find_array(metadata, "whole_episodes", path)
    if whole is None or infos is None:
        return None, {}
    episode = need_array(infos, "episode", path)
    if episode.shape != (rows,) or whole.shape != ():
        raise UsageError(f"{path}: 'infos/episode' has shape {list(episode.shape)}, expected {[rows]}")
    facts = {}
    for fact in FACTS:
        found = find_text(metadata, fact, path)
        if found is not None:
            facts[fact] = check_name(found, f"{path}: 'metadata/{fact}'")
    return {"episode": episode, "whole_episodes": bool(whole[()])}, facts


def _blocks(arrays: dict[str, h5py.Dataset], sizes: dict[str, int], path: Path,
            episode: h5py.Dataset | None) -> Iterator[dict[str, numpy.ndarray]]:
    """The rows as the writer takes them. Of each block one row more is read: what it begins with, and how it ends."""
    rows, step = len(arrays["obs"]), block_rows(sizes)
    for first in range(0, rows, step):
        size = min(step, rows - first)
        read = {name: as_column(COLUMNS[name], array[first:first + size + 1], None, sizes, first, str(path),
                                NAMES[name]) for name, array in arrays.items()}
        block = {name: array[:size] for name, array in read.items()}
        if "next_obs" not in arrays:
            yield _without_next(block, read, size)
        elif "truncated" not in arrays:
            yield block | {"truncated": _gaps(block, read["obs"][1:])}
        else:
            yield block | ({} if episode is None else {"episode": episode[first:first + size]})


def _gaps(block: dict, after: numpy.ndarray) -> numpy.ndarray:
    """`[n]`: rows that the row after does not continue, though they are not terminal. `after` lacks the file's end."""
    import numpy as np

    gap = np.zeros(len(block["reward"]), bool)
    led = block["next_obs"][:len(after)].astype(np.float64)
    gap[:len(after)] = np.linalg.norm(after - led, axis=1) > SAME
    return gap & ~block["terminal"]


def _without_next(block: dict, read: dict, size: int) -> dict:
    """Rows with the observation of the row after; those that a timeout or the file's end leaves without are left out,
    and a row before a timeout that was left out ends the episode."""
    import numpy as np

    cut = read["truncated"] & ~read["terminal"]
    following = len(read["reward"]) - 1 if len(read["reward"]) > size else size - 1  # rows that have a row after
    next_obs = block["obs"].copy()
    next_obs[:following] = read["obs"][1:following + 1]
    next_obs[block["terminal"]] = block["obs"][block["terminal"]]
    known = block["terminal"] | ((np.arange(size) < following) & ~cut[:size])
    ends = np.zeros(size, bool)
    ends[:following] = cut[1:following + 1]
    truncated = block["truncated"] | (ends & ~block["terminal"])
    return {name: array[known] for name, array in (block | {"next_obs": next_obs, "truncated": truncated}).items()}
