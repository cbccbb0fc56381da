"""What measuring costs: the share of training time that `--diagnose cheap` and `--diagnose full` take.

    python benchmarks/diagnostics_cost.py --out results/runs/bench/diagnostics_cost

Runs `divbench run` at both levels, one after the other and alternating, at the default interval (5,000 updates), and
divides the seconds of its table of timing: `measure` (the first, which compiles, left out; medians) over the `train`
seconds of as many updates as lie between two measurements. Both stand in one run, so a busy machine slows both.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import tempfile
from pathlib import Path

INTERVAL = 5_000  # updates between measurements, the default of every suite but `priming`
MEASUREMENTS = 4
COLUMNS = ("task", "lanes", "level", "measure_seconds", "train_seconds", "share")


def measure(task: str, lanes: int, level: str) -> dict:
    """One cell: plain SAC, `lanes` seeds, at UTD 8 after a short warm-up."""
    import divbench

    steps = 1_000 + INTERVAL * MEASUREMENTS // 8
    with tempfile.TemporaryDirectory() as place:
        spec = divbench.RunSpec(tasks=task, variants="baseline", utd=8, seeds=lanes, steps=steps, prime_samples=1_000,
                                measure_every=INTERVAL, eval_every=steps, eval_episodes=1, diagnose=level,
                                out=str(Path(place) / "run"))
        rows = divbench.load(divbench.run(spec).folder).timing.to_pylist()
    measured = [row["seconds"] for row in rows if row["event"] == "measure"][1:]
    trained = [row for row in rows if row["event"] == "train" and row["updates_per_second"] > 0]
    rate = statistics.median(row["updates_per_second"] for row in trained)
    between = INTERVAL * lanes / rate
    taken = statistics.median(measured)
    return dict(zip(COLUMNS, (task, lanes, level, taken, between, taken / between), strict=True))


def as_markdown(rows: list[dict], machine: str) -> str:
    lines = ["# Cost of measuring", "", machine, "",
             f"Seconds of one measurement, of training for {INTERVAL:,} updates a lane, and the first over the second.",
             "", "| task | lanes | level | measure, s | train, s | share |", "|---|---:|---|---:|---:|---:|"]
    lines += [f"| {row['task']} | {row['lanes']} | {row['level']} | {row['measure_seconds']:.2f} | "
              f"{row['train_seconds']:.1f} | {row['share']:.2%} |" for row in rows]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default="cheetah-run,humanoid-run")
    parser.add_argument("--lanes", default="1,3")
    parser.add_argument("--out", type=Path, help="OUT.csv and OUT.md")
    given = parser.parse_args()
    rows = [measure(task, lanes, level) for task in given.tasks.split(",") for lanes in map(int, given.lanes.split(","))
            for level in ("cheap", "full")]
    from importlib import metadata

    from divbench.execute.device import describe_device

    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("jax", "mujoco"))
    text = as_markdown(rows, f"physics host, device {describe_device()}, {versions}")
    print(text)
    print(json.dumps(rows))
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        with open(given.out.with_suffix(".csv"), "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        given.out.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
