"""Numbers and lists as people write them: `500k`, `1/2`, `ofn,reset`; sizes and tables of plain text; values as JSON.

What a flag means, and which flags there are, is said in `divbench.cli.options`.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from divbench.spec.errors import UsageError

LARGEST_COUNT = 2**31 - 1  # counters are 32-bit integers on the device
_SUFFIX = {"": 1, "k": 1_000, "m": 1_000_000}
_COUNT = re.compile(r"(?P<number>[+-]?[0-9][0-9_]{0,29}(\.[0-9]{1,30})?)(?P<suffix>[kKmM]?)")
_PERCENT = re.compile(r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?)%")
_FRACTION = re.compile(r"[0-9]{1,9}(/[0-9]{1,9}|\.[0-9]{1,9})?")
_UTD = re.compile(r"[+-]?[0-9]{1,9}(/[0-9]{1,9}|\.[0-9]{1,9})?")


def parse_count(text: str | int, what: str, minimum: int = 0) -> int:
    """A whole number, with `k` and `M` for thousands and millions: `500k`, `2.56M`, `10_000`.

    Raises:
      UsageError: not a whole number, below `minimum`, or above `LARGEST_COUNT`.
    """
    written = str(text).strip()
    match = None if isinstance(text, bool) or not isinstance(text, int | str) else _COUNT.fullmatch(written)
    if match is None:
        raise UsageError(f"{what}: expected a whole number such as 500 or 10k, found '{text}'")
    number = Fraction(match["number"].replace("_", "")) * _SUFFIX[match["suffix"].lower()]
    if number.denominator != 1:
        raise UsageError(f"{what}: expected a whole number, found '{text}'")
    if number < minimum:
        raise UsageError(f"{what}: expected at least {minimum}, found '{text}'")
    if number > LARGEST_COUNT:
        raise UsageError(f"{what}: expected at most {LARGEST_COUNT:,}, found '{text}'")
    return int(number)


def parse_utd(text: str | int | float | Fraction, what: str = "--utd") -> Fraction:
    """An update-to-data ratio: a positive integer, or 1/k with k a positive integer (`1/2`, `0.25`).

    Raises:
      UsageError: anything else.
    """
    written = str(text).strip()
    try:
        if isinstance(text, bool) or not _UTD.fullmatch(written):
            raise ValueError(text)
        ratio = Fraction(written)
    except (ValueError, ZeroDivisionError):
        ratio = Fraction(0)
    if ratio <= 0 or (ratio.denominator != 1 and ratio.numerator != 1):
        raise UsageError(f"{what}: expected a positive whole number or a fraction 1/k, found '{text}'")
    return ratio


def parse_fraction(text: str, what: str = "--fraction") -> Fraction:
    """A share above 0 and at most 1: `10%`, `0.1`, `1/10`.

    Raises:
      UsageError: anything else.
    """
    written = str(text).strip()
    percentage = _PERCENT.fullmatch(written)
    try:
        if percentage:
            share = Fraction(percentage["number"]) / 100
        else:
            share = Fraction(written) if _FRACTION.fullmatch(written) else Fraction(0)
    except ZeroDivisionError:
        share = Fraction(0)
    if not 0 < share <= 1:
        raise UsageError(f"{what}: expected a share above 0 and at most 1, such as 10%, 0.1 or 1/10, found '{text}'")
    return share


def parse_rate(text: str, what: str) -> float:
    """A positive number, with `k` for thousands: `470`, `1.5k`.

    Raises:
      UsageError: anything else.
    """
    match = _COUNT.fullmatch(text.strip())
    rate = float(match["number"].replace("_", "")) * _SUFFIX[match["suffix"].lower()] if match else 0.0
    if not 0.0 < rate < float("inf"):
        raise UsageError(f"{what}: expected a positive number such as 450, found '{text}'")
    return rate


def split_names(text: str, what: str) -> tuple[str, ...]:
    """The names of a comma-separated list, in order.

    Raises:
      UsageError: an empty list, an empty entry, or a name given twice.
    """
    names = tuple(name.strip() for name in split_outside(text, ","))
    if not all(names):
        raise UsageError(f"{what}: expected names separated by commas, found '{text}'")
    refuse_repeats(names, what)
    return names


def split_outside(text: str, separator: str) -> list[str]:
    """The parts of a text between separators, but for those inside of parentheses: `a,b(c=1,d=2)` has two."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == separator and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def split_widths(entry: object) -> list:
    """`256x256`, as tables write widths, as its numbers; anything else as one entry."""
    return entry.strip().split("x") if isinstance(entry, str) else [entry]


def refuse_repeats(names: Sequence[object], what: str) -> None:
    """Raises a `UsageError` for the first of `names` that stands there twice."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UsageError(f"{what}: '{name}' is named twice; name each once")


def format_span(numbers: Sequence[int]) -> str:
    """`1,000`, or `1,000 to 2,500` from the least to the greatest of several."""
    return " to ".join(dict.fromkeys(f"{number:,}" for number in (min(numbers), max(numbers))))


def format_count(number: int) -> str:
    """The shortest spelling that `parse_count` reads back: `100k`, `2560k`, `5M`, `1234`."""
    for suffix, factor in (("M", 1_000_000), ("k", 1_000)):
        if number and number % factor == 0:
            return f"{number // factor}{suffix}"
    return str(number)


def share_name(fraction: Fraction) -> str:
    """The fraction as it stands in names: `10pct`, `0.5pct`, and `1of3` for one that no short decimal spells."""
    number = f"{float(100 * fraction):.6f}".rstrip("0").rstrip(".")
    return f"{number}pct" if Fraction(number) == 100 * fraction else f"{fraction.numerator}of{fraction.denominator}"


def format_size(size: float) -> str:
    """Bytes with a binary unit: `512 B`, `48.0 MiB`, `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def line_width() -> int:
    """Columns of a line of output: the variable COLUMNS, else the terminal's, else 100, as in a pipe."""
    return shutil.get_terminal_size((100, 24)).columns


def wrapped(text: str, width: int, hang: int = 2) -> str:
    """Text broken at blanks into lines of `width`, all but the first indented by `hang`; words stay whole."""
    return textwrap.fill(text, width, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False)


def format_table(header: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = (),
                 width: int | None = None) -> str:
    """A table of plain text, columns two blanks apart; columns named in `right` are aligned to the right.

    Args:
      width: of a line. Where a table is wider, the other columns, but for the first, are folded as far as words allow.
    """
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    if width is not None:
        _narrow(widths, cells, [i for i, name in enumerate(header) if i and name not in right], width)
    lines = []
    for row in cells:
        folded = [[cell] if len(cell) <= room else wrapped(cell, room, 0).split("\n")
                  for cell, room in zip(row, widths, strict=True)]
        for parts in itertools.zip_longest(*folded, fillvalue=""):
            line = [part.rjust(room) if name in right else part.ljust(room)
                    for part, room, name in zip(parts, widths, header, strict=True)]
            lines.append("  ".join(line).rstrip())
    return "\n".join(lines)


def _narrow(widths: list[int], cells: Sequence[Sequence[str]], columns: Sequence[int], width: int) -> None:
    """Take from the widest of some columns until a line has `width`, or each is as narrow as its longest word."""
    least = {column: max(len(word) for row in cells for word in row[column].split() or [""]) for column in columns}
    while sum(widths) + 2 * (len(widths) - 1) > width and (wide := [c for c in columns if widths[c] > least[c]]):
        widths[max(wide, key=widths.__getitem__)] -= 1


def to_json(record: Mapping) -> str:
    """One JSON object on one line; see `to_plain`."""
    return json.dumps(to_plain(record), allow_nan=False)


def to_plain(value: Any) -> Any:
    """JSON values: records and mappings as objects, sequences as arrays, NumPy's numbers as Python's, numbers that are
    not finite as null, anything else as text."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(entry) for entry in value]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
