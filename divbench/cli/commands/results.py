"""`divbench report`, `watch`, `compare`, `import` and `export`: what results mean, and where they come from and go."""

from __future__ import annotations

from pathlib import Path

from divbench.cli.answer import Answer
from divbench.cli.codes import refuse_unwritable
from divbench.records.dialects.request import ExportRequest, ImportRequest
from divbench.report.compare.request import CompareRequest
from divbench.spec.errors import UsageError


def report(given: dict) -> Answer:
    _check_page(given, "report")
    first, *others = given["folders"]
    from divbench.report.build import report_record, write_report
    from divbench.report.summary import show_summary

    evidence, files = write_report(first, html=given.get("html", False), others=others, against=_curves(given))
    return Answer(lambda: report_record(evidence, files),
                  lambda: None if given.get("quiet") else show_summary(evidence))


def watch(given: dict) -> Answer:
    _check_page(given, "watch")
    first, *others = given["folders"]
    from divbench.report.watch import INTERVAL, watch

    page = watch(first, html=given.get("html", False), others=others, against=_curves(given),
                 interval=given.get("every", INTERVAL))
    return Answer(lambda: {"folder": first, "page": page}, lambda: None)


def compare(request: CompareRequest) -> Answer:
    from divbench.report.compare import compare, describe, record

    result = compare(request)
    return Answer(lambda: record(result), lambda: print(describe(result)), result.exit_code)


def import_results(request: ImportRequest) -> Answer:
    refuse_unwritable(request.out)
    from divbench.report.importing import describe_import, import_record, import_results

    folder = import_results(request)
    return Answer(lambda: import_record(folder), lambda: print(describe_import(folder)))


def export_results(request: ExportRequest) -> Answer:
    refuse_unwritable(str(request.target.parent))
    from divbench.report.exporting import export_results

    files = export_results(request)
    return Answer(lambda: {"exported": request.target, "files": files},
                  lambda: print(f"exported  {request.target}: {len(files)} file{'s' if len(files) != 1 else ''}"))


def _check_page(given: dict, command: str) -> None:
    """Refuse folders that hold no run, and what only a page can show without a page."""
    if not given.get("html"):
        for what, needed in (("--against", "against" in given), ("a second folder", len(given["folders"]) > 1)):
            if needed:
                raise UsageError(f"{command}: {what} is shown in the page; add --html")
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
