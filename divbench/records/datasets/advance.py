"""Reports how far reading or writing a dataset is, by a callback; `divbench.report.datasets` shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

Advanced = Callable[[str, int, int], None]  # (what is being done, how much of it is done, of how much in all)
Block = Mapping[str, "numpy.ndarray"]  # columns of consecutive transitions


def untold(doing: str, done: int, total: int) -> None:
    """For those who do not want to know."""


def counted(blocks: Iterable[Block], doing: str, total: int, advanced: Advanced) -> Iterator[Block]:
    """The same blocks. After each, `advanced` is called with the transitions done so far and `total`."""
    done = 0
    for block in blocks:
        yield block
        done += len(block["reward"])
        advanced(doing, done, total)
