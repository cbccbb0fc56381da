"""A comparison as JUnit XML: one test suite per metric, one test case per cell and one over all cells.

The dialect that CI systems share: `testsuites/testsuite/testcase` with `failure`, `skipped` or `system-out`. A
regression is a failure; what is undecided is skipped, or with `--strict` a failure.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from divbench.report.compare.decisions import Row
from divbench.report.compare.result import Result
from divbench.report.compare.wording import headline, row_text, verdict_text

NAME = "divbench compare"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML 1.0 has not


def junit(result: Result) -> str:
    """The comparison as a document; its first line after the declaration names it."""
    suites = ET.Element("testsuites", name=NAME, time="0")
    totals = [0, 0, 0]
    for metric in result.request.metrics:
        rows = [row for row in result.rows if row.metric == metric]
        counts = [len(rows), sum(_fails(row, result) for row in rows), sum(_skipped(row, result) for row in rows)]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        suite = ET.SubElement(suites, "testsuite", name=metric, time="0", errors="0", **_numbers(counts))
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


def _case(suite: ET.Element, row: Row, result: Result) -> None:
    if row.cell is None:
        names = {"classname": f"divbench.{row.metric}", "name": "all cells"}
    else:
        names = {"classname": f"divbench.{row.metric}.{row.cell.task}",
                 "name": f"{row.cell.variant}, UTD {row.cell.utd}"}
    case = ET.SubElement(suite, "testcase", time="0", **{key: _clean(value) for key, value in names.items()})
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


def _numbers(counts: list[int]) -> dict[str, str]:
    return dict(zip(("tests", "failures", "skipped"), map(str, counts), strict=True))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
