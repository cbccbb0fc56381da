"""Fewer points, the same picture: what a long curve can lose, and numbers as short text.

Works on arrays alone; which curves there are is said in `lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

FORMAT = "%.4g"  # significant digits of a number in a page
SPARED = 1.6  # a curve this many times too long stays whole: to tell which points were kept would take as much room


def thin(values: numpy.ndarray, limit: int, bound: numpy.ndarray | None = None) -> list[numpy.ndarray]:
    """For each column the indices of the points to keep, about `limit` of them.

    Kept are the first and the last point, the least and the greatest finite value of equal stretches (so no peak is
    lost), both sides of every change between finite and not, up to a twentieth of `limit`, and the first finite value
    above the bound with the point before it. A curve of up to `SPARED * limit` points keeps every one.

    Args:
      values: `[points, columns]`.
      limit: points to keep in a column, at least 8.
      bound: `[points]`, what a value crosses; None where there is none.

    Returns:
      One ascending array of indices for each column.
    """
    import numpy as np

    points, columns = values.shape
    if points <= SPARED * limit:
        return [np.arange(points)] * columns
    stretches = max(1, (limit - 6) // 2)
    width = -(-points // stretches)
    padded = np.full((stretches * width, columns), np.nan)
    padded[:points] = np.where(np.isfinite(values), values, np.nan)
    folded = padded.reshape(stretches, width, columns)
    offset = (np.arange(stretches) * width)[:, None]
    least = np.argmin(np.where(np.isnan(folded), np.inf, folded), axis=1) + offset
    greatest = np.argmax(np.where(np.isnan(folded), -np.inf, folded), axis=1) + offset
    finite = np.isfinite(values)
    beyond = finite & (values > bound[:, None]) if bound is not None else np.zeros_like(finite)
    kept = []
    for column in range(columns):
        changes = np.flatnonzero(np.diff(finite[:, column]))[:max(2, limit // 20)]
        first = np.flatnonzero(beyond[:, column])[:1]
        chosen = np.concatenate([[0, points - 1], least[:, column], greatest[:, column], changes, changes + 1,
                                 first, np.maximum(first - 1, 0)])
        kept.append(np.unique(chosen[chosen < points]).astype(int))
    return kept


def number_text(values: numpy.ndarray) -> str:
    """Numbers with commas between them, four significant digits each; what is not finite is empty.

    The digits are such that `divbench.report.layout.number` says the same of them as of the numbers themselves.
    """
    text = _digits(_safe(values, _digits(values)))
    for long, short in (("nan", ""), ("-inf", ""), ("inf", ""), ("e+0", "e"), ("e-0", "e-"), ("e+", "e")):
        text = text.replace(long, short)
    return text


def _digits(values: numpy.ndarray) -> str:
    return ((FORMAT + ",") * len(values) % tuple(values.tolist()))[:-1]


def _safe(values: numpy.ndarray, text: str) -> numpy.ndarray:
    """The values, but one that four digits would take up to a 5 at the end, which is then rounded up once more: it is
    1 less there; and one that is shown with four digits is rounded to them as `layout.number` does it, halves up."""
    import numpy as np

    if not len(values):
        return values
    size, told = np.abs(values), np.abs(np.asarray(text.split(","), np.float64))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        unit = 10.0 ** (np.floor(np.log10(told)) - 3.0)
        raised = (told > size) & (np.rint(told / unit) % 10.0 == 5.0) & (unit != 1.0)
        safe = np.where(raised, told - unit, np.where(unit == 1.0, np.floor(size + 0.5), size))
    return np.where(np.isfinite(values), np.copysign(safe, values), values)


def line_text(values: numpy.ndarray, kept: numpy.ndarray, gaps: numpy.ndarray) -> str:
    """A curve as text: its numbers, or `indices;numbers` where it does not have one at every point.

    Args:
      values: `[points]`.
      kept: indices of the points to tell of.
      gaps: `[points]` booleans: a non-finite number there is written as a gap. Elsewhere it was not measured, and
        is left out, so that the line passes over it.
    """
    import numpy as np

    told = kept[np.isfinite(values[kept]) | gaps[kept]]
    if not np.isfinite(values[told]).any():
        return ""
    numbers = number_text(values[told])
    if len(told) == len(values):
        return numbers
    return ",".join(map(str, told.tolist())) + ";" + numbers
