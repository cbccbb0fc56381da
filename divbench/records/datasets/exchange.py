"""Import and export of datasets: which layout a path has, and who reads or writes it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from divbench.records.datasets.columns import Advanced, untold
from divbench.records.datasets.d4rl import export_d4rl, import_d4rl
from divbench.records.datasets.dataset import Dataset, open_dataset
from divbench.records.datasets.minari_layout import export_minari, find_local, import_minari
from divbench.records.datasets.request import D4RL, MINARI, DatasetExportRequest, DatasetImportRequest
from divbench.spec.errors import UsageError


def import_dataset(request: DatasetImportRequest, advanced: Advanced = untold) -> Dataset:
    """Make a dataset of one in another layout; without a layout in the request, a folder is Minari's, a file D4RL's.

    Args:
      request: what to read, and where to.
      advanced: called with the number of transitions read, then of those measured.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    if request.local is not None:
        return import_minari(dataclasses.replace(request, path=str(find_local(request.local))), advanced)
    path = Path(request.path)
    try:
        path.stat()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    layout = request.layout or (MINARI if path.is_dir() else D4RL)
    return {D4RL: import_d4rl, MINARI: import_minari}[layout](request, advanced)


def export_dataset(request: DatasetExportRequest, advanced: Advanced = untold) -> Path:
    """Write a dataset in another layout; its files are verified first.

    Args:
      request: what to write, and where to.
      advanced: called with the number of bytes verified, then of transitions written.

    Returns:
      The HDF5 file, or the folder of the Minari dataset.

    Raises:
      UsageError: no dataset, a damaged one, or one that the layout cannot hold; a place that is taken.
    """
    dataset = open_dataset(request.folder, advanced)
    return {D4RL: export_d4rl, MINARI: export_minari}[request.to](dataset, request, advanced)
