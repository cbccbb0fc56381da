"""Updates per second of two installations of divbench, such as two commits, taking turns.

    git worktree add ../before COMMIT
    python3 -m venv ../before/.venv && ../before/.venv/bin/pip install -e ../before
    python benchmarks/update_speed.py --before ../before/.venv/bin/python --out results/runs/bench/update_speed

Each side is a process of its own that trains the same lanes. A round is a chunk of updates of one side, then of the
other, and the side that begins alternates. The replay holds one episode of random actions, and nobody acts, so rates
are of updates alone. Compilation and a first chunk are not timed. The table has medians, and the median, least and
greatest of the ratios within a round. On a busy machine, use `taskset -c 1` and `--clock cpu`, the processor seconds
of one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from training import Trainer
from writing import write

CELLS = ("baseline:1", "ofn:1", "layernorm:1", "groupnorm:1", "baseline:4", "baseline,ofn,layernorm,layernorm+ofn:1")
COLUMNS = ("cell", "lanes", "round", "side", "updates", "seconds", "processor_seconds")
SIDES = ("before", "after")


def serve(task: str) -> None:
    """Answer each line of stdin, [variants, seeds, updates], with [lanes, seconds, processor seconds]."""
    from divbench.execute import device
    from divbench.spec.plan import make_groups
    from divbench.spec.run_spec import RunSpec

    device.prepare("highest")
    physics = device.resolve_physics(task, "auto")
    cell, trainer = None, None
    for line in sys.stdin:
        *wanted, updates = json.loads(line)
        if wanted != cell:
            variants, seeds = cell = wanted
            (group,) = make_groups(RunSpec(tasks=task, variants=variants, seeds=seeds, steps=10_000), fused=True)
            trainer = Trainer(group, physics)
        print(json.dumps([trainer.lanes, *trainer.chunk(updates)]), flush=True)


class Side:
    """An installation's process."""

    def __init__(self, python: str, task: str):
        self._process = subprocess.Popen([python, __file__, "--serve", "--task", task], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def chunk(self, *request) -> list:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def measure(given) -> list[dict]:
    """All timed chunks, in the order of their running."""
    sides = dict(zip(SIDES, (Side(given.before, given.task), Side(sys.executable, given.task)), strict=True))
    rows = []
    for cell in given.cells:
        variants, seeds = cell.rsplit(":", 1)
        for side in sides.values():
            side.chunk(variants, int(seeds), given.updates)
        for number in range(given.rounds):
            for name in SIDES if number % 2 == 0 else SIDES[::-1]:
                lanes, *seconds = sides[name].chunk(variants, int(seeds), given.updates)
                rows.append(dict(zip(COLUMNS, (cell, lanes, number, name, given.updates * lanes, *seconds),
                                     strict=True)))
        print(as_row(rows, cell, given.clock), flush=True)
    for side in sides.values():
        side.close()
    return rows


def as_row(rows: list[dict], cell: str, clock: str) -> str:
    column = "seconds" if clock == "wall" else "processor_seconds"
    own = [row for row in rows if row["cell"] == cell]
    before, after = ([row[column] for row in sorted(own, key=lambda row: row["round"]) if row["side"] == side]
                     for side in SIDES)
    ratios = [old / new for old, new in zip(before, after, strict=True)]
    rates = [own[0]["updates"] / statistics.median(seconds) for seconds in (before, after)]
    variants, _ = cell.rsplit(":", 1)
    return (f"| {variants.replace(',', ', ')} | {own[0]['lanes']} | {rates[0]:.0f} | {rates[1]:.0f} "
            f"| {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |")


def as_markdown(rows: list[dict], clock: str, machine: str) -> str:
    lines = ["# Updates per second before and after", "", machine, "",
             "| variants | lanes | before, updates/s, all lanes | after | ratio, median | least to greatest |",
             "|---|---:|---:|---:|---:|---|"]
    lines += [as_row(rows, cell, clock) for cell in dict.fromkeys(row["cell"] for row in rows)]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", help="the interpreter of the other installation")
    parser.add_argument("--task", default="cheetah-run")
    parser.add_argument("--cells", nargs="+", default=CELLS, metavar="VARIANTS:SEEDS", help="each one program")
    parser.add_argument("--updates", type=int, default=100, help="of each lane in a chunk")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="seconds, or those of the processor")
    parser.add_argument("--out", type=Path, help="a folder: measured.csv and README.md")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        return serve(given.task)
    if given.before is None:
        parser.error("--before: expected an interpreter with another divbench installed")
    rows = measure(given)
    text = as_markdown(rows, given.clock, f"{given.task}, 2 x 256, batches of 256, {given.rounds} rounds of "
                                          f"{given.updates:,} updates a lane; {given.clock} seconds; "
                                          f"jax {metadata.version('jax')}.")
    if given.out:
        write(given.out, COLUMNS, rows, text)


if __name__ == "__main__":
    main()
