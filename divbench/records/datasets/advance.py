"""How far reading or writing a dataset is, told to whoever asked; how it is shown is for `divbench.report.datasets`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

Advanced = Callable[[str, int, int], None]  # (what is being done, how much of it is done, of how much in all)
Block = Mapping[str, object]  # columns of consecutive transitions


def untold(doing: str, done: int, total: int) -> None:
    """For those who do not want to know."""


def counted(blocks: Iterable[Block], doing: str, total: int, advanced: Advanced) -> Iterator[Block]:
    """The same blocks. When one has been dealt with, `advanced` hears how many of `total` transitions that makes."""
    done = 0
    for block in blocks:
        yield block
        done += len(block["reward"])
        advanced(doing, done, total)
