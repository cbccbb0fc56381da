"""`divbench bench`: how fast this machine trains, as a table, a record and a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from divbench.cli.answer import Answer
from divbench.cli.codes import refuse_measured, refuse_unwritable
from divbench.cli.config import make_spec
from divbench.spec.errors import UsageError, choose
from divbench.spec.run_spec import RunSpec
from divbench.spec.suites import SUITES
from divbench.studies.bench.request import TABLE, TASKS, VARIANTS, BenchRequest, suite_of
from divbench.studies.bench.rows import BenchRow

OF_THE_REQUEST = ("lanes", "utd", "seconds", "out", "force", "quiet", "json")


def bench(given: dict) -> Answer:
    fields = {key: given.pop(key) for key in OF_THE_REQUEST if key in given}
    if "utd" in fields:
        fields["utd"] = tuple(sorted(fields["utd"]))
    suite = choose("suite", given.get("suite", RunSpec.suite), SUITES)
    if SUITES[suite].offline:
        raise UsageError(f"--suite: expected one whose lanes act, found '{suite}', which learns from a dataset")
    request = BenchRequest(make_spec({"tasks": TASKS, "variants": VARIANTS, **given}), **fields)
    request.spec.check_installed()
    for variant in request.spec.variants:
        suite_of(request, variant)  # raises for a physics that a task of the suite does not have
    refuse_unwritable(request.out)
    folder = Path(request.out)
    refuse_measured(folder, TABLE, request.force)
    from divbench.execute.compile_cache import switched_off
    from divbench.studies.bench.files import write_bench
    from divbench.studies.bench.measuring import measure_bench
    from divbench.studies.bench.wording import as_record, describe

    with switched_off():  # what is read from disk is not compiled, and its seconds would say so
        found = measure_bench(request, sys.argv, _teller(request))
    files = write_bench(folder, found)
    return Answer(lambda: {**as_record(found), "files": files},
                  lambda: print(f"{describe(found)}\n\nwritten  {folder}/: {', '.join(files)}"))


def _teller(request: BenchRequest) -> Callable[[BenchRow], None]:
    """What reports every row: JSON lines on standard error, lines for people, or nobody."""
    from divbench.execute.wording import write_line
    from divbench.studies.bench.wording import line

    def tell(row: BenchRow) -> None:
        if request.json:
            write_line(sys.stderr, json.dumps({"event": "measured", **row._asdict()}))
        elif not request.quiet:
            write_line(sys.stdout, line(row))

    return tell
