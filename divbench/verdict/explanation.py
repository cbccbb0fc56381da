"""What happened to a lane, in one paragraph of plain sentences with numbers.

Says only what was measured, and says nothing new: the verdict on the lane is in `rules`, what went first in
`first_cause`. A growth is the largest value over the level at the start, as in "400-fold".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from divbench.verdict.bound import MOST_TEMPERATURE, limits, measured, passes_bound
from divbench.verdict.first_cause import (
    LARGEST_STEP,
    NONFINITE,
    FirstCause,
    departures,
    first_temperature,
    growth,
    start_level,
    until_frozen,
    when,
)
from divbench.verdict.rules import LEAVE_BELOW, Verdict, beyond_bound, used_q, used_words

ACTIONS = {"q_random_mean": "random", "q_policy_mean": "the policy's", "q_replay_mean": "replayed",
           "q_distant_mean": "the most distant"}
WORDS = {"reward_excess": "a replayed reward", "physics": "the physics", "learner": "the learner",
         "optimizer": "the optimizer", "temperature": "the temperature",
         "effective_lr": "the size of the critics' steps", "feature_norm": "the norm of the features",
         "grad_norm": "the gradient norm",
         "second_moment": "the optimizer's second moment", "q_random_mean": "mean Q on random actions"}
GROWING = {"grad_norm": "the gradient norm", "second_moment": "the optimizer's second moment",
           "second_moment_head": "the last layer's alone", "feature_norm": "the norm of the features",
           "param_norm": "the norm of the parameters"}
BEGINS_WITH = dict.fromkeys(("second_moment_head", "param_norm"), "second_moment")  # whose calm start theirs is too
DEAD = 0.01  # of the features' norm in the untrained critic
NOTABLE = 2.0  # growth below is ordinary learning and left out; so is a climb of the temperature


def explain_lane(rows: Sequence[Mapping], verdict: Verdict, cause: FirstCause | None) -> str:
    """The paragraph on one lane, without a line break; one sentence or two for a stable one.

    Args:
      rows: its rows of the table of values in the order of measurement. A column that is NaN or missing
        throughout is not spoken of.
      verdict: `judge(rows)`.
      cause: `first_cause(rows)`.
    """
    if not rows:
        return "Nothing was measured."
    rows = until_frozen(rows)
    dead = _death(rows)
    sentences = [_fate(rows, verdict, cause), _first(rows, verdict, cause, dead)]
    if verdict.kind == "stable":
        sentences += [dead, "" if cause else _bias(rows)]
    else:
        sentences += [_order(rows), _growth(rows), dead, _temperature(rows), _bias(rows)]
    return " ".join(sentence for sentence in sentences if sentence)


def _fate(rows: Sequence[Mapping], verdict: Verdict, cause: FirstCause | None) -> str:
    at = f"update {verdict.update:,} (env step {verdict.env_step:,})"
    if verdict.kind == "exploded":
        culprit = next(row["nonfinite"] for row in rows if row["nonfinite"])
        return f"The lane exploded: the {culprit} went non-finite at {at}."
    if verdict.kind == "recovered":
        stay = beyond_bound(rows)[-1]
        assert stay.end is not None, "a lane that recovered came back"
        back = rows[stay.end]
        peak = max((measured(row, "q_replay_mean") for row in rows[stay.start:stay.end]), key=_size)
        return (f"The lane diverged at {at} and recovered: mean Q on replay reached {number(peak)} and is back within "
                f"{LEAVE_BELOW:g} of the bound from update {back['update']:,} (env step {back['env_step']:,}) on.")
    seen = ", beyond what was seen" if limits(rows[-1]).seen else ""
    start = {"diverged": f"The lane diverged at {at}{seen}", "stable": f"The lane stayed stable up to {at}",
             "overestimating": f"The lane overestimates from {at} on"}[verdict.kind]
    end = _standing(rows)
    text = f"{start}: {end}" if end else start
    return f"{text}." if cause or verdict.kind != "stable" else f"{text}; nothing that was measured left its band."


def _standing(rows: Sequence[Mapping]) -> str:
    """Where mean Q on replay ended, against the bound on its side."""
    row = next((row for row in reversed(rows) if not math.isnan(measured(row, "q_replay_mean"))), None)
    if row is None or math.isnan(limits(row).range):
        return ""
    q, bound = row["q_replay_mean"], limits(row)
    text, share = f"mean Q on replay ended at {number(q)}", bound.share(q)
    if bound.short_of(q):
        return f"{text}, between 0 and the bound ({number(bound.nearest)})"
    if math.isnan(share):
        return text
    side, most, passed = (bound.high, "most", "above") if q >= 0.0 else (bound.low, "least", "below")
    who = "the rewards seen so far allow" if bound.seen else "policies with the entropies seen so far can be worth"
    size, any_policy = number(side), measured(row, "q_bound_any")
    if q >= 0.0 and any_policy > bound.high:
        size += f"; any policy: {number(any_policy)}"
    if share > 1.0 and (side == 0.0 or q < 0.0):  # no multiple of the bound
        return f"{text}, {passed} the {most} that {who} ({size}); its share of the bound is {number(share)}"
    told = f"{number(share)} times" if share >= 1.0 else f"{100.0 * share:.2g}% of"
    return f"{text}, {told} the {most} that {who} ({size})"


def _first(rows: Sequence[Mapping], verdict: Verdict, cause: FirstCause | None, dead: str) -> str:
    if cause is None:
        return "" if verdict.kind == "stable" else "Nothing else that was measured left its band."
    if cause.column in NONFINITE:
        silent = verdict.kind != "exploded" or _order(rows)
        return "" if silent else "Nothing that was measured had left its band before."
    at = f"at update {cause.update:,}"
    if cause.column == "reward_excess":
        excess = max(value for row in rows if not math.isnan(value := measured(row, "reward_excess")))
        return (f"First, {at}, a replayed reward lay outside the task's range (by up to {number(excess)}), "
                f"so every bound and what is judged by it is void.")
    alike = cause.column == "q_random_mean"
    value = measured(rows[departures(rows)[cause.column]], cause.column)
    did = {"q_random_mean": "passed its bound", "temperature": f"passed {MOST_TEMPERATURE:g} times its initial value"}
    text = f"First {WORDS[cause.column]} {did.get(cause.column, 'left its band')}, {at}"
    if cause.column == "temperature":
        text += f" ({number(first_temperature(rows))} at the start, {number(value)} then)"
    elif cause.column == "effective_lr":
        text += f" ({number(100.0 * value)}% of the parameters' own length, {number(100.0 * LARGEST_STEP)}% allowed)"
    elif not alike:
        text += f" ({number(start_level(rows, cause.column))} at the start, {number(value)} then)"
    if verdict.kind == "stable":
        return f"{text}." if dead else f"{text}; nothing came of it so far."
    replay = _passed(rows, "q_replay_mean")
    if replay is None:
        explodes = verdict.kind == "exploded"
        return f"{text}, {_before(verdict.update - cause.update)} the explosion." if explodes else f"{text}."
    lead = _before(when(rows[replay])[0] - cause.update)
    return f"{text}, {lead} mean Q on replay {'did' if alike else 'passed its bound'}."


def _before(updates: int) -> str:
    if updates == 0:
        return "at the same measurement as"
    return f"{abs(updates):,} updates {'before' if updates > 0 else 'after'}"


def _order(rows: Sequence[Mapping]) -> str:
    """When mean Q passed its bound, by kind of actions, earliest first."""
    passed = {name: _passed(rows, name) for name in ACTIONS}
    found = sorted({index for index in passed.values() if index is not None})
    if not found:
        return ""
    parts = [f"on {_and([ACTIONS[name] for name in ACTIONS if passed[name] == index])} actions at update "
             f"{when(rows[index])[0]:,}" for index in found]
    never = [ACTIONS[name] for name in ACTIONS
             if passed[name] is None and any(not math.isnan(measured(row, name)) for row in rows)]
    if never:
        parts.append(f"never on {_and(never)} actions")
    return f"Mean Q passed its bound {', '.join(parts)}."


def _growth(rows: Sequence[Mapping]) -> str:
    """The largest value after the first update over the level at the start, for what grew notably."""
    parts: list[str] = []
    left = departures(rows)
    for name, words in GROWING.items():
        ratio = growth(rows, name, left.get(BEGINS_WITH.get(name, "")))
        if ratio >= NOTABLE:
            parts.append(f"{words} had grown {fold(ratio)}" if not parts else f"{words} {fold(ratio)}")
    return f"At its peak {_and(parts)}." if parts else ""


def _death(rows: Sequence[Mapping]) -> str:
    """Since when the critic's features are next to nothing; empty if they are not, or not any more."""
    known = [row for row in rows if math.isfinite(measured(row, "feature_norm"))]
    least = DEAD * known[0]["feature_norm"] if known else 0.0
    living = max((place for place, row in enumerate(known) if row["feature_norm"] >= least), default=-1)
    if living == len(known) - 1:
        return ""
    norms = number(known[living]["feature_norm"]), number(known[-1]["feature_norm"])
    return (f"From update {when(known[living + 1])[0]:,} on the critic's features are dead: their norm fell from "
            f"{norms[0]} to {norms[1]} at the end.")


def _temperature(rows: Sequence[Mapping]) -> str:
    """The largest climb of the temperature between two resets: SAC raises it when, and only when, entropy is below its
    target. A reset puts it back to where it began, which is no climb."""
    known = [row for row in rows if 0.0 < measured(row, "temperature") < math.inf]
    climbs = [_climb(list(between)) for _, between in itertools.groupby(known, lambda row: row.get("resets", 0))]
    if not climbs:
        return ""
    low, peak = max(climbs, key=_factor)
    if peak["temperature"] < NOTABLE * low["temperature"]:
        return ""
    text = f"The temperature climbed from {number(low['temperature'])} at update {when(low)[0]:,} to " \
           f"{number(peak['temperature'])} at update {when(peak)[0]:,}, as the policy's entropy was below its target"
    entropies = [value for row in rows if low["update"] <= row["update"] <= peak["update"]
                 and math.isfinite(value := measured(row, "entropy"))]
    return f"{text} (down to {number(min(entropies))} nats)." if entropies else f"{text}."


def _climb(rows: Sequence[Mapping]) -> tuple[Mapping, Mapping]:
    """From where to where the temperature rose by the largest factor."""
    lows = itertools.accumulate(rows, _cooler)
    return max(zip(lows, rows, strict=True), key=_factor)


def _cooler(first: Mapping, second: Mapping) -> Mapping:
    return min(first, second, key=lambda row: row["temperature"])


def _factor(climb: tuple[Mapping, Mapping]) -> float:
    low, peak = climb
    return peak["temperature"] / low["temperature"]


def _bias(rows: Sequence[Mapping]) -> str:
    """The Q that targets use against the Monte-Carlo soft return, at the last rollout that was measured."""
    row = next((row for row in reversed(rows)
                if math.isfinite(used_q(row)) and math.isfinite(measured(row, "mc_return_mean"))), None)
    if row is None:
        return ""
    q, earned = used_q(row), row["mc_return_mean"]
    side = "above" if q >= earned else "below"
    return (f"At update {when(row)[0]:,} {used_words(row)} on a rollout was {number(q)}, {number(abs(q - earned))} "
            f"{side} the return that followed.")


def _passed(rows: Sequence[Mapping], name: str) -> int | None:
    return next((index for index, row in enumerate(rows) if passes_bound(row, name)), None)


def _size(value: float) -> float:
    return -1.0 if math.isnan(value) else abs(value)


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def number(value: float) -> str:
    """A number for people: `0.0312`, `36.9`, `6,703`, `4.1e+06`."""
    if not math.isfinite(value) or value == 0.0 or not 1e-4 <= abs(value) < 99_999.5:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def fold(ratio: float) -> str:
    """A growth for people, two figures of it: `4.2-fold`, `460-fold`, `1.2e+05-fold`."""
    if not 1.0 <= ratio < 99_999.5:
        return f"{ratio:.2g}-fold"
    return f"{ratio:.2g}-fold" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}-fold"
