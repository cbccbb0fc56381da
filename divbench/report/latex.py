r"""The report's tables for a paper: LaTeX, in the style of the package booktabs.

Each table stands by itself: `\input` it after `\usepackage{booktabs}`. Its caption names what is measured, tasks, seeds
and protocol. Numbers are in math mode. Names are text: whatever LaTeX would take for a command is written out.
"""

from __future__ import annotations

import re

from divbench.report.facts import Facts
from divbench.report.layout import ABSENT, TextTable

MOST_TASKS = 8  # that a caption names
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "±": r"$\pm$", "\n": " ",
}  # fmt: skip


_NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"
_NUMERIC = re.compile(rf"{_NUMBER}(?: ± {_NUMBER}| \[{_NUMBER}, {_NUMBER}\]|/\d+)?")


def latex_table(name: str, table: TextTable, facts: Facts) -> str:
    r"""A floating table with a rule between tasks, and a caption that can be read without the text around it.

    Args:
      name: of the table in the report; its label is `\ref{tab:SUITE-NAME}`.
    """
    kinds = "".join("r" if column.right else "l" for column in table.columns)
    lines = [r"% needs \usepackage{booktabs}", r"\begin{table}", r"  \centering", rf"  \begin{{tabular}}{{{kinds}}}",
             r"    \toprule", f"    {' & '.join(map(escaped, table.headings))} \\\\", r"    \midrule"]
    first = table.rows[0][0] if table.rows else ""
    for row in table.rows:
        if table.columns[0].heading == "task" and row[0] != first:
            lines.append(r"    \midrule")
            first = row[0]
        lines.append(f"    {_cells(row)}")
    label = re.sub(r"[^a-z0-9]+", "-", f"{facts.suite}-{name}".lower()).strip("-")
    lines += [r"    \bottomrule", r"  \end{tabular}",
              rf"  \caption[{{{escaped(table.title)}}}]{{{escaped(_caption(table, facts))}}}",
              rf"  \label{{tab:{label}}}", r"\end{table}", ""]
    return "\n".join(lines)


def _caption(table: TextTable, facts: Facts) -> str:
    """What is measured, of which tasks, how, and what was trained."""
    *most, last = facts.tasks if len(facts.tasks) <= MOST_TASKS else [f"{len(facts.tasks)} tasks"]
    tasks = f"{', '.join(most)} and {last}" if most else last
    note = f"{table.note[:1].upper()}{table.note[1:]}"
    protocol = f"Protocol: {facts.protocol}. " if facts.protocol else ""
    return f"{table.title}: {tasks}. {note}. {protocol}Suite {facts.caption()}."


def escaped(text: str) -> str:
    """Text as LaTeX shows it literally."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def _cells(cells: tuple[str, ...]) -> str:
    """One row. A star or bracket at its beginning would be taken for an argument of the row before."""
    guard = "{}" if cells[0][:1] in ("*", "[") else ""
    return f"{guard}{' & '.join(map(_cell, cells))} \\\\"


def _cell(text: str) -> str:
    """A number, alone or with its spread or interval, in math mode; all else as text, an absent one as a dash."""
    if not _NUMERIC.fullmatch(text):
        return "--" if text == ABSENT else escaped(text)
    text = re.sub(r"e(-?\d+)", r" \\times 10^{\1}", text).replace("±", r"\pm").replace(" [", r"\ [")
    return f"${re.sub(r',(?=[0-9])', '{,}', text)}$"
