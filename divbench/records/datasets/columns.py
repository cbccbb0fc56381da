"""The columns of a dataset: names, types, widths, the NumPy file that holds one, and how far reading or writing
them is.

A file is of NumPy's format 1.0, and `numpy.lib.format` writes its header of `HEADER_SIZE` bytes: equal rows are equal
bytes. Which columns a folder has, and their digests, is said in `card`.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from divbench.records.datasets.request import LARGEST_DATASET, LARGEST_TRANSITIONS
from divbench.spec.errors import UsageError
from divbench.spec.text import format_size

if TYPE_CHECKING:
    import numpy

HEADER_SIZE = 128  # bytes, what NumPy itself writes for arrays like these
BLOCK_SIZE = 16 * 1024**2  # bytes of rows that are held at a time
LARGEST_WIDTH = 10_000  # numbers in an observation or action


@dataclasses.dataclass(frozen=True)
class DatasetColumn:
    """One array of a dataset.

    Attributes:
      name: key in `Dataset.transitions()`; the file is `<name>.npy`.
      kind: NumPy's name of the type, little-endian.
      size: of a row: `observation`, `action`, or empty for a single number.
    """

    name: str
    kind: str
    size: str = ""

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.npy"

    def shape(self, rows: int, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """`[rows]`, or `[rows, width]`."""
        return (rows, sizes[self.size]) if self.size else (rows,)

    def header(self, rows: int, sizes: Mapping[str, int]) -> bytes:
        """The first `HEADER_SIZE` bytes of its file."""
        from numpy.lib import format as npy

        header = io.BytesIO()
        described = {"descr": self.kind, "fortran_order": False, "shape": self.shape(rows, sizes)}
        npy.write_array_header_1_0(header, described)
        return header.getvalue()

    def row_size(self, sizes: Mapping[str, int]) -> int:
        """Bytes of a row."""
        return int(self.kind[2:]) * (sizes[self.size] if self.size else 1)


COLUMNS: dict[str, DatasetColumn] = {
    column.name: column
    for column in (
        DatasetColumn("obs", "<f4", "observation"),
        DatasetColumn("action", "<f4", "action"),
        DatasetColumn("reward", "<f4"),
        DatasetColumn("next_obs", "<f4", "observation"),  # before any reset
        DatasetColumn("terminal", "|b1"),  # the task ended; the future is worth nothing
        DatasetColumn("truncated", "|b1"),  # a time limit cut the episode; the future counts
        DatasetColumn("episode", "<i8"),
    )
}


def row_size(sizes: Mapping[str, int]) -> int:
    """Bytes of a transition over all columns."""
    return sum(column.row_size(sizes) for column in COLUMNS.values())


def block_rows(sizes: Mapping[str, int]) -> int:
    """Transitions in a block of about `BLOCK_SIZE` bytes, at least one."""
    return max(1, BLOCK_SIZE // row_size(sizes))


def check_sizes(sizes: Mapping[str, int], what: str) -> None:
    """Refuses an observation or action without numbers, or with more than `LARGEST_WIDTH`."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST_WIDTH:
            raise UsageError(f"{what}: expected 1 to {LARGEST_WIDTH:,} numbers in an {name}, found {size}")


def check_extent(rows: int, sizes: Mapping[str, int], what: str) -> None:
    """Refuses more transitions, or more bytes, than a dataset may have; before anything of that size is made."""
    if rows > LARGEST_TRANSITIONS:
        raise UsageError(f"{what}: {rows:,} transitions are too many; at most {LARGEST_TRANSITIONS:,}")
    if rows * row_size(sizes) > LARGEST_DATASET:
        raise UsageError(f"{what}: {rows:,} transitions are {format_size(rows * row_size(sizes))}; a dataset holds at "
                         f"most {format_size(LARGEST_DATASET)}")


def as_column(column: DatasetColumn, values: Any, rows: int | None, sizes: Mapping[str, int], first: int,
              what: str, called: str | None = None) -> numpy.ndarray:
    """`values` as rows of a column, checked.

    Args:
      values: an array or nested list of numbers; flags may be 0 and 1; single numbers may stand in a second axis of
        size 1.
      rows: how many rows there must be; None takes any number.
      first: number of the first row, for messages.
      what: whose values they are, for messages.
      called: what messages call the column, if not by its name.

    Returns:
      `[rows]` or `[rows, width]`, of the column's type.

    Raises:
      UsageError: another shape, no numbers, a number that is not finite as the column's type, a flag that is neither
        0 nor 1.
    """
    import numpy as np

    called = called or column.name
    try:
        array = np.asarray(values)
    except ValueError:
        raise UsageError(f"{what}: '{called}' has rows of different lengths") from None
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{what}: '{called}' holds {array.dtype}, expected numbers")
    if not column.size and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    expected = column.shape(len(array) if rows is None and array.ndim else rows or 0, sizes)
    if array.shape != expected:
        raise UsageError(f"{what}: '{called}' has shape {_shown(array.shape)}, expected {_shown(expected)}")
    if not len(array):
        return array.astype(column.kind)
    if column.kind == "|b1":
        wrong = np.flatnonzero((array != 0) & (array != 1))
        if len(wrong):
            raise UsageError(f"{what}: '{called}' is {array[wrong[0]]} in transition {first + wrong[0]:,}, "
                             f"expected 0 or 1")
        return array.astype(bool)
    if column.kind == "<i8":
        if array.dtype.kind not in "iu":
            raise UsageError(f"{what}: '{called}' holds {array.dtype}, expected whole numbers")
        return array.astype(np.int64)
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, column.kind)
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise UsageError(f"{what}: '{called}' is not finite in transition {first + row:,}")
    return array


def _shown(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


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
