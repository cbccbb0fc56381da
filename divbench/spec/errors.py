"""The one error of a wrong request, and the hint that names the nearest valid choice.

Everything a user can get wrong before training starts ends here: the command line turns a `UsageError`
into one line and exit code 2.
"""

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class UsageError(ValueError):
    """A request that cannot be carried out, in one line: what was found, what was expected, what is
    nearest."""


@contextlib.contextmanager
def refusing(flag: str) -> Iterator[None]:
    """A one-line ValueError raised inside becomes a `UsageError` that names the flag."""
    try:
        yield
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from None


def nearest(found: str, known: Iterable[str]) -> str:
    """A hint `; did you mean 'x'?` for the nearest of `known`, or the empty string if none is near."""
    matches = difflib.get_close_matches(found, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{matches[0]}'?" if matches else ""


def choose(kind: str, found: str, known: Iterable[str]) -> str:
    """Return `found` if it is one of `known`.

    Raises:
      UsageError: naming what was found, all that is known, and the nearest of it.
    """
    known = list(known)
    if found not in known:
        raise UsageError(f"unknown {kind} '{found}'; known: {', '.join(known)}{nearest(found, known)}")
    return found
