"""`divbench list`, `explain`, `cite`, `render`, `parity` and `doctor`: what there is, and whether it works."""

from __future__ import annotations

import json
from pathlib import Path

from divbench.commands.codes import FAILED, OK, reader_may_leave, refuse_unwritable
from divbench.spec import parsers
from divbench.spec.errors import choose


def list(given: dict) -> int:
    from divbench.experiments.catalogue import describe as describe_experiments
    from divbench.spec.catalogue import describe

    what = given.get("what")
    kinds = parsers.LISTS if what is None else [choose("list", what, parsers.LISTS)]
    print("\n\n".join(describe_experiments() if kind == "experiments" else describe(kind) for kind in kinds))
    return OK


def explain(given: dict) -> int:
    from divbench.report.explain import explain, overview

    if ":" in given.get("metric", ""):
        from divbench.execute.critic_facts import explain_critic

        print(explain_critic(given["metric"]))
        return OK
    print(explain(given["metric"]) if "metric" in given else overview())
    return OK


def cite(given: dict) -> int:
    from divbench.spec.citations import bibtex
    from divbench.spec.text import split_names

    print(bibtex(split_names(given["variants"], "cite") if "variants" in given else ()), end="")
    return OK


def render(given: dict) -> int:
    from divbench.spec.render import read_request

    request = read_request(given)
    refuse_unwritable(request.folder)
    from divbench.execute.render import render

    film = render(request)
    early = "; then the physics went non-finite" if film.nonfinite else ""
    print(f"return   {film.episode_return:.1f} over {film.steps} control steps{early}")
    print(f"film     {film.path}: {film.frames} frames, {film.seconds:.1f} s")
    return OK


def parity(given: dict) -> int:
    from divbench.spec.parity import read_request
    from divbench.spec.render import refuse_existing

    request = read_request(given)
    refuse_unwritable(request.out)
    refuse_existing(Path(request.out) / "parity.csv", request.force)
    from divbench.execute.parity import as_text, run_parity

    print(f"\n{as_text(run_parity(request))}\n\ntables   {request.out}/: parity.csv, parity.md")
    return OK


def doctor(given: dict) -> int:
    from divbench.execute.doctor import describe, diagnose

    checks = diagnose()
    ok = all(check.ok for check in checks)
    with reader_may_leave():
        if given.get("json"):
            print(json.dumps({"checks": [check.record() for check in checks], "ok": ok}))
        else:
            print(describe(checks))
    return OK if ok else FAILED
