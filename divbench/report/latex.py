r"""The report's tables for a paper: LaTeX, in the style of the package booktabs.

Each table stands by itself: `\input` it after `\usepackage{booktabs}`. Names are text: whatever LaTeX would take for
a command is written out.
"""

from __future__ import annotations

from divbench.report.facts import Facts
from divbench.report.layout import TextTable

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "±": r"$\pm$", "\n": " ",
}  # fmt: skip


def latex_table(table: TextTable, facts: Facts) -> str:
    """A floating table with the note and the facts of the run as its caption; a rule between tasks."""
    kinds = "".join("r" if column.right else "l" for column in table.columns)
    lines = [r"% needs \usepackage{booktabs}", r"\begin{table}", r"  \centering", rf"  \begin{{tabular}}{{{kinds}}}",
             r"    \toprule", f"    {_cells(table.headings)}", r"    \midrule"]
    first = table.rows[0][0] if table.rows else ""
    for row in table.rows:
        if table.columns[0].heading == "task" and row[0] != first:
            lines.append(r"    \midrule")
            first = row[0]
        lines.append(f"    {_cells(row)}")
    caption = f"{table.title}. {facts.caption()}. {table.note[:1].upper()}{table.note[1:]}."
    lines += [r"    \bottomrule", r"  \end{tabular}", rf"  \caption{{{escaped(caption)}}}", r"\end{table}", ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text as LaTeX shows it literally."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def _cells(cells: tuple[str, ...]) -> str:
    """One row. A star or bracket at its beginning would be taken for an argument of the row before."""
    guard = "{}" if cells[0][:1] in ("*", "[") else ""
    return f"{guard}{' & '.join(escaped(cell) for cell in cells)} \\\\"
