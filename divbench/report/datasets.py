"""`divbench dataset`: datasets opened, made and described, and lines that say how far it is where that takes long.

What a dataset is, and what is checked, is in `divbench.records.datasets`.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from divbench.records.datasets.request import MINARI, DatasetExportRequest, DatasetImportRequest, SubsetRequest

if TYPE_CHECKING:
    from divbench.records.datasets.dataset import Dataset

INTERVAL = 5.0  # seconds before the first line of progress, and between two


class Lines:
    """Progress as lines on standard error, none of them before `INTERVAL` has passed."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream, self.clock = stream or sys.stderr, clock
        self.last = clock()

    def __call__(self, doing: str, done: int, total: int) -> None:
        now = self.clock()
        if now - self.last >= INTERVAL:
            self.last = now
            with contextlib.suppress(OSError):  # a reader that has gone away
                print(f"{doing:<11}{done / total:.0%}", file=self.stream, flush=True)


def open_dataset(folder: str) -> Dataset:
    """Open a dataset; every file of it is verified.

    Raises:
      UsageError: no dataset, or a damaged one.
    """
    from divbench.records.datasets.dataset import open_dataset

    return open_dataset(folder, Lines())


def make_subset(request: SubsetRequest) -> Dataset:
    """Make part of a dataset; see `divbench.records.datasets.subset`.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    from divbench.records.datasets.dataset import open_dataset
    from divbench.records.datasets.subset import subset
    from divbench.records.dialects.outputs import refuse_existing

    refuse_existing(request.target)
    lines = Lines()
    return subset(open_dataset(request.folder, lines), request.fraction, request.seed, out=request.target,
                  unit=request.unit, advanced=lines)


def import_dataset(request: DatasetImportRequest) -> Dataset:
    """Make a dataset of one in another layout; see `divbench.records.datasets.exchange`.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    from divbench.records.datasets import exchange

    return exchange.import_dataset(request, Lines())


def export_dataset(request: DatasetExportRequest) -> Path:
    """Write a dataset in another layout; see `divbench.records.datasets.exchange`.

    Returns:
      The HDF5 file, or the folder of the Minari dataset.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    from divbench.records.datasets import exchange
    from divbench.records.dialects.outputs import refuse_existing

    refuse_existing(Path(request.out))
    return exchange.export_dataset(request, Lines())


def describe(dataset: Dataset) -> str:
    """What a dataset is, a line for each fact."""
    from divbench.records.datasets.info import describe

    return describe(dataset)


def describe_export(request: DatasetExportRequest, made: Path) -> str:
    """What an export made, in a line or two."""
    if request.to != MINARI:
        return f"exported  {made}"
    name = made.relative_to(request.out)
    return f"exported  {made}\nread by   MINARI_DATASETS_PATH={request.out}, minari.load_dataset(\"{name}\")"


def record(dataset: Dataset) -> dict:
    """The same facts for programs: the folder, its bytes on disk, and the card."""
    from divbench.records.datasets.info import size

    return {"folder": str(dataset.path), "bytes": size(dataset), "card": dataset.card}
