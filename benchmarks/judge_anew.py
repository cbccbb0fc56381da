"""Judges the kept rows of results/claims anew, after a change of the rules, and decides anew what rests on them.

    python benchmarks/judge_anew.py

Trains nothing and changes no measurement: it replaces the tables of verdicts in results/claims/rows, and the files of
the outcomes of which all runs are kept, or, for those in so-far/, some. It prints every verdict and every decision that
is another one now. Half a minute on two CPU cores.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import divbench
from divbench import results
from divbench.experiments.catalogue import EXPERIMENTS
from divbench.experiments.experiment import Experiment
from divbench.experiments.outcomes import OUTCOME, read_outcome
from divbench.experiments.recording import SO_FAR
from divbench.experiments.reproduce import make_plan, settle
from divbench.experiments.request import ReproduceRequest
from divbench.records.durable import write_atomically
from divbench.records.schema import check_rows
from divbench.records.tables import sort_rows, to_arrow, to_parquet
from divbench.verdict import verdict_rows
from divbench.verdict.rows import lane_of

CLAIMS = Path(results.__file__).resolve().parent / "claims"


def judge(run: Path) -> None:
    """Replace the table of verdicts of a kept run."""
    tables = divbench.load(run)
    before = {lane_of(row): row["verdict"] for row in tables.verdicts.to_pylist()}
    rows = sort_rows("verdicts", check_rows("verdicts", verdict_rows(tables.values.to_pylist())))
    for row in rows:
        if row["verdict"] != before[lane_of(row)]:
            print(f"{run.name}, {lane_of(row)}: {before[lane_of(row)]} -> {row['verdict']}")
    write_atomically(run / "tables" / "verdicts.parquet", to_parquet(to_arrow("verdicts", rows)))


def decide(name: str, so_far: bool) -> None:
    """Replace the files of an outcome; the current folder has the kept runs where experiments look for runs."""
    plan = make_plan(EXPERIMENTS[name], ReproduceRequest(name=name, so_far=so_far, out=str(CLAIMS)))
    before = read_outcome(plan.folder / OUTCOME)["status"]
    after = settle(plan)["status"]
    print(f"{name}{', so far' if so_far else ''}: {before}" + ("" if after == before else f" -> {after}"))


def main() -> None:
    kept = sorted(path for path in (CLAIMS / "rows").glob("*/"))
    for run in kept:
        judge(run)
    names = {run.name for run in kept}
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        Path("results").mkdir()
        Path("results", "runs").symlink_to(CLAIMS / "rows")
        for name, claim in EXPERIMENTS.items():
            trained = isinstance(claim, Experiment)
            if trained and (CLAIMS / name / OUTCOME).exists() and names >= {
                    Path(arm.spec.folder).name for arm in claim.runs("quick")}:
                decide(name, so_far=False)
            if trained and (CLAIMS / SO_FAR / name / OUTCOME).exists():
                decide(name, so_far=True)


if __name__ == "__main__":
    main()
