"""Learner speed beside sbx's SAC (Stable-Baselines3 in JAX), on one machine, in alternation.

Command: `make bench`, or

    python benchmarks/sbx_speed.py --sbx-python .venv-sbx/bin/python --out results/runs/bench/sbx_speed

Each round runs, one after the other and each in a process of its own: sbx, divbench with one lane, divbench
with `--lanes` lanes. Five rounds, medians. What is counted and what is not: benchmarks/README.md. This file
is the driver and, started with `--side sbx` by the other venv's Python, sbx's side; at its top it imports
nothing but the standard library, so either venv can start it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

UTD = 8
BATCH_SIZE = 256
HIDDEN = (256, 256)
RANDOM_STEPS = 10_000  # divbench's warm-up in dmc15-500k
SBX_RANDOM_STEPS = 1_000
SBX_SETTLE_STEPS = 50  # env steps after sbx's first update that are not timed: its compilation is in them


def measure_sbx(policy_steps: int, seed: int) -> dict:
    """Train sbx's SAC on HalfCheetah-v5 for `policy_steps` timed env steps, `UTD` updates after each."""
    import sbx
    from stable_baselines3.common.callbacks import BaseCallback

    class Clock(BaseCallback):
        """Notes the time and the update count once compilation is over."""

        started = None

        def _on_step(self) -> bool:
            if self.num_timesteps == SBX_RANDOM_STEPS + SBX_SETTLE_STEPS:
                self.started = (time.perf_counter(), self.model._n_updates)
            return True

    clock = Clock()
    model = sbx.SAC(
        "MlpPolicy",
        "HalfCheetah-v5",
        seed=seed,
        batch_size=BATCH_SIZE,
        train_freq=1,
        gradient_steps=UTD,
        learning_starts=SBX_RANDOM_STEPS,
        policy_kwargs={"net_arch": list(HIDDEN)},
    )
    model.learn(SBX_RANDOM_STEPS + SBX_SETTLE_STEPS + policy_steps, callback=clock)
    seconds = time.perf_counter() - clock.started[0]
    updates = model._n_updates - clock.started[1]
    names = ("sbx-rl", "stable-baselines3", "gymnasium", "mujoco", "jax", "torch")
    return {
        "updates": updates,
        "seconds": seconds,
        "updates_per_second": updates / seconds,
        "all_updates": model._n_updates,
        "versions": {name: metadata.version(name) for name in names},
    }


def run_sbx(python: str, policy_steps: int, seed: int) -> dict:
    """sbx's side in a fresh process of its venv; adds the wall-inclusive rate."""
    command = [
        python,
        str(Path(__file__).resolve()),
        "--side",
        "sbx",
        "--policy-steps",
        str(policy_steps),
        "--seed",
        str(seed),
    ]
    started = time.perf_counter()
    result = json.loads(_output(command).splitlines()[-1])
    wall = time.perf_counter() - started
    return result | {"wall_seconds": wall, "updates_per_second_wall": result["all_updates"] / wall}


def run_divbench(command: str, lanes: int, policy_steps: int, seed: int, folder: Path) -> dict:
    """`divbench run` of baseline lanes in a fresh process; its rates are read from the run's timing table."""
    arguments = [
        command,
        "run",
        "--suite",
        "dmc15-500k",
        "--tasks",
        "cheetah-run",
        "--variants",
        "baseline",
        "--utd",
        str(UTD),
        "--seeds",
        str(lanes),
        "--seed-start",
        str(seed),
        "--steps",
        str(RANDOM_STEPS + policy_steps),
        "--out",
        str(folder),
        "--quiet",
    ]
    started = time.perf_counter()
    _output(arguments)
    wall = time.perf_counter() - started
    with open(folder / "tables" / "timing.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["phase"] == "policy"]
    groups = {row["group"] for row in rows}
    if len(groups) != 1 or {int(row["lanes"]) for row in rows} != {lanes}:
        raise SystemExit(f"expected {lanes} lanes in one group, found groups {sorted(groups)}")
    updates = max(int(row["update"]) for row in rows) * lanes
    if updates != policy_steps * UTD * lanes:
        raise SystemExit(f"expected {policy_steps * UTD * lanes} updates, the timing table has {updates}")
    seconds = {
        event: sum(float(row["seconds"]) for row in rows if row["event"] == event)
        for event in sorted({row["event"] for row in rows})
    }
    learning = sum(s for event, s in seconds.items() if event not in ("compile", "evaluate"))
    running = sum(s for event, s in seconds.items() if event != "compile")
    return {
        "lanes": lanes,
        "updates": updates,
        "seconds": learning,
        "seconds_by_event": seconds,
        "updates_per_second": updates / learning,
        "updates_per_second_train": updates / seconds["train"],
        "updates_per_second_with_evaluation": updates / running,
        "wall_seconds": wall,
        "updates_per_second_wall": updates / wall,
        "card": json.loads((folder / "card.json").read_text()),
    }


def _output(command: list[str]) -> str:
    environment = os.environ | {"MUJOCO_GL": "disable", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-3000:]}")
    return done.stdout


RATES = (
    "updates_per_second",
    "updates_per_second_train",
    "updates_per_second_with_evaluation",
    "updates_per_second_wall",
)


def summarize(rounds: list[dict]) -> dict:
    """Medians of every rate per side, and of the paired ratios to sbx in the same round."""
    sides = [side for side in rounds[0] if side != "sbx"]
    medians = {
        side: {
            rate: statistics.median(r[side][rate] for r in rounds)
            for rate in RATES
            if rate in rounds[0][side]
        }
        for side in ["sbx", *sides]
    }
    ratios = {}
    for side in sides:
        for rate in medians[side]:
            beside = rate if rate == "updates_per_second_wall" else "updates_per_second"
            ratios.setdefault(side, {})[rate] = statistics.median(
                r[side][rate] / r["sbx"][beside] for r in rounds
            )
    return {"medians": medians, "ratios_to_sbx": ratios}


def to_markdown(report: dict) -> str:
    """The report as a short Markdown page: every round, medians, ratios."""
    rounds, summary = report["rounds"], report["summary"]
    sides = list(summary["medians"])
    lines = [
        f"Updates per second, UTD {UTD}, batch {BATCH_SIZE}, two layers of {HIDDEN[0]}, CPU "
        f"({report['machine']['cores']} cores), {report['policy_steps']:,} timed env steps per run.",
        "",
        "| round | " + " | ".join(sides) + " |",
        "|---" * (len(sides) + 1) + "|",
    ]
    for number, one in enumerate(rounds, 1):
        lines.append(
            f"| {number} | " + " | ".join(f"{one[side]['updates_per_second']:.0f}" for side in sides) + " |"
        )
    medians = (f"{summary['medians'][side]['updates_per_second']:.0f}" for side in sides)
    lines += [
        "| **median** | " + " | ".join(medians) + " |",
        "",
        "Median of the paired ratios to sbx:",
        "",
        "| side | " + " | ".join(RATES) + " |",
        "|---" * (len(RATES) + 1) + "|",
    ]
    for side, ratios in summary["ratios_to_sbx"].items():
        lines.append(f"| {side} | " + " | ".join(f"{ratios[rate]:.2f}" for rate in RATES) + " |")
    return "\n".join(lines) + "\n"


def compare(arguments: argparse.Namespace) -> dict:
    """All rounds; progress goes to stderr."""
    rounds = []
    folder = Path(tempfile.mkdtemp(prefix="divbench-bench-"))
    try:
        for number in range(arguments.rounds):
            one = {"sbx": run_sbx(arguments.sbx_python, arguments.policy_steps, number)}
            for lanes in dict.fromkeys((1, arguments.lanes)):
                place = folder / f"round{number}-lanes{lanes}"
                one[f"divbench x{lanes}"] = run_divbench(
                    arguments.divbench, lanes, arguments.policy_steps, number, place
                )
            rounds.append(one)
            told = ", ".join(f"{side} {result['updates_per_second']:.0f}/s" for side, result in one.items())
            print(f"round {number + 1} of {arguments.rounds}: {told}", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    machine = {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
    }
    return {
        "machine": machine,
        "utd": UTD,
        "batch_size": BATCH_SIZE,
        "hidden": HIDDEN,
        "policy_steps": arguments.policy_steps,
        "rounds": rounds,
        "summary": summarize(rounds),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sbx-python", default=".venv-sbx/bin/python", help="Python of the venv that has sbx-rl"
    )
    parser.add_argument(
        "--divbench", default=str(Path(sys.executable).parent / "divbench"), help="our command"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lanes", type=int, default=4, help="lanes of the second divbench run")
    parser.add_argument(
        "--policy-steps", type=int, default=2_000, help=f"timed env steps; {UTD} updates after each"
    )
    parser.add_argument("--out", type=Path, help="write OUT.json and OUT.md instead of printing both")
    parser.add_argument("--side", choices=["sbx"], help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side == "sbx":
        print(json.dumps(measure_sbx(arguments.policy_steps, arguments.seed)))
        return
    report = compare(arguments)
    if arguments.out is None:
        print(json.dumps(report, indent=1))
        print(to_markdown(report))
    else:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
        arguments.out.with_suffix(".md").write_text(to_markdown(report))
        print(to_markdown(report))


if __name__ == "__main__":
    main()
