"""Published curves beside ours: by task, each with the repository and the rows that it is cited from.

Where they come from is not known here. A curve has the attributes task, method, utd, resets, action_repeat, steps,
mean, sd and seeds (one entry for each point), `label` (what people call it) and `citation` (paper, repository, rows).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from divbench.report.page.thinning import number_text


def overlays(against: Iterable, tasks: Sequence[str], action_repeats: set[str]) -> list[dict]:
    """The curves of these tasks, ready for a page, by task.

    Args:
      against: published curves; those of other tasks are left out.
      tasks: the tasks of the page.
      action_repeats: those of the page's runs, as text. A curve with another one says so.
    """
    curves = list(against)
    return [_overlay(curve, action_repeats) for task in tasks for curve in curves if curve.task == task]


def _overlay(curve: Any, action_repeats: set[str]) -> dict:
    import numpy as np

    repeat, here = str(curve.action_repeat), " and ".join(sorted(action_repeats))
    differs = action_repeats != {repeat}
    told = f"{curve.citation}; {_seeds(curve.seeds)}"
    return {"task": curve.task, "label": curve.label, "utd": str(curve.utd), "differs": differs,
            "citation": f"{told}; action repeat {repeat}, here {here}" if differs else told,
            "steps": [int(step) for step in curve.steps], "mean": number_text(np.asarray(curve.mean, float)),
            "sd": number_text(np.asarray(curve.sd, float))}


def _seeds(counts: Sequence[int]) -> str:
    """`10 seeds`, `8 to 10 seeds`: over the points of a curve."""
    least, most = min(counts), max(counts)
    return f"{most} seed{'s' if most > 1 else ''}" if least == most else f"{least} to {most} seeds"
