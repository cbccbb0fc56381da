"""The rule that calls a lane stable, overestimating, diverged, recovered or exploded, with its hysteresis.

This is the one place that states it:

- *exploded*: a number of the learner or of the physics went non-finite. Nothing that follows takes it back.
- *diverged*: mean Q on replayed actions or on the policy's actions is beyond what policies with the entropies
  seen so far can be worth (`bound`) for `ENTER_AFTER` measurements in a row; one is enough if it is the last, or
  beyond `FAR_FACTOR` times the bound. It stays diverged until it is recovered. Where the task states no range of
  its rewards, the bound has a tolerance of its own and the cause says "beyond what was seen".
- *recovered*: was diverged, then at least `LEAVE_AFTER` measurements in a row had both means within
  `LEAVE_BELOW` times the bound, and it has not diverged again since.
- *overestimating*: never diverged, but the Q that targets and actor use, on the states and actions of a rollout,
  exceeds their Monte-Carlo soft return by `OVER_SHARE` of that return's size and by `OVER_MARGIN` of the upper
  bound, `OVER_AFTER` times in a row. It ends when that Q has come back below half of these excesses for
  `LEAVE_AFTER` measurements in a row; one is enough if it is the last and no larger than the return. Older tables
  hold only the mean over critics, which counts there.
- *stable*: none of these.

What the untrained network says, at update 0, does not count: its weights are random, and the bounds are still those
of a policy without entropy.
A verdict speaks of the series so far: one on a growing run may change with the next measurement.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from divbench.verdict.bound import limits, measured, passes_bound
from divbench.verdict.hysteresis import BETWEEN, CLEAR, FAR, GONE, IN, UNKNOWN, Excursion, excursions

KINDS = ("stable", "overestimating", "recovered", "diverged", "exploded")  # from best to worst

# Mean Q on uniformly random actions does not count: the learner never asks for it, so an error there alone
# harms nothing. It is mentioned in the cause.
COUNTED = ("q_replay_mean", "q_policy_mean")
WATCHED = (*COUNTED, "q_random_mean")
WORDS = {"q_replay_mean": "replayed", "q_policy_mean": "policy", "q_random_mean": "random"}

ENTER_AFTER = 2  # one measurement may catch the overshoot after a reset; two in a row are a state
FAR_FACTOR = 10.0  # no overshoot reaches this; a lane may explode before its second measurement
LEAVE_AFTER = 3  # coming down takes longer to believe than going up
LEAVE_BELOW = 0.5  # of the bound; so far below the entry that noise at the bound cannot flip the verdict
OVER_SHARE = 0.5  # Q at least 1.5 times a positive return; less is common in healthy lanes while alpha falls
OVER_MARGIN = 0.1  # of the upper bound (of the range where that is 0); near a return of 0 a ratio means nothing
OVER_AFTER = 3  # a rollout is few states, so its mean is noisy


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The verdict on a lane.

    Attributes:
      kind: one of `KINDS`.
      env_step, update: the first measurement of the excursion that the verdict names (for `exploded`, where
        the first non-finite number was seen); the last measurement if stable; -1 if nothing was measured.
      cause: the evidence in words.
    """

    kind: str
    env_step: int
    update: int
    cause: str


def judge(rows: Sequence[Mapping]) -> Verdict:
    """The verdict on one lane.

    Args:
      rows: its rows of the table of values in the order of measurement. A NaN in a measured column means that
        it was not measured then.
    """
    if not rows:
        return Verdict("stable", -1, -1, "nothing was measured")
    beyond = beyond_bound(rows)
    broken = next((row for row in rows if row["nonfinite"]), None)
    if broken is not None:
        return _exploded(rows, broken, beyond)
    if beyond:
        return _diverged(rows, beyond)
    over = excursions([_return_mark(row) for row in rows], enter_after=OVER_AFTER, leave_after=LEAVE_AFTER,
                      last_counts=False)
    if over and over[-1].end is None:
        row = rows[over[-1].start]
        return Verdict("overestimating", row["env_step"], row["update"],
                       f"{used_words(row)} on a rollout's states {_text(used_q(row))}, their return "
                       f"{_text(row['mc_return_mean'])}, from update {row['update']} on")
    return _stable(rows, over)


def beyond_bound(rows: Sequence[Mapping]) -> list[Excursion]:
    """The sustained stays of mean Q beyond its bound, in order, as indices of `rows`; an open one has no end."""
    return excursions([_bound_mark(row) for row in rows], enter_after=ENTER_AFTER, leave_after=LEAVE_AFTER,
                      last_counts=True)


def used_q(row: Mapping) -> float:
    """The Q that targets and actor use, on a rollout; where an older table lacks it, the mean over critics."""
    used = measured(row, "mc_q_used")
    return measured(row, "mc_q_mean") if math.isnan(used) else used


def used_words(row: Mapping) -> str:
    """Which of the two `used_q` is."""
    return "mean Q" if math.isnan(measured(row, "mc_q_used")) else "the Q that targets use"


def _bound_mark(row: Mapping) -> str:
    bound = limits(row)
    values = [row[name] for name in COUNTED if not math.isnan(row[name])]
    if row["update"] <= 0 or not values or not bound.range > 0.0:
        return UNKNOWN
    if any(bound.side(q, FAR_FACTOR) for q in values):
        return FAR
    if any(bound.side(q) for q in values):
        return IN
    strict = dataclasses.replace(bound, seen=False)  # a wide tolerance is no reason to call a lane recovered sooner
    return BETWEEN if any(strict.side(q, LEAVE_BELOW) for q in values) else CLEAR


def _return_mark(row: Mapping) -> str:
    q, earned, height = used_q(row), row["mc_return_mean"], limits(row).height
    if row["update"] <= 0 or not all(map(math.isfinite, (q, earned, height))) or height == 0.0:
        return UNKNOWN
    excess, expected = q - earned, max(OVER_SHARE * abs(earned), OVER_MARGIN * height)
    if excess > expected:
        return IN
    if excess <= 0.0:
        return GONE
    return CLEAR if excess <= expected / 2 else BETWEEN


def _exploded(rows: Sequence[Mapping], broken: Mapping, beyond: list[Excursion]) -> Verdict:
    env_step = broken["nonfinite_step"] if broken["nonfinite_step"] >= 0 else broken["env_step"]
    update = broken["nonfinite_update"] if broken["nonfinite_update"] >= 0 else broken["update"]
    cause = f"the {broken['nonfinite']} went non-finite first"
    earlier = [e for e in beyond if rows[e.start]["update"] < update or rows[e.start]["env_step"] < env_step]
    if earlier:
        cause += f"; mean Q had passed its bound at update {rows[earlier[0].start]['update']}"
    return Verdict("exploded", env_step, update, cause)


def _diverged(rows: Sequence[Mapping], beyond: list[Excursion]) -> Verdict:
    last = beyond[-1]
    row, end = rows[last.start], last.end
    cause = _passages(rows, last, (beyond[-2].end or 0) if len(beyond) > 1 else 0)
    if end is not None:
        cause += f"; back within {LEAVE_BELOW:g} of the bound from update {rows[end]['update']} on"
    if len(beyond) > 1:
        cause += f"; excursion {len(beyond)}, the first began at update {rows[beyond[0].start]['update']}"
    return Verdict("diverged" if end is None else "recovered", row["env_step"], row["update"], cause)


def _stable(rows: Sequence[Mapping], over: list[Excursion]) -> Verdict:
    notes = ["mean Q stayed inside the bounds"]
    first = {name: place for name in WATCHED if (place := _first_beyond(rows, name)) is not None}
    if any(name in first for name in COUNTED):
        notes = ["mean Q passed a bound only for single measurements"]
    if "q_random_mean" in first:
        row = rows[first["q_random_mean"]]
        side = limits(row).side(row["q_random_mean"])
        notes.append(f"on random actions it passed the {side} bound at update {row['update']}")
    if over and (end := over[-1].end) is not None:
        notes.append(f"above the Monte-Carlo return from update {rows[over[-1].start]['update']} to "
                     f"{rows[end]['update']}")
    return Verdict("stable", rows[-1]["env_step"], rows[-1]["update"], "; ".join(notes))


def _passages(rows: Sequence[Mapping], excursion: Excursion, earliest: int) -> str:
    """Which mean passed which bound first, and when the others did, within reach of one excursion.

    Random actions may have passed the bound before the excursion began: a stay beyond it that leads into the
    excursion without a break counts, from index `earliest` on.
    """
    begin = excursion.start
    while begin > earliest and passes_bound(rows[begin - 1], "q_random_mean"):
        begin -= 1
    when = {name: place for name in WATCHED
            if (place := _first_beyond(rows, name, begin, excursion.end)) is not None}
    order = sorted(when, key=lambda name: when[name])
    first = rows[when[order[0]]]
    together = [name for name in order if when[name] == when[order[0]]]
    bound = limits(first)
    side = bound.side(first[together[0]])
    text = (f"mean Q on {_and(together)} actions passed the {side} bound "
            f"{_text(bound.high if side == 'upper' else bound.low)} first, at update {first['update']}")
    if bound.seen:
        text += f", beyond what was seen by more than {bound.tolerance:.0%}"
    for name in order[len(together):]:
        text += f"; on {WORDS[name]} actions at update {rows[when[name]]['update']}"
    return text + "".join(f"; on {WORDS[name]} actions never" for name in WATCHED if name not in when)


def _first_beyond(rows: Sequence[Mapping], name: str, begin: int = 0, end: int | None = None) -> int | None:
    stop = len(rows) if end is None else end
    return next((index for index in range(begin, stop) if passes_bound(rows[index], name)), None)


def _and(names: Sequence[str]) -> str:
    words = [WORDS[name] for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _text(number: float) -> str:
    return f"{number:.4g}"
