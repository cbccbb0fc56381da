"""The files of an outcome: what all outcomes say, and writing them. The outcome itself is said by the experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.experiments.experiment import Claim, Comparison, Outcome
from divbench.experiments.outcomes import FORMAT, OUTCOME, OUTCOME_VERSION, as_markdown, read_outcome
from divbench.experiments.request import ReproduceRequest
from divbench.spec.errors import UsageError

SO_FAR = "so-far"  # the folder of outcomes that rest on some of the runs
# Of deciding, as docs/experiments.md has it. Outcomes of the first do not have it: they were decided by bootstraps of
# medians and Wilson's intervals, taken for 95% intervals.
RULE = 2

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def outcome_folder(experiment: Claim, request: ReproduceRequest) -> Path:
    """Where the outcome goes; one of only some of the runs has a place of its own."""
    return Path(request.out) / SO_FAR / experiment.name if request.so_far else Path(request.out) / experiment.name


def refuse_other(folder: Path, request: ReproduceRequest) -> None:
    """Refuse a folder that holds an outcome of another scale or physics: one is never replaced by the other.

    Raises:
      UsageError: it does, or its outcome cannot be read.
    """
    if not (folder / OUTCOME).exists():
        return
    found = read_outcome(folder / OUTCOME)
    for key in ("scale", "requested_physics"):
        asked = getattr(request, "physics" if key == "requested_physics" else key)
        if found[key] != asked:
            name = key.replace("_", " ")
            raise UsageError(f"{folder}: holds an outcome of {name} '{found[key]}', asked for is '{asked}'; choose "
                             "another --out")


def verdict_record(experiment: Claim, request: ReproduceRequest, outcome: Outcome) -> dict:
    """What an outcome says, whatever it rests on, as JSON values."""
    headline = outcome.comparisons[0]
    return {
        "format": FORMAT, "schema_version": OUTCOME_VERSION,
        "experiment": experiment.name, "claim": experiment.decided(request.scale),
        "published_claim": experiment.claim, "source": experiment.source,
        "kind": experiment.kind, "scale": request.scale,
        "quick_shows": experiment.quick_shows if request.scale == "quick" else "",
        "status": outcome.status, "sentence": outcome.sentence,
        "what": headline.what, "effect": headline.effect, "interval": _interval(headline),
        "threshold": headline.threshold, "side": headline.side, "rule": RULE, "level": headline.level,
        "chance": outcome.chance,
        "comparisons": [{"what": c.what, "effect": c.effect, "interval": _interval(c), "threshold": c.threshold,
                         "side": c.side, "status": c.status, "level": c.level, "method": c.method, "least": c.least,
                         "for_claim": c.for_claim, "against_claim": c.against_claim} for c in outcome.comparisons],
        "context": list(outcome.context), "requested_physics": request.physics,
    }


def write_outcome(folder: Path, record: dict, figure: Figure, tables: Mapping[str, bytes] | None = None) -> None:
    """Write `figure.png`, `figure.svg`, `outcome.md`, further tables by name, and `outcome.json`.

    `outcome.json` is written last, so that where it is, the others are.

    Raises:
      UsageError: a folder that cannot be written.
    """
    from divbench.report.build import write_files
    from divbench.report.figures import FORMATS, render

    files = {f"figure.{kind}": render(figure, kind) for kind in FORMATS}
    files |= {"outcome.md": as_markdown(record).encode(), **(tables or {})}
    files[OUTCOME] = (json.dumps(record, indent=2, allow_nan=False) + "\n").encode()
    write_files(folder, files, "outcome")


def _interval(comparison: Comparison) -> list[float] | None:
    return None if comparison.low is None or comparison.high is None else [comparison.low, comparison.high]
