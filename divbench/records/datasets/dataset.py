"""A dataset that is open for reading: its card, and its columns as memory-mapped arrays.

Opening reads every file once, a block at a time, and compares its SHA-256; the arrays themselves are read when used.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.records.datasets.card import read_card
from divbench.records.datasets.columns import (
    COLUMNS,
    HEADER_SIZE,
    Advanced,
    DatasetColumn,
    block_rows,
    row_size,
    untold,
)
from divbench.records.manifest import file_digest
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    import numpy


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A dataset whose files were found as they were written. Make one with `open_dataset`.

    Attributes:
      path: its folder.
      card: see `divbench.records.datasets.card`.
    """

    path: Path
    card: dict

    def __len__(self) -> int:
        return self.card["counts"]["transitions"]

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers in an `observation` and in an `action`."""
        return self.card["sizes"]

    @property
    def checksum(self) -> str:
        """SHA-256 of all columns: equal for equal data, independent of the versions that wrote it."""
        return self.card["checksum"]

    @property
    def whole_episodes(self) -> bool:
        """Whether the transitions of each episode follow each other without gaps."""
        return self.card["whole_episodes"]

    def transitions(self) -> dict[str, numpy.ndarray]:
        """All transitions, as read-only arrays that are mapped from the files.

        Returns:
          `obs` [N, O], `action` [N, A], `reward` [N] and `next_obs` [N, O], float32; `terminal` and `truncated` [N],
          bool; `episode` [N], int64, never falling. `next_obs` is the observation before any reset. Indexing with a
          slice reads nothing; indexing with an array copies what it names.
        """
        import numpy as np

        return {name: np.memmap(self.path / column.file, column.kind, "r", HEADER_SIZE,
                                column.shape(len(self), self.sizes)) for name, column in COLUMNS.items()}

    def blocks(self) -> Iterator[dict[str, numpy.ndarray]]:
        """The transitions in their order, in blocks of about 16 MiB that are held in memory one at a time."""
        import numpy as np

        rows = block_rows(self.sizes)
        for first in range(0, len(self), rows):
            # Mapped anew for each block: pages of a mapping that is gone no longer count as memory in use.
            arrays = self.transitions()
            yield {name: np.array(array[first:first + rows]) for name, array in arrays.items()}


def open_dataset(path: str | os.PathLike, advanced: Advanced = untold) -> Dataset:
    """Open a dataset for reading.

    Args:
      path: its folder.
      advanced: called with the number of bytes verified.

    Raises:
      UsageError: no dataset, or one whose card or files are missing or not as they were written; in one line.
    """
    path = Path(path)
    dataset = Dataset(path, read_card(path))
    verified = 0
    for column in COLUMNS.values():
        _check_file(path / column.file, column, dataset)
        verified += len(dataset) * column.row_size(dataset.sizes)
        advanced("verifying", verified, len(dataset) * row_size(dataset.sizes))
    return dataset


def _check_file(path: Path, column: DatasetColumn, dataset: Dataset) -> None:
    rows, sizes = len(dataset), dataset.sizes
    expected = HEADER_SIZE + rows * column.row_size(sizes)
    try:
        found = path.stat().st_size
        if found != expected:
            raise UsageError(f"{path}: damaged ({found:,} bytes, expected {expected:,})")
        with open(path, "rb") as file:
            header = file.read(HEADER_SIZE)
        if header != column.header(rows, sizes):
            raise UsageError(f"{path}: damaged (not the header of {column.kind}"
                             f"{list(column.shape(rows, sizes))})")
        if file_digest(path) != dataset.card["files"][column.file]:
            raise UsageError(f"{path}: damaged (SHA-256 differs)")
    except FileNotFoundError:
        raise UsageError(f"{path}: missing; the dataset is not complete") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
