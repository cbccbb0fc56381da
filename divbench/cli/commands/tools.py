"""`divbench list`, `explain`, `cite`, `render`, `parity` and `doctor`: what there is, and whether it works."""

from __future__ import annotations

from pathlib import Path

from divbench.cli.answer import Answer
from divbench.cli.codes import FAILED, OK, refuse_unwritable
from divbench.cli.table import LISTS
from divbench.execute.parity.request import ParityRequest
from divbench.execute.rendering.request import RenderRequest, refuse_existing


def list(given: dict) -> Answer:
    from divbench.cli import catalogue
    from divbench.experiments import catalogue as experiments

    kinds = [given["what"]] if given.get("what") else LISTS
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
    from divbench.cli.citations import bibtex

    entries = bibtex(given.get("variants", ()))
    return Answer(lambda: {"bibtex": entries}, lambda: print(entries, end=""))


def render(request: RenderRequest) -> Answer:
    refuse_unwritable(request.folder)
    from divbench.execute.rendering.film import render

    film = render(request)
    early = ("; then the physics went non-finite" if film.nonfinite else
             ", the last of which ended the task" if film.terminated else "")
    text = (f"return   {film.episode_return:.1f} over {film.steps} control steps{early}\n"
            f"film     {film.path}: {film.frames} frames, {film.seconds:.1f} s")
    return Answer(lambda: {"film": film}, lambda: print(text))


def parity(request: ParityRequest) -> Answer:
    refuse_unwritable(request.out)
    refuse_existing(Path(request.out) / "parity.csv", request.force)
    from divbench.execute.parity.measuring import as_text, run_parity

    rows = run_parity(request)
    return Answer(lambda: {"folder": request.out, "rows": rows},
                  lambda: print(f"\n{as_text(rows)}\n\ntables   {request.out}/: parity.csv, parity.md"))


def doctor(given: dict) -> Answer:
    from divbench.execute.doctor import describe, diagnose

    checks = diagnose()
    ok = all(check.ok for check in checks)
    return Answer(lambda: {"checks": checks, "ok": ok}, lambda: print(describe(checks)), OK if ok else FAILED)
