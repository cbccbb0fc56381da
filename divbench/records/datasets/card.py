"""A dataset's card: what is in it, where it came from, and the SHA-256 of every file, its own words included.

    format, format_version      what this is
    task, physics, level        what was acted in, and who acted, in a word
    policies, seeds             who acted, in full: a list of records with a `name`; the seeds of it all
    versions                    of the packages that wrote it
    sizes, counts, returns,
    rewards                     measured from the columns (`statistics`)
    whole_episodes              false where transitions were drawn singly
    parent                      for a subset: checksum and counts of the dataset it is part of, fraction, unit, seed
    imported                    for a dataset of others: the file's name, SHA-256 and what was assumed
    files                       SHA-256 of each column's file
    checksum                    of all columns together: equal checksums, equal data, under all versions
    seal                        SHA-256 of everything above

There is no date, host or path in it: equal data and versions give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path

from divbench.records.datasets.columns import COLUMNS, check_extent, check_sizes
from divbench.records.dialects.request import check_name
from divbench.spec.errors import UsageError, unknown

CARD = "card.json"
FORMAT, FORMAT_VERSION = "divbench dataset", 1
LARGEST_CARD = 16 * 1024**2  # bytes
MEASURED = {"counts": ("transitions", "episodes", "finished_episodes", "terminal", "truncated"),
            "returns": ("episodes", "mean", "sd", "min", "max"), "rewards": ("mean", "min", "max")}
PARENT = ("checksum", "fraction", "unit", "seed", "parent")
_REQUIRED = {"task": str, "physics": str, "policies": list, "seeds": list}  # what who writes a dataset says of it
_OPTIONAL = {"level": str, "parent": dict, "imported": dict}


def check_description(description: Mapping) -> dict:
    """What the writer of a dataset says of it, checked and completed.

    Args:
      description: `task`, `physics`, `policies` (records with a `name`; other entries are free) and `seeds`; also
        `level`, `parent` and `imported`, where there is such. JSON values.

    Raises:
      UsageError: an unknown or missing entry, or one of another kind.
    """
    known = {**_REQUIRED, **_OPTIONAL}
    for key in description:
        if key not in known:
            raise UsageError(f"card: {unknown('entry', str(key), known)}")
    for key in _REQUIRED:
        if key not in description:
            raise UsageError(f"card: expected '{key}', found none")
    for key, kind in known.items():
        if description.get(key) is not None and not isinstance(description[key], kind):
            raise UsageError(f"card: expected '{key}' as {kind.__name__}, found {type(description[key]).__name__}")
    for key in ("task", "physics"):
        check_name(description[key], f"card: {key}")
    for policy in description["policies"]:
        if not isinstance(policy, Mapping) or not isinstance(policy.get("name"), str):
            raise UsageError(f"card: expected each of 'policies' as a record with a name, found {policy!r}")
    for seed in description["seeds"]:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise UsageError(f"card: expected whole numbers in 'seeds', found {seed!r}")
    try:
        return json.loads(json.dumps({key: description.get(key) for key in known}, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(f"card: expected JSON values, found others ({error})") from None


def checksum(files: Mapping[str, str]) -> str:
    """SHA-256 of the columns' digests, in the order of their names."""
    return _digest("".join(f"{files[name]}  {name}\n" for name in sorted(files)))


def to_bytes(card: Mapping) -> bytes:
    """The card as it lies on disk, its `seal` added."""
    return (json.dumps({**card, "seal": seal(card)}, indent=2, allow_nan=False) + "\n").encode()


def seal(card: Mapping) -> str:
    """SHA-256 of all entries but the seal itself."""
    rest = {key: value for key, value in card.items() if key != "seal"}
    return _digest(json.dumps(rest, sort_keys=True, separators=(",", ":")))


def read_card(path: Path) -> dict:
    """The card of the dataset in folder `path`. The columns are not looked at.

    Raises:
      UsageError: no such folder, no dataset, a damaged card, or one of another version.
    """
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise UsageError(f"{path}: expected a dataset's folder, found none ({error.strerror})") from None
    if not stat.S_ISDIR(kind):
        raise UsageError(f"{path}: expected a dataset's folder, found a file")
    file = path / CARD
    try:
        if file.stat().st_size > LARGEST_CARD:
            raise ValueError("size")
        content = file.read_bytes()
        card = json.loads(content)
    except FileNotFoundError:
        raise UsageError(f"{path}: not a dataset (it has no {CARD})") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{file}: damaged, or not the card of a dataset") from None
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise UsageError(f"{file}: not the card of a dataset (expected format '{FORMAT}')")
    if card.get("format_version") != FORMAT_VERSION:
        raise UsageError(f"{file}: written with dataset format {card.get('format_version')}, this divbench has "
                         f"{FORMAT_VERSION}")
    try:
        if content != to_bytes(card):
            raise ValueError("bytes")
    except ValueError:
        raise UsageError(f"{file}: damaged (not as it was written)") from None
    _check_measured(card, file)
    return card


def _check_measured(card: dict, file: Path) -> None:
    """What opening relies on; a card that nobody damaged may still be one that somebody made up."""
    try:
        files, sizes, rows = card["files"], card["sizes"], card["counts"]["transitions"]
        fits = (set(files) == {column.file for column in COLUMNS.values()} and set(sizes) == {"observation", "action"}
                and type(rows) is int and rows > 0 and card["checksum"] == checksum(files))
        if not fits or not isinstance(card["whole_episodes"], bool) or not isinstance(card["versions"], dict):
            raise ValueError("entries")
        for entry, names in MEASURED.items():
            none = entry == "returns" and card[entry]["episodes"] == 0  # then the rest of them is None
            kinds = {type(value) for name, value in card[entry].items() if not none or name == "episodes"}
            if set(card[entry]) != set(names) or not kinds <= ({int} if entry == "counts" else {int, float}):
                raise ValueError(entry)
        check_description({key: card[key] for key in (*_REQUIRED, *_OPTIONAL)})
        parent = card["parent"]
        while parent:
            if not {*PARENT, "counts"} <= set(parent) or type(parent["counts"]["transitions"]) is not int:
                raise ValueError("parent")
            parent = parent["parent"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{file}: damaged, or not the card of a dataset") from None
    check_sizes(sizes, str(file))
    check_extent(rows, sizes, str(file))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
