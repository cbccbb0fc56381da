"""Which quantity of a lane left its band first, and when: the candidate for what set everything else off.

Lives here: the bands, the order of precedence at one measurement, and how far a quantity has grown.
Does not live here: the verdict on the lane (`rules`), the bound that bands Q (`bound`), and the words for it
(`explanation`).

A band is judged from the past alone: a measurement is in or out of it by what was measured before. A growing series
never takes a first cause back; at most it names another that had left its band before or with it, when the next
measurement confirms that. A first cause is not a verdict: a stable lane may have one, when
something left its band and nothing came of it.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from divbench.verdict.bound import MOST_TEMPERATURE, limits, measured, passes_bound
from divbench.verdict.hysteresis import CLEAR, FAR, IN, UNKNOWN, excursions
from divbench.verdict.rules import FAR_FACTOR

# A float32 reward computed as a product of shaped terms may pass its range by rounding, some 1e-7 of it.
REWARD_TOLERANCE = 1e-4

# How many measurements after the first update give the level at the start. Three, because their median is free
# of one wild batch; no more, because a lane that diverges has an undisturbed start of a few thousand updates
# only. From the first of them on the band is judged, against the median of what is there: a lane that diverges
# during these three leaves the band against the first of them and cannot raise its own reference.
REFERENCE_ROWS = 3


@dataclasses.dataclass(frozen=True)
class Band:
    """How far a quantity may go from its level at the start. One wild batch is no departure: two measurements in a row
    out of the band are, and one alone that is out by `factor` once more, infinite, or the last of a lane that froze.

    Attributes:
      factor: out of the band is above `factor` times the level.
      floor: a level below counts as this, since a start near 0 has no ratio to speak of (a sparse reward that was
        not found yet gives gradients of 0.01).
      jump: the first measurement is out of the band above `jump` times the untrained network's, of update 0.
      collapses: whether below one `jump`-th of the level is out of the band too.
      settles: whether the first measurement after a reset is left out: fresh weights have a large gradient and
        features of their own size. After a reset of the actor alone too, since rows count resets of either.
    """

    factor: float
    floor: float
    jump: float = math.inf
    collapses: bool = False
    settles: bool = False


# Of the 80 stable lanes in results/baselines (19 tasks; OFN, LayerNorm, resets and plain SAC) 78 never had a
# gradient above 3.6 times the median of their first three; the other two had one single batch of 25 and 33
# times. Ten is three times what is healthy, and every one of the 17 lanes there whose Q passed its bound had passed
# it before or at the same measurement. An optimizer's second moment is an average of squares: squared factor and
# floor; at update 0 it is 0. Features of healthy primed lanes (quadruped-run, 9,000 updates) grew 2.5 times over the
# median of their first three at most; from the untrained network 1.5 to 5 times within 1,000 updates, and 18 times
# within 9,000 where they are normalized afterwards (OFN): hence a wider jump, as the first measurement may come late.
# The untrained network's gradient is above every healthy one that follows. A learning rate a thousand times too high
# kills every hidden unit within 100 updates (cheetah-run, primed): features of 0, a calm gradient, Q within its bound.
# So features have a lower side, which healthy lanes never came near.
GRADIENT_FACTOR = 10.0
GRADIENT_FLOOR = 5.0  # healthy baselines have 0.01 to 50 once they learn: below ten times the floor nothing is reported
BANDS = {
    "feature_norm": Band(factor=10.0, floor=1.0, jump=30.0, collapses=True, settles=True),
    "grad_norm": Band(GRADIENT_FACTOR, GRADIENT_FLOOR, jump=GRADIENT_FACTOR, settles=True),
    "second_moment": Band(GRADIENT_FACTOR**2, GRADIENT_FLOOR**2, settles=True),
}
# An update that moves the critics' parameters by more than this share of their own length. Adam with the published
# learning rate of 3e-4 moves critics of 2 x 256 units by 0.4 % of it at most, 1.2 % when a gradient springs up from
# nothing; with a hundred times that rate the first 15 updates take 8, 5 and 3 % (quadruped-run and hopper-hop), with
# ten times 2 and 1 %. Plain SGD has such steps too, where the gradient is large, and then for the same reason. As with
# bands, twice in a row, ten times as large, or the last of a lane that froze; the step that the untrained network would
# make does not count.
LARGEST_STEP = 0.025
FAR_STEP = 10.0 * LARGEST_STEP
PLAIN = Band(math.inf, 0.0)  # of quantities whose growth is reported but not judged

# Who comes first of those first seen out of their band at the same measurement: cause before effect. A reward out
# of the task's range voids every bound, so nothing else is worth saying. Non-finite physics is next: actions are
# bounded, so no critic can have caused it, and what the critic does afterwards it does on broken data. Steps of a
# size that was chosen, not learned, come next. Then the temperature, which enters the critic's targets: at its
# learning rate of 3e-4 it takes 7,700 updates to rise tenfold, so it was on its way before what is seen with it. Then
# the critic from inside out, as a number passes through it: features make Q and the gradient, the gradient makes the
# second moment, and Q is what comes of the steps taken. A learner or an optimizer that went non-finite is the effect
# of whatever else is seen with it.
ORDER = ("reward_excess", "physics", "effective_lr", "temperature", "feature_norm", "grad_norm", "second_moment",
         "q_random_mean", "optimizer", "learner")
NONFINITE = ("physics", "optimizer", "learner")  # what the column `nonfinite` can say


@dataclasses.dataclass(frozen=True)
class FirstCause:
    """What left its band first: a column of the table of values, or one of `NONFINITE`; and where."""

    column: str
    update: int
    env_step: int


def first_cause(rows: Sequence[Mapping]) -> FirstCause | None:
    """The candidate that left its band at the earliest measurement, the first in `ORDER` of several; None if none did.

    Args:
      rows: a lane's rows of the table of values in the order of measurement. A NaN was not measured, nor was a
        column that a row lacks.
    """
    found = departures(rows)
    if not found:
        return None
    column = min(found, key=lambda name: (found[name], ORDER.index(name)))
    return FirstCause(column, *when(rows[found[column]]))


def until_frozen(rows: Sequence[Mapping]) -> Sequence[Mapping]:
    """The rows up to the first that shows the lane frozen: it is still measured, but nothing changes in it."""
    broken = next((index for index, row in enumerate(rows) if row.get("nonfinite", "")), len(rows))
    return rows[:broken + 1]


def departures(rows: Sequence[Mapping]) -> dict[str, int]:
    """For every candidate that left its band: the index of the first measurement at which it was out. Rows of a lane
    that is frozen already count for nothing: they repeat the last one."""
    rows = until_frozen(rows)
    found = {
        "reward_excess": _first(measured(row, "reward_excess") > REWARD_TOLERANCE for row in rows),
        "effective_lr": _confirmed([_step_mark(row) for row in rows]),
        "q_random_mean": _confirmed([_bound_mark(row) for row in rows]),
        "temperature": _first(_is_hot(row, first_temperature(rows)) for row in rows),
        **{culprit: _first(row.get("nonfinite", "") == culprit for row in rows) for culprit in NONFINITE},
        **{name: _watch(rows, name)[0] for name in BANDS},
    }
    return {name: place for name in ORDER if (place := found[name]) is not None}


def start_level(rows: Sequence[Mapping], name: str) -> float:
    """The level of a quantity at the start: the median of its first measurements after the first update.

    As many as `REFERENCE_ROWS`, or fewer if it left its band or the series ended before; without any it is that of the
    untrained network, and NaN if that was not measured either.
    """
    return _watch(rows, name)[1]


def first_temperature(rows: Sequence[Mapping]) -> float:
    """The temperature before the first update; NaN where that was not measured."""
    return next((measured(row, "temperature") for row in rows if row["update"] <= 0), math.nan)


def _is_hot(row: Mapping, initial: float) -> bool:
    """Whether the temperature is beyond what the bounds count. One measurement is enough: it is no noisy number. A lane
    without an entropy term has a temperature of 0."""
    return initial > 0.0 and measured(row, "temperature") > MOST_TEMPERATURE * initial


def when(row: Mapping) -> tuple[int, int]:
    """Update and env step of what a row shows: those at which the lane was frozen, if it was, else the row's own."""
    if not row.get("nonfinite", ""):
        return row["update"], row["env_step"]
    update, env_step = row.get("nonfinite_update", -1), row.get("nonfinite_step", -1)
    return (update if update >= 0 else row["update"]), (env_step if env_step >= 0 else row["env_step"])


def _step_mark(row: Mapping) -> str:
    step = measured(row, "effective_lr")
    if row["update"] <= 0 or math.isnan(step):
        return UNKNOWN
    if step <= LARGEST_STEP:
        return CLEAR
    return FAR if step > FAR_STEP or row.get("nonfinite", "") else IN


def _bound_mark(row: Mapping) -> str:
    q = measured(row, "q_random_mean")
    if row["update"] <= 0 or math.isnan(q):
        return UNKNOWN
    if limits(row).side(q, FAR_FACTOR) or (row.get("nonfinite", "") and passes_bound(row, "q_random_mean")):
        return FAR
    return IN if passes_bound(row, "q_random_mean") else CLEAR


def _confirmed(marks: Sequence[str]) -> int | None:
    stays = excursions(marks, enter_after=2, leave_after=1, last_counts=False)
    return stays[0].start if stays else None


def _first(marks: Iterable[bool]) -> int | None:
    return next((index for index, mark in enumerate(marks) if mark), None)


def _watch(rows: Sequence[Mapping], name: str) -> tuple[int | None, float]:
    """The index of the first measurement out of the band, if any, and the level at the start."""
    band = BANDS.get(name, PLAIN)
    initial, level = math.nan, math.nan
    learned: list[float] = []
    pending = None  # the last measurement, if that was out of the band for the first time
    for index, row in enumerate(rows):
        value = measured(row, name)
        if row["update"] <= 0:
            initial = value
            continue
        fresh = index and row.get("resets", 0) != rows[index - 1].get("resets", 0)
        if math.isnan(value) or (band.settles and fresh):
            continue
        known = initial if math.isnan(level) else level
        if _is_out(band, value, level, initial):
            if pending is not None:
                return pending, known
            nearer = value / band.factor if value > known else value * band.factor
            if row.get("nonfinite", "") or _is_out(band, nearer, level, initial):
                return index, known
            pending = index
            continue
        pending = None
        if not row.get("nonfinite", "") and len(learned) < REFERENCE_ROWS:
            learned.append(value)
            level = statistics.median(learned)
    return None, initial if math.isnan(level) else level


def _is_out(band: Band, value: float, level: float, initial: float) -> bool:
    if value == math.inf:
        return True
    known, factor = (level, band.factor) if not math.isnan(level) else (initial, band.jump)
    if math.isnan(known):
        return False
    return value > factor * max(known, band.floor) or (band.collapses and value < known / band.jump)


def growth(rows: Sequence[Mapping], name: str, calm: int | None = None) -> float:
    """The largest value of a column after the first update over its level at the start; NaN where either is unknown
    or the level is 0.

    Args:
      rows: a lane's rows in the order of measurement, `until_frozen`.
      name: the column that grows.
      calm: of how many rows the start is taken; of all if None. A part has its start before its whole leaves its band.
    """
    start = start_level(rows[:calm], name)
    values = [value for row in rows if row["update"] > 0 and not math.isnan(value := measured(row, name))]
    return max(values) / start if values and start > 0.0 else math.nan
