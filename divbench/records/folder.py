"""The run folder: who may write to it, whose run it holds, and where its parts lie.

    card.json          facts of the run (`card`), its settings, its sessions
    divbench.lock      held by the process that writes
    groups/<name>/     journal.jsonl, timing.jsonl, checkpoint/, and `done` once the group is finished
    tables/            written by `tables`
    report/, videos/   pictures and films, made on request

Nothing is created or changed before all checks have passed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from divbench.records.card import key_generation, now
from divbench.records.checkpoint import CheckpointStore
from divbench.records.durable import TEMPORARY, write_atomically
from divbench.records.journal import Journal
from divbench.records.schema import SCHEMA_VERSION
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import completed

CARD, LOCK, GROUPS, TABLES_FOLDER, DONE = "card.json", "divbench.lock", "groups", "tables", "done"
RESULTS, TIMING, CHECKPOINT, FAILURE, CODE = "journal.jsonl", "timing.jsonl", "checkpoint", "error.txt", "code.json"
FORMAT = "divbench run"
REPLACED = "replaced"  # groups that were begun with code that has changed since
# What `force` removes, tables first: they speak for a run.
CONTENTS = (TABLES_FOLDER, GROUPS, REPLACED, "report", "videos")
BINDING = ("physics", "precision")  # facts of the card that must not change within a run
MAKING = ("device", "cpus", "versions")  # facts that can change a result's last bits, and from there all of it
SESSION = ("command", *MAKING)  # facts that are kept for each session
_BEFORE_CARD = {LOCK, CARD + TEMPORARY}  # what a folder holds if its first process died before the card


def is_finished(path: Path) -> bool:
    """Whether the run of a folder whose card is sound was marked as finished."""
    return bool(json.loads((path / CARD).read_text()).get("finished"))


def is_clearing(path: Path) -> bool:
    """Whether the old run in that folder was being removed when its process ended."""
    return (path / CARD).exists() and bool(json.loads((path / CARD).read_text()).get("clearing"))


class GroupFolder:
    """The part of a run folder that belongs to one group.

    Attributes:
      path: the folder.
      journal: results; truncated to the checkpoint's offset when a run is continued.
      timing: wall-clock rows; never truncated.
      checkpoints: the group's checkpoint store.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / RESULTS)
        self.timing = Journal(path / TIMING)
        self.checkpoints = CheckpointStore(path / CHECKPOINT)

    @property
    def done(self) -> bool:
        """Whether the group was trained to its end."""
        return (self.path / DONE).exists()

    def mark_done(self) -> None:
        """Flush both journals and record that the group is finished."""
        self.journal.flush()
        self.timing.flush()
        write_atomically(self.path / DONE, b"")
        (self.path / FAILURE).unlink(missing_ok=True)

    def record_code(self, code: Mapping[str, str]) -> None:
        """Keep the fingerprints of the functions from outside that the group is trained with; none for divbench's."""
        if code:
            write_atomically(self.path / CODE, json.dumps(dict(code), indent=2).encode())

    def record_failure(self, text: str) -> Path | None:
        """Keep the traceback of an error until the group is trained to its end; where it lies, or None if the disk does
        not take it."""
        try:
            write_atomically(self.path / FAILURE, text.encode())
        except OSError:
            return None
        return self.path / FAILURE

    def close(self) -> None:
        """Close both journals."""
        self.journal.close()
        self.timing.close()


class RunFolder:
    """An open, locked run folder. Make one with `open`; it is a context manager."""

    def __init__(self, path: Path, card: dict, lock: int, *, changes: list[str], resumed: bool) -> None:
        self.path = path
        self.card = card
        self.changes = changes
        self.resumed = resumed
        self._lock = lock
        self._groups: dict[str, GroupFolder] = {}

    @staticmethod
    def check(path: str | os.PathLike, settings: dict, card: dict) -> None:
        """Raise the `UsageError` that `open` would, without `force`; creates and changes nothing."""
        _check(Path(path), json.loads(json.dumps(settings)), card, force=False)
        try:
            lock = os.open(Path(path) / LOCK, os.O_RDWR | os.O_CLOEXEC)  # NFS locks what is open for writing
        except OSError:
            return  # nobody has it, or it is not to be read, of which `open` tells
        _take(lock, Path(path))
        os.close(lock)

    @classmethod
    def open(cls, path: str | os.PathLike, settings: dict, card: dict, *, force: bool = False) -> RunFolder:
        """Create a run folder, or open one to continue its run.

        Args:
          path: the folder; parents are created.
          settings: everything that decides the results, as JSON values.
          card: the facts of this process, from `gather_card`.
          force: start over if the folder holds a run, whatever its settings.

        Returns:
          The locked folder. `resumed` tells whether it held this run already; `changes` lists in words which
          facts (device, CPU cores, versions) differ from the run's first session.

        Raises:
          UsageError: the folder is in use, holds a run with other settings or an unfinished one of another key
            generation, holds something else, has a damaged card or cannot be written. Nothing has been changed on
            disk then.
        """
        path = Path(path)
        settings = json.loads(json.dumps(settings))
        _check(path, settings, card, force)
        lock = _lock(path)
        try:
            old = _check(path, settings, card, force)  # again: another process may have been faster
            return cls._start(path, settings, card, lock, old, force)
        except BaseException as error:
            os.close(lock)
            if isinstance(error, OSError):
                raise UsageError(f"{path}: run folder cannot be written ({error.strerror})") from None
            raise

    @classmethod
    def _start(cls, path: Path, settings: dict, facts: dict, lock: int, old: dict | None,
               force: bool) -> RunFolder:
        session = {"start": now(), **{name: facts[name] for name in SESSION if name in facts}}
        if old is not None and not force and not old.get("clearing"):
            card = dict(old)
            if card["finished"] is None:
                card["sessions"] = [*card["sessions"], session]
                _write_card(path, card)
            return cls(path, card, lock, changes=_changes(card, facts), resumed=True)
        card = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "settings": settings, **facts,
                "start": session["start"], "finished": None, "sessions": [session]}
        leftovers = [path / name for name in CONTENTS if os.path.lexists(path / name)]
        if leftovers:
            _write_card(path, {**card, "clearing": True})  # a crash while removing leaves no old run
            for leftover in leftovers:
                if leftover.is_dir() and not leftover.is_symlink():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()
        _write_card(path, card)
        return cls(path, card, lock, changes=[], resumed=False)

    @property
    def finished(self) -> bool:
        """Whether the run was marked as finished."""
        return self.card["finished"] is not None

    def set_aside(self, code: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Move the groups that were begun with other functions from outside to `replaced/`, so that they begin anew;
        a run that was finished no longer is.

        Args:
          code: the functions' fingerprints by name, for each group by name.

        Returns:
          For each such group a line that names what has changed.
        """
        lines = []
        for name, functions in code.items():
            folder = self.path / GROUPS / name
            known = _read_code(folder)
            if not (folder / RESULTS).exists() or known == functions:
                continue
            if self.finished:  # first, so that a crash leaves no finished run without one of its groups
                self.card = {**self.card, "finished": None}
                _write_card(self.path, self.card)
            changed = ", ".join(sorted(hook for hook in known.keys() | functions.keys()
                                       if known.get(hook) != functions.get(hook)))
            count = 1
            while os.path.lexists(aside := self.path / REPLACED / f"{name}-{count}"):
                count += 1
            aside.parent.mkdir(exist_ok=True)
            folder.rename(aside)
            lines.append(f"{name}: trained again, {changed} has changed; what was there is in {aside}")
        return lines

    def mark_finished(self) -> None:
        """Record in the card that the run is complete, and when."""
        self.card = {**self.card, "finished": now()}
        _write_card(self.path, self.card)

    def record(self, name: str, facts: Mapping[str, object]) -> None:
        """Add facts that are known only now to those that the card has under `name`."""
        if facts:
            self.card = {**self.card, name: {**self.card.get(name, {}), **facts}}
            _write_card(self.path, self.card)

    def group(self, name: str) -> GroupFolder:
        """The folder of a group, created when first asked for. `name` must be usable as a folder name."""
        if name not in self._groups:
            if not name or name.startswith(".") or Path(name).name != name:
                raise ValueError(f"expected a name usable as a folder name, found '{name}'")
            folder = self.path / GROUPS / name
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"{folder}: cannot be created ({error.strerror})") from None
            self._groups[name] = GroupFolder(folder)
        return self._groups[name]

    def close(self) -> None:
        """Close all journals and release the lock."""
        try:
            for group in self._groups.values():
                group.close()
        finally:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_card(path: str | os.PathLike, *, older: bool = False) -> dict:
    """The card of the run folder `path`; with `older`, also one of an older schema version.

    Raises:
      UsageError: no such folder, no run folder, a damaged card, or one of another schema version.
    """
    path = Path(path)
    if not path.is_dir():
        raise UsageError(f"{path}: no such folder")
    try:
        card = json.loads((path / CARD).read_text())
        version, kinds = card["schema_version"], (type(card["settings"]), type(card["sessions"]))
        if card["format"] != FORMAT or kinds != (dict, list) or "finished" not in card:
            raise ValueError("fields")
    except FileNotFoundError:
        raise UsageError(f"{path}: not a divbench run folder (it has no {CARD})") from None
    except OSError as error:
        raise UsageError(f"{path / CARD}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path / CARD}: damaged, or not the card of a divbench run") from None
    readable = range(1, SCHEMA_VERSION + 1) if older else (SCHEMA_VERSION,)
    if version not in readable:
        raise UsageError(f"{path}: written with table schema {version}, this divbench has {SCHEMA_VERSION}")
    return card


def _read_code(group: Path) -> dict[str, str]:
    """The fingerprints that a group was begun with; empty where there are none, or they are damaged."""
    try:
        found = json.loads((group / CODE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _check(path: Path, settings: dict, facts: dict, force: bool) -> dict | None:
    """The card of the run in `path`, or None if the folder is free. Changes nothing."""
    if not os.path.lexists(path):
        parent = next(p for p in path.absolute().parents if os.path.lexists(p))
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            raise UsageError(f"{path}: cannot be created, '{parent.name or parent}' is not a writable folder")
        return None
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: not a writable folder")
    names = set(os.listdir(path))
    if names <= _BEFORE_CARD:
        return None
    if CARD not in names:
        raise UsageError(f"{path}: not empty and not a divbench run folder; choose another --out")
    try:
        card = read_card(path, older=True)
        # A finished run is only read, whatever its schema. Unfinished ones of an older schema have other keys too.
        finished = card["finished"] is not None and not card.get("clearing")
        other = None if force or finished else other_keys(path, card, facts)
        card = card if finished or other else read_card(path)
    except UsageError as error:
        if LOCK not in names:
            raise
        if force:
            return None
        raise UsageError(f"{error}; --force starts over") from None
    if other:
        raise UsageError(other)
    if not force:
        _compare(path, {**completed(card["settings"]), **_binding(card)}, {**completed(settings), **_binding(facts)})
    return card


def other_keys(path: str | os.PathLike, card: dict, facts: dict) -> str | None:
    """Why the run in `path` is not the one that `facts` would make: its random numbers follow another rule; or None.

    Args:
      path: the run folder.
      card: its card.
      facts: what `gather_card` says of this process; its `key_generation` counts.
    """
    was, is_now = key_generation(card), key_generation(facts)
    if was == is_now:
        return None
    return (f"{path}: holds {'imported results' if was is None else f'a run of key generation {was}'}, this divbench "
            f"has {is_now}: other random numbers; choose another --out, or --force to start over")


def _binding(facts: dict) -> dict:
    """Facts that bind like settings, under names of their own: `physics` in the settings may be `auto`."""
    return {f"{name} in use": facts.get(name) for name in BINDING}


def _compare(path: Path, old: dict, new: dict) -> None:
    differences = list(_differences(old, new))
    if differences:
        shown = "; ".join(f"{name} is {was} there and {asked} here" for name, was, asked in differences[:3])
        more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise UsageError(f"{path}: holds a run with other settings: {shown}{more}; choose another --out, or "
                         f"--force to start over")


def _differences(old: Any, new: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(k for k in old if k not in new)]:
            yield from _differences(old.get(key), new.get(key), f"{name}.{key}" if name else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and old and \
            all(isinstance(item, dict) for item in old + new):
        for place, (was, asked) in enumerate(zip(old, new, strict=True)):
            yield from _differences(was, asked, f"{name}[{place}]")
    elif json.dumps(old) != json.dumps(new):
        yield name, _short(old), _short(new)


def _short(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value):
        value = [item["name"] for item in value]
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _changes(card: dict, facts: dict) -> list[str]:
    pairs = _differences({name: card.get(name) for name in MAKING}, {name: facts.get(name) for name in MAKING})
    return [f"{name} was {was} and is {now_is}" for name, was, now_is in pairs]


def _lock(path: Path) -> int:
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UsageError(f"{path}: run folder cannot be created ({error.strerror})") from None
    _take(lock, path)
    return lock


def _take(lock: int, path: Path) -> None:
    """Take the lock, or close it and raise `UsageError`: another process has it, or nothing can be locked there."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise UsageError(f"{path}: another divbench process is writing to this folder") from None
    except OSError as error:
        os.close(lock)
        raise UsageError(f"{path}: cannot be locked ({error.strerror}); expected a file system with locks") from None


def _write_card(path: Path, card: dict) -> None:
    write_atomically(path / CARD, (json.dumps(card, indent=2) + "\n").encode())
