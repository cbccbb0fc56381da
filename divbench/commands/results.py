"""`divbench report`, `watch`, `compare`, `import` and `export`: what results mean, and where they come from and go."""

from __future__ import annotations

import json
from pathlib import Path

from divbench.commands.codes import OK, reader_may_leave, refuse_unwritable
from divbench.spec.errors import UsageError, choose
from divbench.spec.parsers import AGAINST
from divbench.spec.text import parse_rate


def report(given: dict) -> int:
    _check_page(given, "report")
    first, *others = given["folders"]
    from divbench.report.build import report

    report(first, quiet=given.get("quiet", False), json=given.get("json", False), html=given.get("html", False),
           others=others, against=_curves(given))
    return OK


def watch(given: dict) -> int:
    _check_page(given, "watch")
    every = parse_rate(given["every"], "--every") if "every" in given else None
    first, *others = given["folders"]
    from divbench.report.watch import INTERVAL, watch

    watch(first, html=given.get("html", False), others=others, against=_curves(given), interval=every or INTERVAL)
    return OK


def compare(given: dict) -> int:
    from divbench.spec.compare import read_request

    request = read_request(given)
    from divbench.report.compare import compare, describe, record

    result = compare(request)
    with reader_may_leave():
        print(json.dumps(record(result), allow_nan=False) if request.json else describe(result))
    return result.exit_code


def import_results(given: dict) -> int:
    from divbench.spec.exchange import read_import

    request = read_import(given)
    refuse_unwritable(request.out)
    from divbench.report.importing import describe_import, import_results

    print(describe_import(import_results(request)))
    return OK


def export_results(given: dict) -> int:
    from divbench.spec.exchange import read_export

    request = read_export(given)
    refuse_unwritable(str(request.target.parent))
    from divbench.report.exporting import export_results

    files = export_results(request)
    print(f"exported  {request.target}: {len(files)} file{'s' if len(files) != 1 else ''}")
    return OK


def _check_page(given: dict, command: str) -> None:
    """Refuse folders that hold no run, and what only a page can show without a page."""
    if not given.get("html"):
        for what, needed in (("--against", "against" in given), ("a second folder", len(given["folders"]) > 1)):
            if needed:
                raise UsageError(f"{command}: {what} is shown in the page; add --html")
    if "against" in given:
        choose("results to stand against", given["against"], AGAINST)
    for path in map(Path, given["folders"]):
        if not path.is_dir():
            found = "a file" if path.exists() else "nothing"
            raise UsageError(f"{command}: expected a run folder, found {found} at '{path}'")
        if not (path / "card.json").is_file():
            raise UsageError(f"{command}: expected a run folder, found no card.json in '{path}'")


def _curves(given: dict) -> list | None:
    if "against" not in given:
        return None
    from divbench.report.published import published_curves

    return published_curves()
