"""HDF5 files of others: opened, and looked at before anything in them is read.

HDF5 can point out of the file (external links, external and virtual arrays), decompress through programs that it loads,
hold text, references and opaque bytes, such as pickled objects, and declare arrays far larger than itself. Here only
arrays of numbers that lie in the file itself are let through, and only up to a stated size. Nothing is unpickled or
executed. What the arrays mean is for `d4rl` and `minari_layout`.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from divbench.records.datasets.request import LARGEST_DATASET
from divbench.spec.errors import UsageError, nearest
from divbench.spec.text import format_size

if TYPE_CHECKING:
    import h5py
    import numpy as np

LARGEST_CHUNK = 64 * 1024**2  # bytes; a compressed chunk is decompressed as a whole
LONGEST_TEXT = 800  # bytes of UTF-8
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 6: "scaleoffset", 32000: "lzf"}  # built into h5py


def require(module: str, layout: str) -> None:
    """Refuses a layout whose package is not installed; imports nothing."""
    if importlib.util.find_spec(module) is None:
        raise UsageError(f"dataset: layout '{layout}' needs the extra 'datasets': pip install 'divbench[datasets]'")


@contextlib.contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file for reading; what goes wrong in it, inside the block too, is a `UsageError` in one line."""
    import h5py

    try:
        if not path.is_file():
            raise UsageError(f"{path}: no such file; expected HDF5")
        if not h5py.is_hdf5(path):
            raise UsageError(f"{path}: not an HDF5 file")
        with h5py.File(path, "r") as file:
            yield file
    except UsageError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{path}: HDF5 cannot be read ({reason[:160]})") from None


def find_array(group: h5py.Group, name: str, path: Path) -> h5py.Dataset | None:
    """The array `name` of a group, checked by `check_array`, or None if there is nothing of that name.

    Raises:
      UsageError: a link that leads out of the group, a group, or an array that is not let through.
    """
    found = _child(group, name, path)
    if found is None:
        return None
    return check_array(found, f"{path}: '{_shown(group, name)}'")


def need_array(group: h5py.Group, name: str, path: Path) -> h5py.Dataset:
    """As `find_array`; nothing of that name is refused, naming what there is."""
    found = find_array(group, name, path)
    if found is None:
        held = sorted(map(plain, group))
        shown = ", ".join(held[:12]) or "nothing"
        raise UsageError(f"{path}: no '{_shown(group, name)}'{nearest(name, held) or ';'} there is {shown}")
    return found


def find_group(group: h5py.Group, name: str, path: Path) -> h5py.Group | None:
    """The group `name` of a group, or None if there is nothing of that name."""
    import h5py

    found = _child(group, name, path)
    if found is not None and not isinstance(found, h5py.Group):
        raise UsageError(f"{path}: '{_shown(group, name)}' is an array, expected a group")
    return found


def find_text(group: h5py.Group, name: str, path: Path) -> str | None:
    """A short text of fixed length in a group, or None if there is nothing of that name."""
    found = _child(group, name, path)
    if found is None:
        return None
    kind = getattr(found, "dtype", None)
    if kind is None or kind.kind != "S" or found.shape != () or kind.itemsize > LONGEST_TEXT or found.external:
        raise UsageError(f"{path}: '{_shown(group, name)}' is no text of at most {LONGEST_TEXT} bytes")
    if found.is_virtual or found.id.get_create_plist().get_nfilters():
        raise UsageError(f"{path}: '{_shown(group, name)}' does not lie plainly in the file")
    return bytes(found[()]).decode("utf-8", "replace")


def check_array(found: Any, what: str) -> h5py.Dataset:
    """Lets an array of numbers through that lies in its file and is no larger than `LARGEST_DATASET`.

    Raises:
      UsageError: anything else; no element has been read then.
    """
    import h5py

    if not isinstance(found, h5py.Dataset):
        raise UsageError(f"{what} is a group, expected an array")
    if found.external or found.is_virtual:
        raise UsageError(f"{what} lies in other files, expected an array in this one")
    kind = found.dtype
    if kind.kind not in "biuf" or kind.subdtype is not None:
        raise UsageError(f"{what} holds {_kind(kind)}, expected numbers")
    if found.shape is None:
        raise UsageError(f"{what} is empty, expected an array")
    properties = found.id.get_create_plist()
    for place in range(properties.get_nfilters()):
        number = properties.get_filter(place)[0]
        if number not in _FILTERS:
            raise UsageError(f"{what} is compressed by HDF5 filter {number}; known: {', '.join(_FILTERS.values())}")
    if declared_size(found) > LARGEST_DATASET:
        raise UsageError(f"{what} declares {format_size(declared_size(found))}; at most "
                         f"{format_size(LARGEST_DATASET)} are read")
    chunk = kind.itemsize
    for side in found.chunks or (0,):
        chunk *= side
    if chunk > LARGEST_CHUNK:
        raise UsageError(f"{what} has chunks of {format_size(chunk)}; at most {format_size(LARGEST_CHUNK)} are "
                         f"decompressed at a time")
    return found


def declared_size(array: h5py.Dataset) -> int:
    """Bytes that an array would take, whatever it takes in the file."""
    size = array.dtype.itemsize
    for side in array.shape:
        size *= int(side)
    return size


def tree_size(group: h5py.Group, path: Path, depth: int = 8) -> int:
    """Bytes that all arrays below a group declare, each of them checked.

    Raises:
      UsageError: an array that is not let through, or groups nested deeper than `depth`.
    """
    import h5py

    size = 0
    for name in group:
        found = _child(group, name, path)
        if not isinstance(found, h5py.Group):
            size += declared_size(check_array(found, f"{path}: '{_shown(group, name)}'"))
        elif depth <= 0:
            raise UsageError(f"{path}: '{_shown(group, name)}' is nested too deep")
        else:
            size += tree_size(found, path, depth - 1)
    return size


def plain(text: str | bytes) -> str:
    """A name from a file as it can stand in a line of text; h5py hands out bytes where it is no UTF-8."""
    text = text if isinstance(text, str) else ascii(text)
    return text if text.isprintable() and len(text) <= 120 else ascii(text[:120])


def _child(group: h5py.Group, name: str | bytes, path: Path) -> Any:
    import h5py

    links, link = group.id.links, name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    if not links.exists(link):  # looks at the link, never at what it leads to
        return None
    if links.get_info(link).type != h5py.h5l.TYPE_HARD:
        raise UsageError(f"{path}: '{_shown(group, name)}' is a link to elsewhere, expected an array in this file")
    return group[name]


def _kind(kind: np.dtype) -> str:
    """What a type that is no number is, in words."""
    return {"O": "objects or text of any length", "V": "opaque bytes or records", "S": "text"}.get(kind.kind, str(kind))


def _shown(group: h5py.Group, name: str | bytes) -> str:
    return plain(f"{group.name.rstrip('/')}/{plain(name)}".lstrip("/"))
