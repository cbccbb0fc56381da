"""`divbench list`, `explain`, `cite`, `render`, `parity` and `doctor`: what there is, and whether it works."""

from __future__ import annotations

from pathlib import Path

from divbench.commands.answer import Answer
from divbench.commands.codes import FAILED, OK, refuse_unwritable
from divbench.spec import parsers
from divbench.spec.errors import choose


def list(given: dict) -> Answer:
    from divbench.experiments import catalogue as experiments
    from divbench.spec import catalogue

    what = given.get("what")
    kinds = parsers.LISTS if what is None else [choose("list", what, parsers.LISTS)]
    describe = catalogue.DESCRIBE | {"experiments": experiments.describe}
    records = catalogue.RECORDS | {"experiments": experiments.records}
    return Answer(lambda: {kind: records[kind]() for kind in kinds},
                  lambda: print("\n\n".join(describe[kind]() for kind in kinds)))


def explain(given: dict) -> Answer:
    from divbench.report import explain

    if ":" in given.get("metric", ""):
        from divbench.execute.critic_facts import described, facts_of_variant

        facts = facts_of_variant(given["metric"])
        return Answer(lambda: facts, lambda: print(described(facts)))
    if "metric" not in given:
        return Answer(explain.overview_record, lambda: print(explain.overview()))
    return Answer(lambda: explain.explanation_record(given["metric"]), lambda: print(explain.explain(given["metric"])))


def cite(given: dict) -> Answer:
    from divbench.spec.citations import bibtex
    from divbench.spec.text import split_names

    entries = bibtex(split_names(given["variants"], "cite") if "variants" in given else ())
    return Answer(lambda: {"bibtex": entries}, lambda: print(entries, end=""))


def render(given: dict) -> Answer:
    from divbench.spec.render import read_request

    request = read_request(given)
    refuse_unwritable(request.folder)
    from divbench.execute.render import render

    film = render(request)
    early = ("; then the physics went non-finite" if film.nonfinite else
             ", the last of which ended the task" if film.terminated else "")
    text = (f"return   {film.episode_return:.1f} over {film.steps} control steps{early}\n"
            f"film     {film.path}: {film.frames} frames, {film.seconds:.1f} s")
    return Answer(lambda: {"film": film}, lambda: print(text))


def parity(given: dict) -> Answer:
    from divbench.spec.parity import read_request
    from divbench.spec.render import refuse_existing

    request = read_request(given)
    refuse_unwritable(request.out)
    refuse_existing(Path(request.out) / "parity.csv", request.force)
    from divbench.execute.parity import as_text, run_parity

    rows = run_parity(request)
    return Answer(lambda: {"folder": request.out, "rows": rows},
                  lambda: print(f"\n{as_text(rows)}\n\ntables   {request.out}/: parity.csv, parity.md"))


def doctor(given: dict) -> Answer:
    from divbench.execute.doctor import describe, diagnose

    checks = diagnose()
    ok = all(check.ok for check in checks)
    return Answer(lambda: {"checks": checks, "ok": ok}, lambda: print(describe(checks)), OK if ok else FAILED)
