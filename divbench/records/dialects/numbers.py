"""Numbers as result files hold them: seeds and steps that may be written `100000.0`, returns that may be `nan`.

A return that is not finite is kept. In a study of divergence it is evidence: a lane that ended so would otherwise
vanish, and the mean over the others rise. The report counts such lanes and leaves them out of means in sight. A step or
a seed that is no whole number is refused: it says where a row belongs.
"""

from __future__ import annotations

import math

LARGEST_STEP = 2**53  # beyond it a step that was written as a float is not exact


def read_whole(text: str, what: str) -> int:
    """A whole number from 0, `100000`, `100000.0` or `1e5`.

    Raises:
      ValueError: in one line; anything else.
    """
    if text.isascii() and text.isdigit() and len(text) <= 16:
        number = int(text)
    else:
        found = _float(text)
        number = int(found) if found is not None and math.isfinite(found) and found == int(found) else -1
    if not 0 <= number <= LARGEST_STEP:
        raise ValueError(f"expected {what} as a whole number from 0, found {_shown(text)}")
    return number


def read_number(text: str, what: str) -> float:
    """A number; `nan`, `inf` and an empty cell, which is how pandas writes NaN, are numbers too.

    Raises:
      ValueError: in one line; anything else.
    """
    found = math.nan if not text.strip() else _float(text)
    if found is None:
        raise ValueError(f"expected {what} as a number, found {_shown(text)}")
    return found


def write_number(number: float) -> str:
    """The shortest text that reads back as the same number: `4.3`, `nan`, `inf`."""
    return repr(float(number))


def _float(text: str) -> float | None:
    try:
        return float(text) if "_" not in text and text.isascii() else None
    except ValueError:
        return None


def _shown(text: str) -> str:
    return f"'{text[:40]}'" if text[:40].isprintable() else ascii(text[:40])
