"""Whether what is to be trained fits into this machine's memory, by count; nothing is allocated."""

from __future__ import annotations

import os
import re
import resource
import sys
from collections.abc import Iterable

import jax

from divbench.execute.sizes import group_sizes
from divbench.spec.errors import UsageError
from divbench.spec.estimate import estimate
from divbench.spec.plan import Group
from divbench.spec.run_spec import RunSpec
from divbench.spec.text import format_size


def container_limit() -> int | None:
    """The memory limit in bytes of the control group that this process runs in; None where there is none."""
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            text = file.read().strip()
    except OSError:
        return None
    return int(text) if re.fullmatch(r"[0-9]+", text) else None


def physical_memory() -> int:
    """Bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def host_memory() -> int:
    """Bytes of this machine's memory, or of this process's share of it."""
    return min(physical_memory(), container_limit() or physical_memory())


def device_memory() -> int:
    """Bytes of the memory in which lanes live: the accelerator's where there is one, else the machine's."""
    statistics = jax.devices()[0].memory_stats() if jax.default_backend() != "cpu" else None
    return (statistics or {}).get("bytes_limit") or host_memory()


def memory_in_use() -> tuple[int, str]:
    """Bytes in use, and what they are of: the accelerator's peak since this process began where it keeps one, else this
    process's resident memory."""
    statistics = jax.devices()[0].memory_stats() or {}
    if "peak_bytes_in_use" in statistics:
        return statistics["peak_bytes_in_use"], "peak on the device"
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"), "resident"
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "resident at most"


def refuse_what_does_not_fit(spec: RunSpec, groups: Iterable[Group], transitions: int = 0,
                             there: int | None = None) -> None:
    """Raise `UsageError` for the first group that needs more memory than there is; it names the largest number of its
    lanes that would fit.

    Args:
      spec: the run.
      groups: of it.
      transitions: of the dataset that they learn from, if they do.
      there: bytes of memory; None for those of this machine's device.
    """
    there = device_memory() if there is None else there
    for group in groups:
        sizes = group_sizes(group)
        if sizes is None:
            continue
        needed = estimate(spec, group, transitions=transitions, sizes=sizes)
        if needed.memory_bytes <= there:
            continue
        shared = needed.memory_bytes - needed.lanes * needed.lane_bytes
        fitting = max(0, (there - shared) // needed.lane_bytes)
        lanes = f"{fitting} of its {needed.lanes} lanes fit" if fitting else (
            "not even one lane fits: expected a smaller --batch-size, --hidden or --steps")
        raise UsageError(f"group '{group.name}' needs {format_size(needed.memory_bytes)} of memory, "
                         f"{format_size(there)} are there; {lanes}")
