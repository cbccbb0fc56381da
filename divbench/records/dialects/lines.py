"""A file from elsewhere, line by line: never held as a whole, hashed as it is read, refused where it is no text.

Does not live here: what a line means.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from divbench.spec.errors import UsageError
from divbench.spec.text import format_size

ROW_LIMIT = 1_000_000  # rows of one import, all files together
LARGEST_FILE = 256 * 1024**2  # bytes; 268 for each row of a full import, three times what the dialects need
LARGEST_JSON = 64 * 1024**2  # bytes; JSON has to be held as a whole
LONGEST_LINE = 65_536  # bytes


class LeftOut(UsageError):
    """A file of the dialect that holds nothing of what was asked for: another metric, or runs without evaluations.

    Beside other files it is left out and named; alone, or with `--strict`, it is refused.

    Attributes:
      note: the file without its folders, and the reason: what a card may hold.
    """

    def __init__(self, message: str, note: str) -> None:
        super().__init__(message)
        self.note = note


@dataclasses.dataclass
class SourceFile:
    """A file to be read once.

    Attributes:
      path: the file.
      digest: SHA-256 of what has been read so far; of the whole file once `lines` or `content` is exhausted.
      rows: results found in it, counted by who reads.
      repeat: the action repeat that the file itself states, or None.
    """

    path: Path
    digest: hashlib._Hash = dataclasses.field(default_factory=hashlib.sha256)
    rows: int = 0
    repeat: int | None = None

    @property
    def name(self) -> str:
        """The file's name without folders, for messages and cards."""
        return self.path.name

    @property
    def label(self) -> str:
        """The file with the folder that holds it, which in some dialects is its method: `sac/push.csv`."""
        return f"{self.path.absolute().parent.name}/{self.name}"

    def refuse(self, reason: str, line: int | None = None) -> UsageError:
        """The error to be raised: the file as it was given, the line if there is one, and the reason."""
        place = f"{self.path}, line {line}" if line else f"{self.path}"
        return UsageError(f"{place}: {reason}")

    def leave_out(self, reason: str) -> LeftOut:
        """`refuse` for a file that other files can do without."""
        return LeftOut(str(self.refuse(reason)), f"{self.label}: {reason}")

    def check_size(self, largest: int = LARGEST_FILE) -> None:
        """Refuses what is no file, or larger than is ever read, before anything is read."""
        try:
            if not self.path.is_file():
                raise self.refuse("expected a file")
            size = self.path.stat().st_size
        except OSError as error:
            raise self.refuse(f"cannot be read ({error.strerror})") from None
        if size > largest:
            raise self.refuse(f"{format_size(size)} are too much; at most {format_size(largest)} and {ROW_LIMIT:,} "
                              f"rows are read")

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines with their numbers from 1, without ends of line; empty ones are left out.

        Raises:
          UsageError: too large a file, a line that is too long, bytes that are no UTF-8 text.
        """
        self.check_size()
        try:
            with open(self.path, "rb") as file:
                yield from self.lines_of(file)
        except OSError as error:
            raise self.refuse(f"cannot be read ({error.strerror})") from None

    def lines_of(self, stream: BinaryIO) -> Iterator[tuple[int, str]]:
        """`lines` of an open stream, of which one line is held at a time."""
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            self.digest.update(line)
            if len(line) > LONGEST_LINE:
                raise self.refuse(f"longer than {LONGEST_LINE:,} bytes; this is no table of results", number)
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise self.refuse("expected UTF-8 text, found other bytes", number) from None
            if "\0" in text:
                raise self.refuse("expected text, found a zero byte", number)
            if text.strip():
                yield number, text

    def content(self) -> str:
        """The whole text of a file of at most `LARGEST_JSON` bytes.

        Raises:
          UsageError: a larger file, or one that is no UTF-8 text.
        """
        self.check_size(LARGEST_JSON)
        try:
            found = self.path.read_bytes()
            self.digest.update(found)
            return found.decode("utf-8-sig")
        except OSError as error:
            raise self.refuse(f"cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise self.refuse("expected UTF-8 text, found other bytes") from None
