"""Fits the early warning on finished runs, and says how far its probabilities can be believed.

    python benchmarks/warning_calibration.py RUN... --out results/baselines/warning

A run is a folder with a card. Every measurement after which the lane was watched for the warning's horizon counts once.
Each task is predicted by coefficients that were fitted on the other tasks alone; intervals count lanes, since the
measurements of a lane depend on each other. What the features are, and the coefficients in use,
stands in divbench/verdict/warning.py.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import divbench
from divbench.verdict import calibration
from divbench.verdict.rows import by_lane
from divbench.verdict.warning import COEFFICIENTS, FEATURES, HORIZON, INTERCEPT


def lanes_of(folders: list[Path]) -> list[list[dict]]:
    """The rows of the table of values of every lane; a lane that two runs have counts once."""
    lanes: dict[tuple, list[dict]] = {}
    for folder in folders:
        for name, rows in by_lane(divbench.load(folder).values.to_pylist()).items():
            lanes.setdefault((*name, rows[-1]["update"], rows[-1]["q_replay_mean"]), rows)
    return list(lanes.values())


def as_markdown(found: calibration.Calibration, folders: list[Path]) -> str:
    lines = ["# Calibration of the early warning", "",
             f"The probability that a lane diverges or explodes within the next {HORIZON:,} updates. "
             f"{found.examples:,} measurements of {found.lanes} lanes on {found.tasks} tasks, {found.events} of them "
             f"followed by it; each task predicted by what was fitted on the others.", "",
             "| predicted | measurements | lanes | mean predicted | observed | 95% interval |",
             "|---|---:|---:|---:|---:|---|"]
    lines += [f"| {b.low:.1f} to {b.high:.1f} | {b.count} | {b.lanes} | {b.predicted:.2f} | {b.observed:.2f} | "
              f"{b.observed_low:.2f} to {b.observed_high:.2f} |" for b in found.reliability]
    fitted = ", ".join(f"{name} {value:.3g}" for name, value in
                       zip(("intercept", *FEATURES), found.coefficients, strict=True))
    used = ", ".join(f"{value:.3g}" for value in (INTERCEPT, *COEFFICIENTS))
    lines += ["", f"Brier score {found.brier:.4f}; {found.climate:.4f} for a forecaster who always says the share of "
              "the other tasks. Intervals are those of as many independent cases as there are lanes.", "",
              f"Fitted on all: {fitted}. In use: {used}.", "",
              f"Runs: {', '.join(folder.name for folder in folders)}.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="OUT.md and OUT.csv")
    given = parser.parse_args()
    found = calibration.calibrate(lanes_of(given.runs))
    text = as_markdown(found, given.runs)
    print(text)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.with_suffix(".md").write_text(text)
        with open(given.out.with_suffix(".csv"), "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(calibration.Bin._fields)
            writer.writerows(found.reliability)


if __name__ == "__main__":
    main()
