"""What a large report takes: seconds, memory and sizes of `divbench report --html` on made-up results of many lanes.

    python benchmarks/report_size.py
    python benchmarks/report_size.py --tasks 3 --variants 4 --seeds 3 --out results/runs/bench/report_size

Writes a run folder of made-up numbers (by default 15 tasks, 20 variants and 5 seeds, 1,500 lanes, each with 100
measurements and 100 evaluations; a fifth of the lanes diverges), then makes its report in a process of its own, and
prints its time and largest memory. Wall-clock seconds depend on what else the machine does, so processor seconds are
printed too. The numbers are made up: nothing here says anything about critics.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = ("tasks", "variants", "seeds", "lanes", "measurements", "wall_seconds", "processor_seconds", "peak_mib",
           "page_mb", "all_files_mb")
EVERY = 5_000  # env steps and updates between two measurements
BOUND = 500.0


def make_tables(tasks: list[str], variants: list[str], seeds: int, measurements: int) -> dict[str, dict]:
    """The columns of every table: lists of text, arrays of numbers, all made up from a fixed seed."""
    import numpy as np

    from divbench.records.schema import INTEGER, TABLES, TEXT

    rng = np.random.default_rng(0)
    lanes = [(task, variant, seed) for task in tasks for variant in variants for seed in range(seeds)]
    count, rows = len(lanes), len(lanes) * measurements
    steps = np.tile(np.arange(measurements) * EVERY, count)
    share = steps / max(1, steps.max())
    lane = np.repeat(np.arange(count), measurements)
    known = {"suite": "dmc15-500k", "utd": "1", "physics": "host", "network": "mlp 256x256", "precision": "highest"}

    def identity(which) -> dict:
        return {"task": [lanes[i][0] for i in which], "variant": [lanes[i][1] for i in which],
                "seed": np.asarray([lanes[i][2] for i in which]), "action_repeat": np.ones(len(which), int)} | {
                    name: [text] * len(which) for name, text in known.items()}

    diverges = rng.random(count) < 0.2
    late = rng.uniform(0.2, 0.7, count)[lane]
    q = 60.0 * (1.0 - np.exp(-3.0 * share)) * rng.uniform(0.5, 1.5, count)[lane] + rng.normal(0.0, 0.5, rows)
    q += np.where(diverges[lane] & (share > late), 10.0 ** (7.0 * np.clip(share - late, 0.0, 1.0)), 0.0)
    values = identity(lane) | {"env_step": steps, "update": steps, "resets": np.zeros(rows, int),
                               "nonfinite": [""] * rows, "nonfinite_step": np.full(rows, -1),
                               "nonfinite_update": np.full(rows, -1)}
    scores = identity(lane) | {"env_step": steps, "update": steps, "episodes": np.full(rows, 10)}
    for column in TABLES["values"]:
        if column.name not in values:
            values[column.name] = q * rng.uniform(0.5, 1.5, count)[lane] + rng.normal(0.0, 1e-3, rows)
    values |= {"q_replay_mean": q, "q_bound": np.full(rows, BOUND), "q_bound_low": np.full(rows, -1.0)}
    for column in TABLES["scores"]:
        if column.name not in scores:
            scores[column.name] = 600.0 * share * rng.uniform(0.5, 1.0, count)[lane] + rng.normal(0.0, 20.0, rows)
    every = np.arange(count)
    beyond = np.argmax((q > 1.05 * BOUND).reshape(count, measurements), axis=1)
    fate = np.where(beyond > 0, beyond, measurements - 1) * EVERY
    verdicts = identity(every) | {
        "verdict": np.where(beyond > 0, "diverged", "stable").tolist(), "env_step": fate, "update": fate,
        "cause": ["made up"] * count, "first_cause": np.where(beyond > 0, "grad_norm", "").tolist(),
        "first_update": np.where(beyond > 0, fate, -1),
        "explanation": ["A made-up lane, told about at the usual length. " * 8] * count,
        "warning": np.where(beyond > 0, math.nan, 0.03), "q_final": q.reshape(count, -1)[:, -1],
        "q_bound": np.full(count, BOUND)}
    blank = {TEXT: [], INTEGER: np.zeros(0, int)}
    empty = {table: {column.name: blank.get(column.kind, np.zeros(0)) for column in TABLES[table]}
             for table in ("diagnostics", "timing")}
    return {"scores": scores, "values": values, "verdicts": verdicts} | empty


def write_run(folder: Path, tasks: list[str], variants: list[str], seeds: int, measurements: int) -> None:
    """A finished run folder with the tables of `make_tables`."""
    import pyarrow as pa

    from divbench.records.schema import INTEGER, SCHEMA_VERSION, TABLES, TEXT
    from divbench.records.tables import to_parquet

    types = {TEXT: pa.string(), INTEGER: pa.int64()}
    (folder / "tables").mkdir(parents=True)
    for name, columns in make_tables(tasks, variants, seeds, measurements).items():
        arrays = {c.name: pa.array(columns[c.name], types.get(c.kind, pa.float64())) for c in TABLES[name]}
        (folder / "tables" / f"{name}.parquet").write_bytes(to_parquet(pa.table(arrays)))
    settings = {"suite": "dmc15-500k", "tasks": tasks, "utd": ["1"], "variants": [{"name": name} for name in variants],
                "prime_updates": 0, "sac": {"hidden": [256, 256]}}
    card = {"format": "divbench run", "schema_version": SCHEMA_VERSION, "settings": settings, "sessions": [],
            "command": "none: the numbers are made up", "device": "none", "physics": "host", "precision": "highest",
            "seeds": list(range(seeds)), "versions": {}, "finished": "2025-01-31T12:00:00Z"}
    (folder / "card.json").write_text(json.dumps(card))


def measure(folder: Path) -> dict:
    """Make the report of `folder` in a process of its own; seconds and memory of that process."""
    code = "import sys; from divbench.report.build import report; report(sys.argv[1], quiet=True, html=True)"
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    files = list((folder / "report").iterdir())
    unit = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss's unit
    return {"wall_seconds": round(wall, 1),
            "processor_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
            "peak_mib": round(after.ru_maxrss * unit / 2**20),
            "page_mb": round((folder / "report" / "report.html").stat().st_size / 1e6, 2),
            "all_files_mb": round(sum(file.stat().st_size for file in files) / 1e6, 2)}


def as_markdown(row: dict) -> str:
    return "\n".join([f"| {' | '.join(COLUMNS)} |", "|" + "---:|" * len(COLUMNS),
                      f"| {' | '.join(str(row[name]) for name in COLUMNS)} |"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("tasks", 15), ("variants", 20), ("seeds", 5), ("measurements", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--out", type=Path, help="OUT.csv and OUT.md")
    parser.add_argument("--keep", type=Path, help="where the folder is made and left; it must not exist yet")
    given = parser.parse_args()
    from divbench.envs.names import TASKS

    tasks = list(TASKS)[:given.tasks]
    known = ("baseline", "ofn", "layernorm", "reset")
    variants = [known[i] if i < len(known) else f"dropout={i / 100:g}" for i in range(given.variants)]
    with tempfile.TemporaryDirectory() as place:
        folder = given.keep or Path(place) / "run"
        write_run(folder, tasks, variants, given.seeds, given.measurements)
        row = {"tasks": len(tasks), "variants": len(variants), "seeds": given.seeds,
               "lanes": len(tasks) * len(variants) * given.seeds, "measurements": given.measurements} | measure(folder)
    print(as_markdown(row))
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        with open(given.out.with_suffix(".csv"), "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerow(row)
        given.out.with_suffix(".md").write_text(as_markdown(row) + "\n")


if __name__ == "__main__":
    main()
