"""Settings that an algorithm ignores. A variant that changes only an ignored setting is rejected: it would duplicate
another variant. Where a run sets them (`--sac`) they are ignored. Who reads a setting, its declaration says."""

from __future__ import annotations

from collections.abc import Mapping

from divbench.spec.setting import TEMPERATURE
from divbench.spec.settings import DECLARED, WITH_TARGETS, SACSettings

# PreQN ignores these, as it has no target network, no optimizer and no other loss.
UNUSED_BY_PREQN = tuple(name for name, declared in DECLARED.items() if declared.algorithms == WITH_TARGETS)


def why_unused(name: str, sac: SACSettings, objects: Mapping[str, str]) -> str:
    """Why a lane with settings `sac` ignores the setting `name`, in words; empty if it uses it.

    Args:
      objects: what the lane's variant has in the place of divbench's own, by kind.
    """
    declared = DECLARED[name]
    if sac.algorithm not in declared.algorithms:
        return f"{sac.algorithm} has no use for it; expected {' or '.join(declared.algorithms)}"
    parts = [part for part in declared.parts if part != TEMPERATURE or sac.algorithm == "sac"]
    if parts and set(parts) <= objects.keys():
        own = [f"'{objects[part]}'" for part in parts]
        if len(own) == 1:
            return f"{own[0]} takes its place, and has fields of its own"
        return f"{' and '.join(own)} have fields of their own"
    return declared.ignored(sac)
