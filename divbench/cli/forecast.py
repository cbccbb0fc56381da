"""How `divbench plan` tells a run's cost: rates for all groups from a few measured ones, a table, a JSON
record.

The numbers themselves come from `divbench.spec.estimate`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from divbench.spec.estimate import GroupCost, total
from divbench.spec.plan import Group
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import STRUCTURE
from divbench.spec.sizes import Sizes
from divbench.spec.text import format_size, format_table


def scaled_rates(groups: Sequence[Group], sizes: Sequence[Sizes], measure: Callable[[Group], float]) -> list[float]:
    """Updates per second of each group, summed over its lanes.

    The first group of each structure (mechanisms, settings that decide shapes or what is compiled, number of lanes) is
    measured; the others get its rate scaled by the FLOPs of one update, which differ with the sizes of the task.
    `sizes` are those of the groups' lanes.
    """
    measured: dict[tuple, tuple[float, int]] = {}
    rates = []
    for group, own in zip(groups, sizes, strict=True):
        sac, flops = group.lanes[0].sac, own.update_flops
        structure = (group.mechanisms, group.hooks, *(getattr(sac, name) for name in STRUCTURE), len(group.lanes))
        if structure not in measured:
            measured[structure] = (measure(group), flops)
        rate, reference = measured[structure]
        rates.append(rate * reference / flops)
    return rates


def plan_record(spec: RunSpec, estimates: Sequence[GroupCost], basis: str, silent: Sequence[str]) -> dict:
    """The plan as plain JSON values."""
    return {"folder": spec.folder, "rate": basis, "groups": [dataclasses.asdict(e) for e in estimates],
            "total": dataclasses.asdict(total(estimates)), "silent_resets": list(silent)}


def describe_plan(spec: RunSpec, estimates: Sequence[GroupCost], basis: str, silent: Sequence[str]) -> str:
    """The plan as a table of groups, a total, what the columns mean, and the resets that never fire."""
    header = ("group", "lanes", "updates", "env steps", "evaluation", "memory", "disk", "FLOPs", "hours")
    rows = [_row(e) for e in (*estimates, total(estimates))]
    notes = [
        f"run folder: {spec.folder}",
        "updates, env steps and evaluation steps are sums over lanes; total memory is the largest group's",
        f"hours are those of the updates; rate: {basis}",
        *(f"note: {line}" for line in silent),
    ]
    return "\n".join([format_table(header, rows, right=header[1:]), "", *notes])


def _row(e: GroupCost) -> tuple[str, ...]:
    hours = "" if e.hours is None else f"{e.hours:.2f}"
    counts = (f"{n:,}" for n in (e.lanes, e.updates, e.env_steps, e.evaluation_steps))
    return (e.group, *counts, format_size(e.memory_bytes), format_size(e.disk_bytes), f"{e.flops:.2e}", hours)
