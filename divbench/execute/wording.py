"""Short words for people who watch a run: durations, figures, counts, errors in one line.

Numbers and tables as flags and plans spell them are in `divbench.spec.text`.
"""

from __future__ import annotations

import contextlib
from typing import TextIO


def write_line(stream: TextIO, text: str) -> None:
    """Print a line; a reader that has gone away (`divbench run | head`), or a full disk, does not end a run."""
    with contextlib.suppress(OSError):
        print(text, file=stream, flush=True)


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `3:04:05`: minutes and seconds, hours where there are any."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float) -> str:
    """Three or four digits, in powers of ten from 100,000 on: `18.3`, `314`, `2.7e+07`, `nan`."""
    return f"{value:.1e}" if abs(value) >= 1e5 else f"{value:.4g}"


def plural(count: int, noun: str) -> str:
    """`1 lane`, `3 lanes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def one_line(error: BaseException) -> str:
    """An exception's kind and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
