"""`divbench reproduce` and `claims`."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path

from divbench.commands.codes import FAILED, INTERRUPTED, OK, reader_may_leave, refuse_unwritable
from divbench.spec.errors import UsageError


def reproduce(given: dict) -> int:
    from divbench.experiments import catalogue, reproduce
    from divbench.experiments.experiment import MeasuredExperiment
    from divbench.spec.experiments import read_request

    request = read_request(given)
    if request.list:
        print(catalogue.describe())
        return OK
    refuse_unwritable(request.out)
    experiment = catalogue.EXPERIMENTS[request.name]
    if isinstance(experiment, MeasuredExperiment):
        return _measure(experiment, request)
    plan = reproduce.make_plan(experiment, request)
    if not (request.plan or request.so_far):
        for spec in plan.runs:
            refuse_unwritable(spec.folder)
    aloud = not (request.json or request.quiet)
    if not request.json:
        print(_claim_text(experiment, request.scale))
    if request.plan:
        print(json.dumps(reproduce.plan_record(plan)) if request.json else f"\n{reproduce.describe_plan(plan)}")
        return OK
    if aloud:
        print(f"\n{reproduce.describe_plan(plan)}\n", flush=True)
    results = [] if request.so_far else reproduce.train(plan, print if aloud else lambda line: None)
    failed = [f"{result.folder}: {name}" for result in results for name in result.failed]
    interrupted = bool(results) and results[-1].interrupted
    code = INTERRUPTED + results[-1].signal if interrupted else FAILED if failed else OK
    with reader_may_leave():
        if code == OK:
            record = reproduce.settle(plan)
            print(json.dumps(record, allow_nan=False) if request.json else _outcome_text(record, plan.folder))
        elif request.json:
            print(json.dumps({"experiment": experiment.name, "failed": failed, "interrupted": interrupted,
                              "exit_code": code}))
        elif interrupted:
            print("interrupted; the same command continues from the checkpoint")
        else:
            told = [*(f"failed: {name}" for name in failed), "nothing is decided; the same command tries again"]
            print("\n".join(told))
    return code


def _measure(experiment, request) -> int:
    """The same for a claim that a measurement decides."""
    from divbench.execute.wording import write_line
    from divbench.experiments import measuring

    if request.so_far:
        raise UsageError(f"--so-far: '{experiment.name}' is decided by a measurement, not by runs; leave it out")
    measuring.check(experiment, request)
    folder = measuring.outcome_folder(experiment, request)
    aloud = not (request.json or request.quiet)
    if not request.json:
        print(_claim_text(experiment, request.scale))
    if request.plan or aloud:
        print(json.dumps(measuring.measurement_record(experiment, request)) if request.json
              else f"\n{measuring.describe_measurement(experiment, request)}", flush=True)
    if request.plan:
        return OK
    tell = functools.partial(write_line, sys.stdout) if aloud else lambda line: None
    record = measuring.settle(experiment, request, tell)
    with reader_may_leave():
        print(json.dumps(record, allow_nan=False) if request.json else _outcome_text(record, folder))
    return OK


def _claim_text(experiment, scale: str) -> str:
    lines = [f"claim    {experiment.claim}", f"source   {experiment.source}"]
    if experiment.decided(scale) != experiment.claim:
        lines.append(f"decides  {experiment.decided(scale)}")
    if scale == "quick":
        lines.append(f"quick    {experiment.quick_shows}")
    return "\n".join(lines)


def _outcome_text(record: dict, folder: Path) -> str:
    from divbench.experiments.outcomes import describe_outcome

    return f"\n{describe_outcome(record)}\n\noutcome  {folder}/: outcome.json, outcome.md, figure.png and more"


def claims(given: dict) -> int:
    from divbench.experiments.outcomes import find_outcomes, scoreboard

    print(scoreboard(find_outcomes(given.get("dir")), markdown=given.get("markdown", False)))
    return OK
