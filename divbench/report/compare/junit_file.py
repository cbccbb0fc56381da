"""A comparison as JUnit XML: one test suite per metric, one test case per cell and one over all cells.

The dialect that CI systems share: `testsuites/testsuite/testcase` with `failure`, `skipped` or `system-out`. A
regression is a failure; what is undecided is skipped, or with `--strict` a failure. What NEW lacks is a suite of its
own. Times are the seconds that reading and deciding took.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from divbench.report.compare.decisions import Row
from divbench.report.compare.result import Result
from divbench.report.compare.wording import headline, row_text, verdict_text
from divbench.report.naming import variant_name

NAME = "divbench compare"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML 1.0 has not


def junit(result: Result) -> str:
    """The comparison as a JUnit XML document; its first line after the declaration names it.

    Args:
      result: what `compare` returned. Each task, variant and metric is a test case; a regression is a failure.
    """
    suites = ET.Element("testsuites", name=NAME, time=_time(result.seconds))
    if result.began:
        suites.set("timestamp", result.began)
    totals = [len(result.failures), len(result.failures), 0]
    if result.failures:
        _lacking(suites, result)
    for metric in result.request.metrics:
        rows = [row for row in result.rows if row.metric == metric]
        counts = [len(rows), sum(_fails(row, result) for row in rows), sum(_skipped(row, result) for row in rows)]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        time = _time(sum(row.seconds for row in rows))
        suite = ET.SubElement(suites, "testsuite", {"name": metric, "time": time, "errors": "0", **_numbers(counts)})
        properties = ET.SubElement(suite, "properties")
        for version in result.versions:
            ET.SubElement(properties, "property", name=_clean(version.name),
                          value=_clean(f"{version.baseline} -> {version.new}"))
        for row in rows:
            _case(suite, row, result)
        lines = [headline(result), *map(verdict_text, result.verdicts), *result.notes]
        ET.SubElement(suite, "system-out").text = _clean("\n".join(lines))
    for name, value in (*_numbers(totals).items(), ("errors", "0")):
        suites.set(name, value)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _lacking(suites: ET.Element, result: Result) -> None:
    """One failed test case for each thing that NEW lacks."""
    count = len(result.failures)
    suite = ET.SubElement(suites, "testsuite", {"name": "completeness", "time": "0", "errors": "0",
                                                **_numbers([count, count, 0])})
    for place, failure in enumerate(result.failures, 1):
        case = ET.SubElement(suite, "testcase", time="0", classname="divbench.completeness",
                             name=f"{failure.kind} {place}")
        ET.SubElement(case, "failure", message=_clean(failure.text), type=failure.kind).text = _clean(failure.text)


def _case(suite: ET.Element, row: Row, result: Result) -> None:
    if row.cell is None:
        names = {"classname": f"divbench.{row.metric}", "name": row.label}
    else:
        names = {"classname": f"divbench.{row.metric}.{row.cell.task}",
                 "name": variant_name(row.cell)}
    names = {"time": _time(row.seconds), **{key: _clean(value) for key, value in names.items()}}
    case = ET.SubElement(suite, "testcase", names)
    line = _clean(row_text(row))
    if _fails(row, result):
        ET.SubElement(case, "failure", message=line, type=row.decision).text = line
    elif _skipped(row, result):
        ET.SubElement(case, "skipped", message=line)
    else:
        ET.SubElement(case, "system-out").text = line


def _fails(row: Row, result: Result) -> bool:
    """As the exit code has it: with `--strict` the undecided rows fail if the whole is undecided."""
    undecided = result.request.strict and result.decision == "undecided" and row.decision == "undecided"
    return row.decision == "regressed" or undecided


def _skipped(row: Row, result: Result) -> bool:
    return row.decision == "undecided" and not _fails(row, result)


def _time(seconds: float) -> str:
    return f"{seconds:.6f}"


def _numbers(counts: list[int]) -> dict[str, str]:
    return dict(zip(("tests", "failures", "skipped"), map(str, counts), strict=True))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
