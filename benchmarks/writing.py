"""What a benchmark leaves in a folder: its numbers as `measured.csv`, and its page as `README.md`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path


def write(folder: Path, columns: Sequence[str], rows: list[dict], page: str) -> None:
    """Write both files; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "measured.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    (folder / "README.md").write_text(page)
