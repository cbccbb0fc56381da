"""Re-make the report of a run that has finished, where the one in its folder shows the unfinished state.

A page is made again of the runs and published curves that it showed: it names their folders, relative to its own.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from divbench.report.build import FOLDER, report
from divbench.report.facts import UNFINISHED
from divbench.report.page.write import NAME, write_page
from divbench.report.published import published_curves
from divbench.spec.errors import UsageError

SUMMARY = "summary.md"
_PAYLOAD = re.compile(r'<script type="application/json" id="payload">(.*?)</script>', re.DOTALL)


def remake_stale(path: str | os.PathLike) -> str:
    """Re-make the report of a finished run if the report was made before the run finished.

    Args:
      path: the run folder. A report that was never made is not made; one of the finished state stays as it is.

    Returns:
      Why the report could not be made again, in one line; empty if it was, or did not need to be.
    """
    try:
        _remake(Path(path))
    except Exception as error:  # whatever it was, the run itself is finished and sound
        lines = str(error).strip().splitlines() or [""]
        return lines[0] if isinstance(error, UsageError) else f"{type(error).__name__}: {lines[0]}"
    return ""


def _remake(path: Path) -> None:
    summary, page = path / FOLDER / SUMMARY, path / FOLDER / NAME
    if summary.is_file() and _is_unfinished(summary.read_text(encoding="utf-8")):
        report(path, quiet=True)
    shown = _payload(page) if page.is_file() else None
    if shown is not None and shown["runs"][0]["growing"]:
        others = [path / run["folder"] for run in shown["runs"][1:]]
        write_page(path, others=others, against=published_curves() if shown["published"] else None)


def _is_unfinished(text: str) -> bool:
    """Whether a summary says that its run was not finished."""
    return any(line.startswith("Device: ") and line.endswith(f" State: {UNFINISHED}.") for line in text.splitlines())


def _payload(page: Path) -> dict:
    """The data inside a page.

    Raises:
      UsageError: a page that cannot be read, or of another version of divbench, which does not name its folders.
    """
    found = _PAYLOAD.search(page.read_text(encoding="utf-8"))
    try:
        shown = json.loads(found[1] if found else "")
        if len(shown["runs"]) > 1 and not all("folder" in run for run in shown["runs"]):
            raise ValueError
    except (TypeError, KeyError, ValueError):
        raise UsageError(f"{page}: expected a page of this version of divbench, found another file; 'divbench report "
                         "--html' makes it again") from None
    return shown
