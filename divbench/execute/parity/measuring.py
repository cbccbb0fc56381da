"""The parity table: every task's physics beside dm_control or gymnasium, measured, and written as CSV and Markdown.

Lives here: the order of the work, its progress, and the files. What is measured: `divbench.envs.parity`.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from divbench import envs
from divbench.envs.parity import ParityRow, measure, reset_difference
from divbench.execute.parity.request import ParityRequest
from divbench.records.durable import write_atomically
from divbench.spec.text import format_table

RESET_DRAWS = 500
COLUMNS = tuple(field.name for field in dataclasses.fields(ParityRow)) + ("reset_p", "reset_coordinates")
SHOWN = {
    "task": "task", "physics": "physics", "precision": "precision", "state_1": "position, 1 step",
    "state_n": "in a row", "obs_1": "observation, 1 step", "obs_n": "in a row", "reward_1": "reward, 1 step",
    "reward_n": "in a row", "rewards": "rewards seen", "contacts": "contacts", "touching": "touching",
    "reset_p": "reset p",
}
# Shown too where a task can terminate.
ENDS = {"endings": "ending", "misjudged": "misjudged"}


def run_parity(request: ParityRequest, tell: Callable[[str], None] = print) -> list[dict]:
    """Measures and writes `parity.csv` and `parity.md` into `request.out`, rewritten after every task.

    Args:
      request: every combination that exists is measured. `host` always steps in float64; its precision is that of
        observations and rewards. `warp` exists in float32 only.
      tell: called with one line per row.

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
    header, cells = _table(rows)
    return format_table(header, cells, right=header[3:])


def as_markdown(rows: Sequence[dict], starts: int, steps: int) -> str:
    """The table with a note on what was measured."""
    header, cells = _table(rows)
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * 3 + "---:|" * (len(header) - 3)]
    lines += ["| " + " | ".join(row) + " |" for row in cells]
    origins = {"gymnasium" if envs.task_info(row["task"]).gymnasium_id else "dm_control" for row in rows}
    beside = sorted(origins) or ["dm_control"]
    other = beside[0] if len(beside) == 1 else "the other side"
    note = (f"Largest differences from {' or '.join(beside)} over {starts} starts of {steps} control steps, half of "
            f"the starts {other}'s resets, half where the task pays. One step: each step begun at {other}'s state; in "
            "a row: not. Observations relative to 1 + |value|. Touching: share of steps begun in contact. Reset p: "
            f"smallest p-value of two-sample tests on {RESET_DRAWS} resets from each side, times the number of "
            "coordinates.")
    if len(header) > len(SHOWN):
        note += (" Ending: share of steps that led to a terminal state; the episode continues all the same. Misjudged: "
                 f"share of steps begun at {other}'s state that are terminal on one side alone.")
    return "\n".join([f"# Parity with {' and '.join(beside)}", "", *lines, "", note, ""])


def _table(rows: Sequence[dict]) -> tuple[list[str], list[list[str]]]:
    """The header, and what is shown of each row, as text."""
    columns = SHOWN | (ENDS if any(envs.task_info(row["task"]).terminates for row in rows) else {})
    return list(columns.values()), [[_cell(name, row) for name in columns] for row in rows]


def _cell(name: str, row: dict) -> str:
    if name == "rewards":
        return f"{row['reward_min']:.2f} to {row['reward_max']:.2f}"
    value = row[name]
    if not isinstance(value, float):
        return str(value)
    form = {"touching": ".0%", "reset_p": ".2f"}.get(name, ".1%" if name in ENDS else ".1e")
    return "0" if value == 0 and form == ".1e" else format(value, form)


def _write(rows: list[dict], out: Path, starts: int, steps: int) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    for name, content in (("parity.csv", text.getvalue()), ("parity.md", as_markdown(rows, starts, steps))):
        write_atomically(out / name, content.encode())
