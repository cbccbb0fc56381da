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


NEAR = 0.6  # of 1, which difflib gives to equal texts: a typing mistake or two, and not another word


def nearest(found: str, known: Iterable[str]) -> str:
    """A hint `; did you mean 'x'?` for the nearest of `known`, or the empty string if none is near. Dashes in front,
    which all flags have, make none nearer."""
    bare = {name.lstrip("-"): name for name in reversed(list(known))}
    matches = difflib.get_close_matches(found.lstrip("-"), list(reversed(bare)), n=1, cutoff=NEAR)
    return f"; did you mean '{bare[matches[0]]}'?" if matches else ""


def unknown(kind: str, found: str, known: Iterable[str]) -> str:
    """`unknown suite 'smok'; did you mean 'smoke'? known: smoke, priming`: the hint before the list, which is long."""
    return f"unknown {kind} '{found}'{hint_and_all(found, known)}"


def hint_and_all(found: str, known: Iterable[str], words: str = "known:") -> str:
    """`; did you mean 'smoke'? known: smoke, priming`, or without a near one `; known: smoke, priming`; other `words`
    may come before the list."""
    known = list(known)
    return f"{nearest(found, known) or ';'} {words} {', '.join(known) or 'none'}"


def choose(kind: str, found: str, known: Iterable[str]) -> str:
    """Return `found` if it is one of `known`.

    Raises:
      UsageError: naming what was found, all that is known, and the nearest of it.
    """
    known = list(known)
    if found not in known:
        raise UsageError(unknown(kind, found, known))
    return found
