"""From the table of values to the table of verdicts: one row per lane.

What a row says is decided elsewhere: `rules`, `first_cause`, `explanation`, `warning`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from divbench.verdict.explanation import explain_lane
from divbench.verdict.first_cause import first_cause
from divbench.verdict.rules import judge
from divbench.verdict.warning import divergence_probability

IDENTITY = ("task", "variant", "utd", "seed")
COPIED = ("suite", "task", "variant", "utd", "seed", "physics", "action_repeat", "network", "precision")


def verdict_rows(values: Iterable[Mapping]) -> list[dict]:
    """Judge every lane.

    Args:
      values: rows of the table of values; those of one lane in the order of measurement, lanes mixed as they
        may be.

    Returns:
      One row of the table of verdicts per lane, in the order in which the lanes first appear.
    """
    return [_row(rows) for rows in by_lane(values).values()]


def by_lane(values: Iterable[Mapping]) -> dict[tuple, list[Mapping]]:
    """Rows of one run's table of values, lane by lane under its (task, variant, UTD, seed), in the order given."""
    lanes: dict[tuple, list[Mapping]] = {}
    for row in values:
        lanes.setdefault(lane_of(row), []).append(row)
    return lanes


def lane_of(row: Mapping) -> tuple:
    """What tells a row's lane from the other lanes of its run: (task, variant, UTD, seed)."""
    return tuple(row[name] for name in IDENTITY)


def _row(rows: list[Mapping]) -> dict:
    verdict, first, last = judge(rows), first_cause(rows), rows[-1]
    return {**{name: last[name] for name in COPIED}, "verdict": verdict.kind, "env_step": verdict.env_step,
            "update": verdict.update, "cause": verdict.cause, "first_cause": first.column if first else "",
            "first_update": first.update if first else -1, "explanation": explain_lane(rows, verdict, first),
            "warning": divergence_probability(rows), "q_final": last["q_replay_mean"], "q_bound": last["q_bound"]}
