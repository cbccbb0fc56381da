"""Exit codes, and the check of a place that a command will write to."""

from __future__ import annotations

import os
from pathlib import Path

from divbench.spec.errors import UsageError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 128


def refuse_unwritable(folder: str) -> None:
    """Refuse a place where no run folder can be made, before anything is loaded or created."""
    place = Path(folder).absolute()
    try:
        existing = next(p for p in (place, *place.parents) if p.exists())
        usable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    except OSError as error:
        raise UsageError(f"--out: cannot write to '{folder}': {error.strerror}") from None
    if not usable:
        what = "is not writable" if existing.is_dir() else "is a file"
        raise UsageError(f"--out: expected a folder that can be written, found that '{existing}' {what}")
