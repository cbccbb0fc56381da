"""The parity table: every task's physics beside dm_control, measured, and written as CSV and Markdown.

Lives here: the order of the work, its progress, and the files. What is measured: `divbench.envs.parity`.
"""

from __future__ import annotations

import csv
import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from divbench import envs
from divbench.envs.parity import ParityRow, measure, reset_difference
from divbench.spec.parity import ParityRequest
from divbench.spec.text import format_table

RESET_DRAWS = 500
COLUMNS = tuple(field.name for field in dataclasses.fields(ParityRow)) + ("reset_p", "reset_coordinates")
SHOWN = {
    "task": "task", "physics": "physics", "precision": "precision", "state_1": "position, 1 step",
    "state_n": "in a row", "obs_1": "observation, 1 step", "obs_n": "in a row", "reward_1": "reward, 1 step",
    "reward_n": "in a row", "rewards": "rewards seen", "contacts": "contacts", "touching": "touching",
    "reset_p": "reset p",
}


def run_parity(request: ParityRequest, tell: Callable[[str], None] = print) -> list[dict]:
    """Measures and writes `parity.csv` and `parity.md` into `request.out`, rewritten after every task.

    Args:
      request: every combination that exists is measured. `host` always steps in float64; its precision is that of
        observations and rewards. `warp` exists in float32 only.
      tell: hears one line per row.

    Returns:
      One dict per row, keys `COLUMNS`.
    """
    out = Path(request.out)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict] = []
    for task in request.tasks:
        p_value, coordinates = reset_difference(task, RESET_DRAWS)
        for kind in request.physics:
            if kind not in envs.task_info(task).physics:
                tell(f"{task} {kind}: not available")
                continue
            for precision in request.precisions:
                if kind == "warp" and precision != "float32":
                    tell(f"{task} {kind} {precision}: not available, it computes in float32 only")
                    continue
                began = time.perf_counter()
                row = dataclasses.asdict(measure(task, kind, precision, request.starts, request.steps))
                rows.append(row | {"reset_p": p_value, "reset_coordinates": coordinates})
                tell(f"{task} {kind} {precision}: observation {row['obs_1']:.1e} after one step, {row['obs_n']:.1e} "
                     f"after {request.steps}, reward {row['reward_1']:.1e} ({time.perf_counter() - began:.0f} s)")
        _write(rows, out, request.starts, request.steps)
    return rows


def as_text(rows: Sequence[dict]) -> str:
    """The table for a terminal."""
    cells = [list(_cells(row).values()) for row in rows]
    return format_table(list(SHOWN.values()), cells, right=list(SHOWN.values())[3:])


def as_markdown(rows: Sequence[dict], starts: int, steps: int) -> str:
    """The table with a note on what was measured."""
    lines = ["| " + " | ".join(SHOWN.values()) + " |", "|" + "---|" * 3 + "---:|" * (len(SHOWN) - 3)]
    lines += ["| " + " | ".join(_cells(row).values()) + " |" for row in rows]
    note = (f"Largest differences from dm_control over {starts} starts of {steps} control steps, half of the starts "
            "dm_control's resets, half where the task pays. One step: each step begun at dm_control's state; in a row: "
            "not. Observations relative to 1 + |value|. Touching: share of steps begun in contact. Reset p: smallest "
            f"p-value of two-sample tests on {RESET_DRAWS} resets from each side, times the number of coordinates.")
    return "\n".join(["# Parity with dm_control", "", *lines, "", note, ""])


def _cells(row: dict) -> dict[str, str]:
    """What is shown of a row, as text."""
    shown = row | {"rewards": f"{row['reward_min']:.2f} to {row['reward_max']:.2f}"}
    cells = {}
    for name in SHOWN:
        value = shown[name]
        number = isinstance(value, float)
        form = ".0%" if name == "touching" else ".2f" if name == "reset_p" else ".1e"
        cells[name] = "0" if number and value == 0 and form == ".1e" else format(value, form) if number else str(value)
    return cells


def _write(rows: list[dict], out: Path, starts: int, steps: int) -> None:
    with open(out / "parity.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    (out / "parity.md").write_text(as_markdown(rows, starts, steps))
