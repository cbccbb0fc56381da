"""The command line: `divbench run | list | plan | report | render | parity | doctor | reproduce | claims | explain`.
Thin: it reads, calls one wing and prints.

Every wrong input ends as one line on standard error and exit code 2. Nothing heavy is imported before a
command is known to be right, so that help and refusals are immediate. What can be said on it is in
`divbench.spec.parsers`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from divbench.spec import parsers
from divbench.spec.errors import UsageError, nearest
from divbench.spec.text import parse_rate

HELP_FLAGS, VERSION_FLAGS = ("-h", "--help", "help"), ("-V", "--version", "version")
OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 128


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code.

    0: done; 1: a group failed or something does not fit together; 2: a wrong request; 128 + signal:
      interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(words)
    except UsageError as error:
        print(f"divbench: {' '.join(str(error).split())}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("divbench: interrupted", file=sys.stderr)
        return INTERRUPTED + signal.SIGINT
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _dispatch(words: list[str]) -> int:
    if not words:
        raise UsageError(f"expected a command: {', '.join(parsers.COMMANDS)}; 'divbench --help' says more")
    first, rest = words[0], words[1:]
    if first in HELP_FLAGS:
        print(_overview())
        return OK
    if first in VERSION_FLAGS:
        print(f"divbench {_version()}")
        return OK
    if first.startswith("-"):
        hint = nearest(first, ("--help", "--version"))
        raise UsageError(f"unknown flag '{first}' before a command; commands: {', '.join(parsers.COMMANDS)}{hint}")
    if first not in parsers.COMMANDS:
        raise UsageError(f"unknown command '{first}'; known: {', '.join(parsers.COMMANDS)}"
                         f"{nearest(first, parsers.COMMANDS)}")
    make_parser, command = {
        "run": (parsers.spec_parser, _run),
        "list": (parsers.list_parser, _list),
        "plan": (parsers.spec_parser, _plan),
        "report": (parsers.report_parser, _report),
        "render": (parsers.render_parser, _render),
        "parity": (parsers.parity_parser, _parity),
        "doctor": (parsers.doctor_parser, _doctor),
        "reproduce": (parsers.reproduce_parser, _reproduce),
        "claims": (parsers.claims_parser, _claims),
        "explain": (parsers.explain_parser, _explain),
    }[first]
    given = parsers.parse(make_parser(first), rest)
    return OK if given is None else command(given)


def _run(given: dict) -> int:
    from divbench.spec.plan import silent_resets
    from divbench.spec.reading import read_spec

    spec = read_spec(given, given.pop("config", None))
    _refuse_unwritable(spec.folder)
    from divbench.execute.progress import make_progress
    from divbench.execute.run import run

    with make_progress(spec) as progress:
        result = run(spec, progress=progress)
    code = INTERRUPTED + result.signal if result.interrupted else FAILED if result.failed else OK
    if spec.json:
        print(json.dumps({"folder": str(result.folder), "failed": list(result.failed),
                          "interrupted": result.interrupted, "already_finished": result.already_finished,
                          "silent_resets": silent_resets(spec), "exit_code": code}))
        return code
    if result.interrupted:
        print(f"interrupted; the same command continues from the checkpoint in {result.folder}")
        return code
    from divbench.report.summary import print_summary

    if result.already_finished:
        print(f"already finished: {result.folder}; --force starts over")
    print_summary(result.folder)
    for name in result.failed:
        print(f"failed: {name}")
    return code


def _plan(given: dict) -> int:
    from divbench.spec.plan import make_groups, silent_resets
    from divbench.spec.reading import read_spec

    rate = parse_rate(given.pop("rate"), "--rate") if "rate" in given else None
    spec = read_spec(given, given.pop("config", None))
    from divbench.spec.estimate import estimate
    from divbench.spec.forecast import describe_plan, plan_record, scaled_rates

    if rate is None:
        from divbench.execute.calibrate import measure_rate
        from divbench.execute.device import fused_default

        groups = make_groups(spec, fused=fused_default())
        rates = scaled_rates(groups, lambda group: measure_rate(group, spec.physics, spec.precision))
        basis = "measured for the first group of each structure, scaled by FLOPs to the others"
    else:
        groups = make_groups(spec, fused=False)
        rates = [rate] * len(groups)
        basis = "stated; groups as on a CPU, one for each set of mechanisms"
    estimates = [estimate(spec, group, pace) for group, pace in zip(groups, rates, strict=True)]
    silent = silent_resets(spec)
    if spec.json:
        print(json.dumps(plan_record(spec, estimates, basis, silent)))
    else:
        print(describe_plan(spec, estimates, basis, silent))
    return OK


def _list(given: dict) -> int:
    from divbench.experiments.catalogue import describe as describe_experiments
    from divbench.spec.catalogue import describe

    kinds = [kind for kind in parsers.LISTS if given.get("what") in (None, kind)]
    print("\n\n".join(describe_experiments() if kind == "experiments" else describe(kind) for kind in kinds))
    return OK


def _report(given: dict) -> int:
    path = Path(given["folder"])
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise UsageError(f"report: expected a run folder, found {found} at '{path}'")
    if not (path / "card.json").is_file():
        raise UsageError(f"report: expected a run folder, found no card.json in '{path}'")
    from divbench.report.build import report

    report(path, quiet=given.get("quiet", False), json=given.get("json", False))
    return OK


def _render(given: dict) -> int:
    from divbench.spec.render import read_request

    request = read_request(given)
    _refuse_unwritable(request.folder)
    from divbench.execute.render import render

    film = render(request)
    early = "; then the physics went non-finite" if film.nonfinite else ""
    print(f"return   {film.episode_return:.1f} over {film.steps} control steps{early}")
    print(f"film     {film.path}: {film.frames} frames, {film.seconds:.1f} s")
    return OK


def _parity(given: dict) -> int:
    from divbench.spec.parity import read_request

    request = read_request(given)
    _refuse_unwritable(request.out)
    from divbench.execute.parity import as_text, run_parity

    print(f"\n{as_text(run_parity(request))}\n\ntables   {request.out}/: parity.csv, parity.md")
    return OK


def _doctor(given: dict) -> int:
    from divbench.execute.doctor import describe, diagnose

    checks = diagnose()
    if given.get("json"):
        ok = all(check.ok for check in checks)
        print(json.dumps({"checks": [check.record() for check in checks], "ok": ok}))
    else:
        print(describe(checks))
    return OK if all(check.ok for check in checks) else FAILED


def _reproduce(given: dict) -> int:
    from divbench.experiments import catalogue, reproduce
    from divbench.spec.experiments import read_request

    request = read_request(given)
    if request.list:
        print(catalogue.describe())
        return OK
    _refuse_unwritable(request.out)
    experiment = catalogue.EXPERIMENTS[request.name]
    plan = reproduce.make_plan(experiment, request)
    if not request.plan:
        for spec in plan.runs:
            _refuse_unwritable(spec.folder)
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
    if code == OK:
        record = reproduce.settle(plan)
        print(json.dumps(record, allow_nan=False) if request.json else _outcome_text(record, plan.folder))
    elif request.json:
        print(json.dumps({"experiment": experiment.name, "failed": failed, "interrupted": last.interrupted,
                          "exit_code": code}))
    elif last.interrupted:
        print("interrupted; the same command continues from the checkpoint")
    else:
        print("\n".join([*(f"failed: {name}" for name in failed), "nothing is decided; the same command tries again"]))
    return code


def _outcome_text(record: dict, folder: Path) -> str:
    from divbench.experiments.outcomes import describe_outcome

    return f"\n{describe_outcome(record)}\n\noutcome  {folder}/: outcome.json, outcome.md, figure.png, figure.svg"


def _claims(given: dict) -> int:
    from divbench.experiments.outcomes import find_outcomes, scoreboard

    print(scoreboard(find_outcomes(given.get("dir")), markdown=given.get("markdown", False)))
    return OK


def _explain(given: dict) -> int:
    from divbench.report.explain import explain, overview

    print(explain(given["metric"]) if "metric" in given else overview())
    return OK


def _refuse_unwritable(folder: str) -> None:
    """Refuse a place where no run folder can be made, before anything is loaded or created."""
    place = Path(folder).absolute()
    try:
        existing = next(p for p in (place, *place.parents) if p.exists())
        usable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    except OSError as error:
        raise UsageError(f"--out: cannot write to '{folder}': {error.strerror}") from None
    if not usable:
        what = "is not writable" if existing.is_dir() else "is a file"
        raise UsageError(f"--out: expected a folder that can be written, found that '{existing}' {what}")


def _overview() -> str:
    lines = [f"  {name:<11}{text}" for name, text in parsers.COMMANDS.items()]
    head = ["usage: divbench COMMAND ...", "", "Q-value divergence in SAC, side by side.", "", "commands:"]
    return "\n".join([*head, *lines, "", "'divbench COMMAND --help' lists its flags"])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("divbench")
    except PackageNotFoundError:
        return "(not installed)"
