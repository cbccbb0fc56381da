"""`divbench report` and `compare`: what results mean."""

from __future__ import annotations

import json
from pathlib import Path

from divbench.commands.codes import OK
from divbench.spec.errors import UsageError


def report(given: dict) -> int:
    path = Path(given["folder"])
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise UsageError(f"report: expected a run folder, found {found} at '{path}'")
    if not (path / "card.json").is_file():
        raise UsageError(f"report: expected a run folder, found no card.json in '{path}'")
    from divbench.report.build import report

    report(path, quiet=given.get("quiet", False), json=given.get("json", False))
    return OK


def compare(given: dict) -> int:
    from divbench.spec.compare import read_request

    request = read_request(given)
    from divbench.report.compare import compare, describe, record

    result = compare(request)
    print(json.dumps(record(result), allow_nan=False) if request.json else describe(result))
    return result.exit_code
