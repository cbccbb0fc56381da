"""`divbench import`: makes the result folder and says in a few lines what was read and what was assumed."""

from __future__ import annotations

import os
from pathlib import Path

from divbench.records.dialects.request import ImportRequest


def import_results(request: ImportRequest) -> Path:
    """Turn result files of another code base into a result folder; see `divbench.records.dialects.importing`.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    from divbench.records.dialects import importing

    return importing.import_results(request)


def import_record(path: Path) -> dict:
    """The result folder and its card, for programs."""
    from divbench.records.folder import read_card

    return {"folder": path, "card": read_card(path)}


def describe_import(path: str | os.PathLike) -> str:
    """What the card of an imported result folder says of its origin, in lines for people.

    Raises:
      UsageError: no result folder.
    """
    from divbench.records.folder import read_card

    card = read_card(path, older=True)
    imported = card.get("imported")
    if imported is None:
        return f"{path}: a run of divbench, nothing imported"
    dialect = imported["dialect"] + (" (recognised by the first line)" if imported["guessed"] else "")
    counted = "env steps" if imported["steps_are"] == "env" else "the agent's decisions, converted to env steps"
    assumed = " (assumed, as usual in this dialect)" if imported["steps_are_from"] == "dialect" else ""
    stated = "" if imported["action_repeat_from"] == "flag" else " (as the files say)"
    lines = [
        f"dialect  {dialect}: {_count(len(imported['files']), 'file')}, {_count(imported['lanes'], 'lane')}, "
        f"{_count(imported['rows'], 'row')}",
        f"steps    {counted}{assumed}; action repeat {imported['action_repeat']}{stated}",
        f"methods  {', '.join(variant['name'] for variant in card['settings']['variants'])}",
        f"tasks    {', '.join(card['settings']['tasks'])}",
    ]
    if imported.get("metric", "return") != "return":
        lines.append(f"metric   {imported['metric']}")
    for task, written in imported.get("renamed", {}).items():
        lines.append(f"renamed  {', '.join(written)} is {task}")
    for reason in imported.get("left_out", ()):
        lines.append(f"left out {reason}")
    repeated = imported.get("repeated", {"rows": 0})
    if repeated["rows"]:
        lines.append(f"repeated {_count(repeated['rows'], 'row')} beside others of the same lane and step, the first "
                     f"in {repeated['first']}; taken is the {repeated['taken']}")
    if imported["metrics_skipped"]:
        lines.append(f"skipped  metrics {', '.join(imported['metrics_skipped'])}")
    if imported["nonfinite"]:
        lines.append(f"kept     {_count(imported['nonfinite'], 'non-finite return')}")
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
