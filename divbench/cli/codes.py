"""Exit codes, the check of a place that a command will write to, and outputs that nobody reads any more."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from divbench.spec.errors import UsageError

OK, FAILED, USAGE, BROKEN, INTERRUPTED = 0, 1, 2, 70, 128


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


def refuse_measured(folder: Path, table: str, force: bool) -> None:
    """Refuse a folder that holds a whole measurement, whose table is written last, unless it may be replaced."""
    if (folder / table).exists() and not force:
        raise UsageError(f"--out: '{folder}' holds a measurement already; choose another, or --force replaces it")


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Around what prints: where the reader of a pipe has seen enough, the rest of it goes nowhere, and that is all.

    A command whose exit code says something wraps its printing, so that the code stands whoever reads.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()  # not at the interpreter's end, where nobody would catch what it raises
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit:  # rich ends so, after it has done the same
        pass
