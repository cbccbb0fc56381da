"""What measuring costs: the share of training time that `--diagnose cheap` and `--diagnose full` take.

    python benchmarks/diagnostics_cost.py --out results/runs/bench/diagnostics_cost
    python benchmarks/diagnostics_cost.py --tasks "" --runs results/claims/rows/*   # of finished runs, without training

Runs `divbench run` at both levels, one after the other, at the default interval (5,000 updates), and divides the
seconds of its table of timing: `measure` (the first, which compiles, left out; medians) over the `train` seconds of as
many updates as lie between two measurements. Both stand in one run, so a busy machine slows both.
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
COLUMNS = ("task", "variant", "utd", "lanes", "level", "interval", "measurements", "measure_seconds", "train_seconds",
           "share")


def measure(task: str, lanes: int, level: str) -> dict:
    """One cell: plain SAC, `lanes` seeds, at UTD 8 after a short warm-up."""
    import divbench

    steps = 1_000 + INTERVAL * MEASUREMENTS // 8
    with tempfile.TemporaryDirectory() as place:
        spec = divbench.RunSpec(tasks=task, variants="baseline", utd=8, seeds=lanes, steps=steps, prime_samples=1_000,
                                measure_every=INTERVAL, eval_every=steps, eval_episodes=1, diagnose=level,
                                out=str(Path(place) / "run"))
        return of_run(divbench.run(spec).folder)


def of_run(folder: Path) -> dict:
    """A cell from the card and the table of timing of a finished run of one task, variant and UTD."""
    import divbench

    settings = json.loads((Path(folder) / "card.json").read_text())["settings"]
    rows = divbench.load(folder).timing.to_pylist()
    measured = [row["seconds"] for row in rows if row["event"] == "measure"][1:]
    trained = [row for row in rows if row["event"] == "train" and row["updates_per_second"] > 0]
    lanes = rows[0]["lanes"]
    rate = statistics.median(row["updates_per_second"] for row in trained)
    between = settings["measure_every"] * lanes / rate
    taken = statistics.median(measured)
    (task,), (variant,), (utd,) = settings["tasks"], settings["variants"], settings["utd"]
    return dict(zip(COLUMNS, (task, variant["name"], utd, lanes, settings["diagnose"], settings["measure_every"],
                              len(measured), taken, between, taken / between), strict=True))


def as_markdown(rows: list[dict], machine: str) -> str:
    lines = ["# Cost of measuring", "", machine, "",
             "Seconds of one measurement, of training from one to the next, and the first over the second.", "",
             "| task | variant | UTD | lanes | level | updates between | measured | measure, s | train, s | share |",
             "|---|---|---:|---:|---|---:|---:|---:|---:|---:|"]
    lines += [f"| {row['task']} | {row['variant']} | {row['utd']} | {row['lanes']} | {row['level']} | "
              f"{row['interval']:,} | {row['measurements']} | {row['measure_seconds']:.2f} | "
              f"{row['train_seconds']:.1f} | {row['share']:.2%} |" for row in rows]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default="cheetah-run,humanoid-run", help="to train; none if empty")
    parser.add_argument("--lanes", default="1,3")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="finished runs of one task, variant and UTD")
    parser.add_argument("--out", type=Path, help="OUT.csv and OUT.md")
    given = parser.parse_args()
    rows = [measure(task, lanes, level) for task in filter(None, given.tasks.split(","))
            for lanes in map(int, given.lanes.split(",")) for level in ("cheap", "full")]
    rows += map(of_run, given.runs)
    from importlib import metadata

    from divbench.execute.device import describe_device

    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("jax", "mujoco"))
    machine = f"physics host, device {describe_device()}, {versions}"
    text = as_markdown(rows, f"{machine}; finished runs: as their cards say" if given.runs else machine)
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
