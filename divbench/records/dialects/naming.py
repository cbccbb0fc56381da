"""Names on the way in and out: a lane's variant and UTD as one method name, and names that become file names.

Dialects know methods; tables know variants and UTDs. `ofn` at UTD 8 is the method `ofn_utd8`, at UTD 1/2 `ofn_utd1-2`;
a method without such an ending has a UTD that is not known.
"""

from __future__ import annotations

import re

from divbench.spec.errors import UsageError

_UTD = re.compile(r"(?P<variant>.+)_utd(?P<utd>[1-9][0-9]{0,8}|1-(?:[2-9]|[1-9][0-9]{1,8}))", re.ASCII)
LONGEST_FILE_NAME = 200  # bytes; with ending and temporary ending below what file systems take


def method_name(variant: str, utd: str) -> str:
    """`ofn` and `1/2` as `ofn_utd1-2`; the variant alone where the UTD is not known."""
    return f"{variant}_utd{utd.replace('/', '-')}" if utd else variant


def split_method(method: str) -> tuple[str, str]:
    """The variant and UTD of a method name: what `method_name` joined; UTD empty where the name does not end in one."""
    found = _UTD.fullmatch(method)
    return (found["variant"], found["utd"].replace("-", "/")) if found else (method, "")


def file_name(name: str, what: str) -> str:
    """The name if it is one of a file in the folder at hand.

    Raises:
      UsageError: it would lead elsewhere, be hidden, or be longer than file systems take.
    """
    if not name or name.startswith(".") or set(name) & set("/\\\0") or len(name.encode()) > LONGEST_FILE_NAME:
        raise UsageError(f"export: {what} '{name[:80]}' cannot be a file name (path separators, a leading dot, or more "
                         f"than {LONGEST_FILE_NAME} bytes); --to simba, marl-eval and csv keep names inside a file")
    return name
