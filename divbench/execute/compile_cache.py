"""Compiled programs kept on disk for the next process: JAX's persistent compilation cache, and where it is.

JAX's keys cover the program, the versions, the flags, and the device with its instruction set. They lack the number of
CPU cores, for which XLA writes other code, so on a CPU each number of cores has a folder of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from divbench.records.card import usable_cpus
from divbench.spec.text import format_size

SWITCH, FOLDER = "JAX_ENABLE_COMPILATION_CACHE", "JAX_COMPILATION_CACHE_DIR"
SHORTEST = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
OFF = ("0", "f", "false", "n", "no", "off")  # how JAX reads a switch
NEVER = 1e9  # seconds of compilation from which on a program is stored, where none shall be
LEAST_FREE = 256 << 20  # bytes on the disk; a program takes some hundred kilobytes, and a full disk leaves half of one
NO_CACHE = "switched off by --no-cache or JAX_ENABLE_COMPILATION_CACHE"
NOT_KEPT = ("training, evaluation and measurement under host physics, because JAX stores no program that calls back "
            "into Python: such a program holds an address of its process")


@contextlib.contextmanager
def switched_off(off: bool = True) -> Iterator[None]:
    """Within it, this process and its children neither read nor keep compiled programs."""
    before = os.environ.get(SWITCH)
    if off:
        os.environ[SWITCH] = "false"
    try:
        yield
    finally:
        if off:
            os.environ.pop(SWITCH)
            if before is not None:
                os.environ[SWITCH] = before


def use_cache() -> None:
    """Let JAX look for compiled programs in the cache and keep what it compiles. A cache that cannot be written is
    read. Never fails, and leaves a folder that is no path (`gs://...`) to JAX."""
    import jax
    from jax.experimental.compilation_cache.compilation_cache import reset_cache

    if _remote():
        return
    folder = cache_folder()
    keeps = folder is not None and not obstacle()
    shortest = float(os.environ.get(SHORTEST, 0.0)) if keeps else NEVER
    jax.config.update("jax_persistent_cache_min_compile_time_secs", shortest)
    place = str(folder) if folder is not None and folder.is_dir() else None
    if jax.config.values["jax_compilation_cache_dir"] != place:
        jax.config.update("jax_compilation_cache_dir", place)
        reset_cache()
    # A program that another process is writing, or left half written, is compiled; a line for each says nothing more.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache entry")


def cache_folder() -> Path | None:
    """Where compiled programs of this device are kept; None if they are not, or nobody's home is known."""
    import jax

    if not _switched_on() or _remote():
        return None
    given = _given()
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path(os.path.expanduser("~")) / ".cache"
    folder = Path(given) if given else base / "divbench" / "jax"
    if not given and not folder.is_absolute():
        return None
    own = f"cpu-{usable_cpus()}"
    return folder / own if jax.default_backend() == "cpu" and folder.name != own else folder


def obstacle() -> str:
    """Why nothing can be kept there, in a few words; empty if it can. Makes the folder."""
    folder = cache_folder()
    if folder is None:
        return "no home folder" if _switched_on() and not _remote() else ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # who can write there can run code here
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"program")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return "" if free >= LEAST_FREE else f"{folder}: {format_size(free)} left on the disk"


def describe_cache() -> str:
    """Where compiled programs are, how many and how large, or why there are none."""
    if not _switched_on():
        return NO_CACHE
    if _remote():
        return f"in {_given()}"
    wrong = obstacle()
    if wrong:
        return f"not kept: {wrong}"
    folder = cache_folder()
    assert folder is not None, "no obstacle was found"
    sizes = [entry.stat().st_size for entry in folder.glob("*-cache")]
    return f"{len(sizes)} in {folder}, {format_size(sum(sizes))}; writable; may be deleted at any time"


def _given() -> str | None:
    """The folder that the user has named to JAX, or the one in use."""
    import jax

    return os.environ.get(FOLDER) or jax.config.values["jax_compilation_cache_dir"]


def _remote() -> bool:
    """Whether programs are kept where JAX alone can look."""
    return "://" in (_given() or "")


def _switched_on() -> bool:
    import jax

    return jax.config.values["jax_enable_compilation_cache"] and os.environ.get(SWITCH, "").lower() not in OFF
