"""Checkpoints of a group: the state of its lanes, and the replay rows as append-only segments.

On disk, below the store's folder:

    state-<n>/                        the pytree, written by orbax
    replay/rows-<first>-<last>.npy    replay rows first..last-1 of every lane
    manifest.json                     names the live state and segments, with the SHA-256 of each file

The manifest is written last and renamed into place, so that a crash at any moment leaves the checkpoint
before. Everything it does not name is left over from a crash and is ignored, then removed by the next save.
When to save and what the state holds is the training loop's to say. orbax and jax are imported when first
needed.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from divbench.records.durable import TEMPORARY, sync
from divbench.records.manifest import MANIFEST, Manifest, file_digest
from divbench.spec.errors import UsageError

REPLAY = "replay"


@dataclasses.dataclass(frozen=True)
class Loaded:
    """What a checkpoint held.

    Attributes:
      tree: the template's structure with numpy arrays as leaves (PRNG keys as typed JAX keys); without a
        template a flat dictionary from dotted path, such as `actor.layer_0.kernel`, to numpy array (keys as
        their uint32 data).
      meta: the dictionary that was saved.
      rows: replay rows [lanes, total, width], or None if they were not asked for or none were ever saved.
    """

    tree: object
    meta: dict
    rows: np.ndarray | None


class CheckpointStore:
    """Saves and loads the newest checkpoint of one group; the run folder's lock makes it the only writer."""

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)

    def exists(self) -> bool:
        """Whether a checkpoint was completed here (be it damaged since)."""
        return (self.folder / MANIFEST).exists()

    def verify(self) -> None:
        """Check every file of the checkpoint, if there is one; reads only.

        Raises:
          UsageError: a file is missing or is not as it was written.
        """
        if self.exists():
            Manifest.read(self.folder).verify(self.folder)

    def save(self, tree: Any, *, meta: dict, rows: np.ndarray, first_row: int) -> None:
        """Write a checkpoint, then remove the one before.

        Args:
          tree: pytree of jax or numpy arrays, typed PRNG keys included.
          meta: counters, the journal's offset and the like; JSON values or numpy scalars.
          rows: [lanes, n, width], the replay rows completed since the last save; n may be 0. Costs only what
            is new.
          first_row: index of the first of them; equals the number of rows saved so far.

        Raises:
          ValueError: `rows` does not continue the saved rows; nothing is written.
          UsageError: the folder cannot be written, or the manifest before is damaged.
        """
        rows = np.asarray(rows)
        before = Manifest.read(self.folder) if self.exists() else Manifest()
        if rows.ndim != 3 or first_row != before.rows:
            raise ValueError(f"expected rows [lanes, n, width] from row {before.rows} on, found shape "
                             f"{rows.shape} from row {first_row} on")
        try:
            self._save(tree, meta, rows, before)
        except Exception as error:  # a full disk is an OSError, or whatever orbax makes of one
            reason = (str(getattr(error, "strerror", None) or error).strip().splitlines() or [type(error).__name__])[0]
            raise UsageError(f"{self.folder}: checkpoint cannot be written ({reason[:200]})") from error

    def _save(self, tree: Any, meta: dict, rows: np.ndarray, before: Manifest) -> None:
        (self.folder / REPLAY).mkdir(parents=True, exist_ok=True)
        number = before.number + 1
        state = f"state-{number}"
        self._remove_strays(f"state-{before.number}", before.segments)  # what an attempt that failed has left
        arrays, keys = _to_arrays(tree)
        _orbax_save(self.folder / state, arrays)
        for path in (self.folder / state).rglob("*"):
            sync(path)
        sync(self.folder / state)

        segments = dict(before.segments)
        if rows.shape[1]:
            name = f"{REPLAY}/rows-{before.rows}-{before.rows + rows.shape[1]}.npy"
            self._write_segment(self.folder / name, rows)
            segments[name] = file_digest(self.folder / name)
        sync(self.folder / REPLAY)

        files = {str(path.relative_to(self.folder)): file_digest(path)
                 for path in sorted((self.folder / state).rglob("*")) if path.is_file()}
        shapes = {name: [list(a.shape), a.dtype.name] for name, a in arrays.items()}
        Manifest(number=number, rows=before.rows + rows.shape[1], files=files, segments=segments,
                 arrays=shapes, keys=keys, meta=meta).write(self.folder)
        self._remove_strays(state, segments)

    def load(self, template: Any = None, *, with_rows: bool = True, whole: bool = True) -> Loaded | None:
        """Verify and read the checkpoint.

        Args:
          template: pytree of arrays or `jax.ShapeDtypeStruct`, of the saved structure; None gives a flat
            dictionary.
          with_rows: False neither reads nor verifies the replay segments.
          whole: False lets the template leave out some of what was saved.

        Returns:
          What was saved, or None if no checkpoint was completed here.

        Raises:
          UsageError: a file is missing or is not as it was written, or the template differs from what was
            saved.
        """
        if not self.exists():
            return None
        while True:
            manifest = Manifest.read(self.folder)
            try:
                return self._load(manifest, template, with_rows, whole)
            except UsageError:
                if Manifest.read(self.folder).number == manifest.number:
                    raise  # else the run has saved since, and removed what was being read

    def _load(self, manifest: Manifest, template: Any, with_rows: bool, whole: bool) -> Loaded:
        manifest.verify(self.folder, with_segments=with_rows)
        if template is not None:
            _check_template(self.folder, template, manifest, whole)
        try:
            arrays = _orbax_restore(self.folder / f"state-{manifest.number}", manifest.arrays)
            rows = self._read_rows(manifest) if with_rows else None
        except Exception as error:  # orbax raises many kinds; every one of them means the same to the user
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise UsageError(f"{self.folder}: checkpoint cannot be restored ({reason[0][:120]}); --force "
                             f"starts over") from error
        tree = arrays if template is None else _from_arrays(template, arrays, manifest.keys)
        return Loaded(tree, manifest.meta, rows)

    def _write_segment(self, path: Path, rows: np.ndarray) -> None:
        temporary = path.with_name(path.name + TEMPORARY)
        with open(temporary, "wb") as file:
            np.save(file, np.ascontiguousarray(rows), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)

    def _read_rows(self, manifest: Manifest) -> np.ndarray | None:
        parts = [np.load(self.folder / name, mmap_mode="r", allow_pickle=False) for name in manifest.segments]
        if not parts:
            return None
        lanes, _, width = parts[0].shape
        rows = np.empty((lanes, manifest.rows, width), parts[0].dtype)
        first = 0
        for part in parts:
            rows[:, first:first + part.shape[1]] = part
            first += part.shape[1]
        return rows

    def _remove_strays(self, state: str, segments: dict) -> None:
        live = {self.folder / name for name in segments}
        for path in [*self.folder.iterdir(), *(self.folder / REPLAY).iterdir()]:
            if path.name not in (state, REPLAY, MANIFEST) and path not in live:
                self._remove(path)

    @staticmethod
    def _remove(path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _flatten(tree: Any) -> list[tuple[str, Any]]:
    import jax

    leaves = [(jax.tree_util.keystr(path, simple=True, separator="."), leaf)
              for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]
    if len({name for name, _ in leaves}) < len(leaves):
        raise ValueError("two leaves of the state have the same dotted path")
    return leaves


def _is_key(leaf: Any) -> bool:
    import jax

    return hasattr(leaf, "dtype") and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _to_arrays(tree: Any) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The leaves as numpy arrays by dotted path, and the implementations of those that are PRNG keys."""
    import jax

    leaves = dict(_flatten(tree))
    keys = {name: str(jax.random.key_impl(leaf)) for name, leaf in leaves.items() if _is_key(leaf)}
    data = {name: jax.random.key_data(leaf) if name in keys else leaf for name, leaf in leaves.items()}
    return {name: np.asarray(leaf) for name, leaf in jax.device_get(data).items()}, keys


def _dtype_name(leaf: Any) -> str:
    return str(leaf.dtype) if _is_key(leaf) else np.dtype(leaf.dtype).name


def _from_arrays(template: Any, arrays: dict[str, np.ndarray], keys: dict[str, str]) -> Any:
    import jax

    leaves = []
    for name, leaf in _flatten(template):
        value: Any = arrays[name]
        leaves.append(jax.random.wrap_key_data(value, impl=keys[name]) if _is_key(leaf) else value)
    return jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(template), leaves)


def _check_template(folder: Path, template: Any, manifest: Manifest, whole: bool) -> None:
    import jax

    saved = {name: (tuple(shape), dtype) for name, (shape, dtype) in manifest.arrays.items()}
    for name, implementation in manifest.keys.items():
        blank: Any = np.zeros(saved[name][0], np.uint32)
        key = jax.random.wrap_key_data(blank, impl=implementation)
        saved[name] = (key.shape, str(key.dtype))
    expected = {}
    for name, leaf in _flatten(template):
        expected[name] = (tuple(leaf.shape), _dtype_name(leaf))
    for name in sorted(saved.keys() | expected.keys() if whole else expected):
        if saved.get(name) != expected.get(name):
            found, wanted = (_shape_text(table.get(name)) for table in (saved, expected))
            raise UsageError(f"{folder}: checkpoint of another program: '{name}' is {found} there, {wanted} "
                             f"here; --force starts over")


def _shape_text(entry: tuple[tuple[int, ...], str] | None) -> str:
    return "absent" if entry is None else f"{entry[1]}{list(entry[0])}"


def _checkpointer() -> Any:
    import orbax.checkpoint as ocp

    return ocp.Checkpointer(ocp.StandardCheckpointHandler()), ocp.args


def _orbax_save(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    checkpointer, args = _checkpointer()
    full = {name: array for name, array in arrays.items() if array.size}  # orbax refuses empty arrays
    with checkpointer:
        checkpointer.save(folder.absolute(), args=args.StandardSave(full))


def _orbax_restore(folder: Path, arrays: dict) -> dict[str, np.ndarray]:
    checkpointer, args = _checkpointer()
    like = {name: np.empty(shape, dtype) for name, (shape, dtype) in arrays.items()}
    full = {name: array for name, array in like.items() if array.size}
    with checkpointer:
        return like | checkpointer.restore(folder.absolute(), args=args.StandardRestore(full))
