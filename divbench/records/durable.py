"""Files that are there whole or not at all: write under a temporary name, fsync, rename, fsync the folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

TEMPORARY = ".tmp"  # ending of a file that is still being written


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; after a crash the file holds all of the old or all of the new bytes."""
    temporary = path.with_name(path.name + TEMPORARY)
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync(path.parent)


def hidden_beside(path: Path) -> Path:
    """A name beside `path` for what will take its name when it is whole. Drawn at random, so that what a killed process
    left behind is never in the way of the same command."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY}")


def sync(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
