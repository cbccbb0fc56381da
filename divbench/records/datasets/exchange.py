"""Import and export of datasets: which layout a path has, and who reads or writes it."""

from __future__ import annotations

from pathlib import Path

from divbench.records.datasets.d4rl import export_d4rl, import_d4rl
from divbench.records.datasets.dataset import Dataset, open_dataset
from divbench.records.datasets.minari_layout import export_minari, import_minari
from divbench.spec.datasets import D4RL, MINARI, ExportRequest, ImportRequest
from divbench.spec.errors import UsageError


def import_dataset(request: ImportRequest) -> Dataset:
    """Make a dataset of one in another layout; without a layout in the request, a folder is Minari's, a file D4RL's.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    path = Path(request.path)
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    layout = request.layout or (MINARI if path.is_dir() else D4RL)
    return {D4RL: import_d4rl, MINARI: import_minari}[layout](request)


def export_dataset(request: ExportRequest) -> Path:
    """Write a dataset in another layout; its files are verified first.

    Returns:
      The HDF5 file, or the folder of the Minari dataset.

    Raises:
      UsageError: no dataset, a damaged one, or one that the layout cannot hold; a place that is taken.
    """
    dataset = open_dataset(request.folder)
    return {D4RL: export_d4rl, MINARI: export_minari}[request.to](dataset, request)
