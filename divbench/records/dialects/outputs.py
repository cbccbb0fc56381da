"""New files and folders that are there whole or not at all, and never take the place of something else."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from divbench.records.durable import hidden_beside, sync
from divbench.spec.errors import UsageError


def refuse_existing(path: Path, flag: str = "--out") -> None:
    """Refuses a place that is taken: a file, a link, or a folder with something in it; and one without a name."""
    if path.name in ("", ".."):
        raise UsageError(f"{flag}: expected the name of something new, found '{path}'")
    try:
        if os.path.lexists(path) and not (path.is_dir() and not path.is_symlink() and not any(path.iterdir())):
            raise UsageError(f"{flag}: '{path}' is there already and is not overwritten; choose another {flag}")
    except OSError as error:
        raise UsageError(f"{flag}: '{path}' cannot be used ({error.strerror})") from None


@contextlib.contextmanager
def parents_of(path: Path) -> Iterator[None]:
    """Make the folders that `path` will lie in. Those of them that are empty when the block is left go again."""
    missing = [folder for folder in path.absolute().parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with contextlib.suppress(OSError):  # the first that holds something ends it
            for folder in missing:
                folder.rmdir()


def write_folder(path: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Make a folder with these files, given by their names below it.

    They are written to a temporary folder beside it, which then takes its name.

    Returns:
      The files, in the order given.

    Raises:
      UsageError: the place is taken or cannot be written. Nothing is left behind.
    """
    refuse_existing(path)
    temporary = hidden_beside(path)
    names = []
    try:
        with parents_of(path):
            temporary.mkdir()
            try:
                for name, content in files:
                    (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                    _write_new(temporary / name, content)
                    names.append(name)
                os.rename(temporary, path)  # onto a folder with something in it this fails
                sync(path.parent)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
    except OSError as error:
        raise UsageError(f"--out: '{path}' cannot be made ({error.strerror})") from None
    return [path / name for name in names]


def write_file(path: Path, content: bytes) -> list[Path]:
    """Make a new file with this content.

    Returns:
      The file, as a list of one.

    Raises:
      UsageError: the place is taken or cannot be written. Nothing is left behind.
    """
    if path.is_dir():
        raise UsageError(f"--out: expected a new file, found that '{path}' is a folder")
    refuse_existing(path)
    temporary = hidden_beside(path)
    try:
        with parents_of(path):
            try:
                _write_new(temporary, content)
                os.link(temporary, path)  # unlike a rename, never onto something that has come since
            finally:
                temporary.unlink(missing_ok=True)
            sync(path.parent)
    except OSError as error:
        raise UsageError(f"--out: '{path}' cannot be made ({error.strerror})") from None
    return [path]


def _write_new(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
