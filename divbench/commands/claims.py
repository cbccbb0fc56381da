"""`divbench reproduce` and `claims`."""

from __future__ import annotations

import json
from pathlib import Path

from divbench.commands.codes import FAILED, INTERRUPTED, OK, reader_may_leave, refuse_unwritable


def reproduce(given: dict) -> int:
    from divbench.experiments import catalogue, reproduce
    from divbench.spec.experiments import read_request

    request = read_request(given)
    if request.list:
        print(catalogue.describe())
        return OK
    refuse_unwritable(request.out)
    experiment = catalogue.EXPERIMENTS[request.name]
    plan = reproduce.make_plan(experiment, request)
    if not request.plan:
        for spec in plan.runs:
            refuse_unwritable(spec.folder)
    aloud = not (request.json or request.quiet)
    if not request.json:
        print(f"claim    {experiment.claim}\nsource   {experiment.source}")
        if experiment.decided(request.scale) != experiment.claim:
            print(f"decides  {experiment.decided(request.scale)}")
        if request.scale == "quick":
            print(f"quick    {experiment.quick_shows}")
    if request.plan:
        print(json.dumps(reproduce.plan_record(plan)) if request.json else f"\n{reproduce.describe_plan(plan)}")
        return OK
    if aloud:
        print(f"\n{reproduce.describe_plan(plan)}\n", flush=True)
    results = reproduce.train(plan, print if aloud else lambda line: None)
    failed = [f"{result.folder}: {name}" for result in results for name in result.failed]
    last = results[-1]
    code = INTERRUPTED + last.signal if last.interrupted else FAILED if failed else OK
    with reader_may_leave():
        if code == OK:
            record = reproduce.settle(plan)
            print(json.dumps(record, allow_nan=False) if request.json else _outcome_text(record, plan.folder))
        elif request.json:
            print(json.dumps({"experiment": experiment.name, "failed": failed, "interrupted": last.interrupted,
                              "exit_code": code}))
        elif last.interrupted:
            print("interrupted; the same command continues from the checkpoint")
        else:
            told = [*(f"failed: {name}" for name in failed), "nothing is decided; the same command tries again"]
            print("\n".join(told))
    return code


def _outcome_text(record: dict, folder: Path) -> str:
    from divbench.experiments.outcomes import describe_outcome

    return f"\n{describe_outcome(record)}\n\noutcome  {folder}/: outcome.json, outcome.md, figure.png, figure.svg"


def claims(given: dict) -> int:
    from divbench.experiments.outcomes import find_outcomes, scoreboard

    print(scoreboard(find_outcomes(given.get("dir")), markdown=given.get("markdown", False)))
    return OK
