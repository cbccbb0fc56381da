"""`divbench reproduce` and `claims`."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.cli.answer import Answer
from divbench.cli.codes import FAILED, INTERRUPTED, refuse_unwritable
from divbench.experiments.request import ReproduceRequest
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    from divbench.experiments.experiment import Claim, MeasuredExperiment


def reproduce(request: ReproduceRequest) -> Answer:
    from divbench.experiments import catalogue, reproduce
    from divbench.experiments.experiment import MeasuredExperiment

    if request.list:
        return Answer(lambda: {"experiments": catalogue.records()}, lambda: print(catalogue.describe()))
    refuse_unwritable(request.out)
    experiment = catalogue.EXPERIMENTS[request.name or ""]
    if isinstance(experiment, MeasuredExperiment):
        return _measure(experiment, request)
    plan = reproduce.make_plan(experiment, request)
    if not (request.plan or request.so_far):
        for spec in plan.runs:
            refuse_unwritable(spec.folder)
    if not request.json:
        print(_claim_text(experiment, request.scale))
    if request.plan:
        return Answer(lambda: reproduce.plan_record(plan), lambda: print(f"\n{reproduce.describe_plan(plan)}"))
    aloud = not (request.json or request.quiet)
    if aloud:
        print(f"\n{reproduce.describe_plan(plan)}\n", flush=True)
    results = [] if request.so_far else reproduce.train(plan, print if aloud else lambda line: None)
    failed = [f"{result.folder}: {name}" for result in results for name in result.failed]
    interrupted = bool(results) and results[-1].interrupted
    if interrupted or failed:
        told = ["interrupted; the same command continues from the checkpoint"] if interrupted else [
            *(f"failed: {name}" for name in failed), "nothing is decided; the same command tries again"]
        return Answer(lambda: {"experiment": experiment.name, "failed": failed, "interrupted": interrupted},
                      lambda: print("\n".join(told)), INTERRUPTED + results[-1].signal if interrupted else FAILED)
    return _settled(reproduce.settle(plan), plan.folder)


def _measure(experiment: MeasuredExperiment, request: ReproduceRequest) -> Answer:
    """The same for a claim that a measurement decides."""
    from divbench.execute.wording import write_line
    from divbench.experiments import measuring

    if request.so_far:
        raise UsageError(f"--so-far: '{experiment.name}' is decided by a measurement, not by runs; leave it out")
    measuring.check(experiment, request)
    described = f"\n{measuring.describe_measurement(experiment, request)}"
    if not request.json:
        print(_claim_text(experiment, request.scale))
    if request.plan:
        return Answer(lambda: measuring.measurement_record(experiment, request), lambda: print(described))
    aloud = not (request.json or request.quiet)
    if aloud:
        print(described, flush=True)
    tell = functools.partial(write_line, sys.stdout) if aloud else lambda line: None
    return _settled(measuring.settle(experiment, request, tell), measuring.outcome_folder(experiment, request))


def _settled(record: dict, folder: Path) -> Answer:
    return Answer(lambda: record, lambda: print(_outcome_text(record, folder)))


def _claim_text(experiment: Claim, scale: str) -> str:
    lines = [f"claim    {experiment.claim}", f"source   {experiment.source}"]
    if experiment.decided(scale) != experiment.claim:
        lines.append(f"decides  {experiment.decided(scale)}")
    if scale == "quick":
        lines.append(f"quick    {experiment.quick_shows}")
    return "\n".join(lines)


def _outcome_text(record: dict, folder: Path) -> str:
    from divbench.experiments.outcomes import describe_outcome

    return f"\n{describe_outcome(record)}\n\noutcome  {folder}/: outcome.json, outcome.md, figure.png and more"


def claims(given: dict) -> Answer:
    from divbench.experiments.outcomes import find_outcomes, scoreboard, scoreboard_record

    outcomes = find_outcomes(given.get("dir"))
    return Answer(lambda: scoreboard_record(outcomes),
                  lambda: print(scoreboard(outcomes, markdown=given.get("markdown", False))))
