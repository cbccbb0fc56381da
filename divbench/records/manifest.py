"""The manifest of a checkpoint: which files belong to it, and the SHA-256 of each, its own included.

Two lines: a JSON object, and the SHA-256 of that line. Writing the files it names is `checkpoint`'s work.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from divbench.records.durable import write_atomically
from divbench.spec.errors import UsageError

MANIFEST = "manifest.json"


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What one checkpoint consists of. The default is that of a store without a checkpoint.

    Attributes:
      number: counts the checkpoints of a store from 1; names the state's folder.
      rows: replay rows of one lane over all segments.
      files: SHA-256 of each file of the state, by path relative to the store.
      segments: the same for the replay segments, in the order of their rows.
      arrays: [shape, dtype name] of each array of the state, by dotted path.
      keys: implementation of each array that is a PRNG key's data.
      meta: the caller's own dictionary.
    """

    number: int = 0
    rows: int = 0
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    segments: dict[str, str] = dataclasses.field(default_factory=dict)
    arrays: dict[str, list] = dataclasses.field(default_factory=dict)
    keys: dict[str, str] = dataclasses.field(default_factory=dict)
    meta: dict = dataclasses.field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Replace the manifest of `folder` atomically."""
        line = json.dumps(vars(self), default=_number).encode()
        write_atomically(folder / MANIFEST, line + b"\n" + _digest(line) + b"\n")

    @staticmethod
    def read(folder: Path) -> Manifest:
        """The manifest of `folder`.

        Raises:
          UsageError: it is not as it was written.
        """
        path = folder / MANIFEST
        try:
            line, digest, rest = path.read_bytes().split(b"\n")
            if digest != _digest(line) or rest:
                raise ValueError("digest")
            return Manifest(**json.loads(line))
        except OSError as error:
            reason = error.strerror
            raise UsageError(f"{path}: checkpoint cannot be read ({reason}); --force starts over") from None
        except (ValueError, TypeError):
            raise UsageError(f"{path}: checkpoint is damaged; --force starts over") from None

    def verify(self, folder: Path, *, with_segments: bool = True) -> None:
        """Compare every file with its SHA-256.

        Raises:
          UsageError: naming the first file that is missing or is not as it was written.
        """
        for name, expected in (self.files | self.segments if with_segments else self.files).items():
            path = folder / name
            try:
                found = file_digest(path)
            except OSError:
                raise UsageError(f"{path}: checkpoint file is missing; --force starts over") from None
            if found != expected:
                raise UsageError(f"{path}: checkpoint file is damaged (SHA-256 differs); --force starts over")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest().encode()


def _number(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"expected JSON values or numpy numbers, found {type(value).__name__}")
