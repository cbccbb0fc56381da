"""Whether two result sets can be compared, and in what else they differ.

What decides a number directly must be equal (`Incomparable` names the field and both values); other settings, and the
versions of what computed, may differ, since finding out whether they matter is what comparing is for: they are listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from divbench.records.card import key_generation
from divbench.report.compare.result_set import ResultSet
from divbench.report.naming import cell_name
from divbench.report.series import Cell
from divbench.spec.errors import UsageError

# Facts that the rows of a lane state, and settings of the card, under the names that people see.
ROW_FIELDS = {"physics": "physics", "action_repeat": "action repeat", "network": "network", "precision": "precision"}
METRIC = "metric of the scores"
STEPS, UPDATES = "env steps", "updates"  # fields that lengths decide; updates are those of the last row
CARD_FIELDS = {"steps": STEPS, "prime_samples": "random env steps", "prime_updates": "updates before acting",
               "eval_episodes": "evaluation episodes", "sac.critics": "number of critics",
               "sac.algorithm": "algorithm", "sac.activation": "activation", "dataset_checksum": "dataset"}
# Which lanes there are, and what no number depends on; widths are in the rows, `hidden` being those of older cards.
NOT_LISTED = ("tasks", "variants", "utd", "seeds", "seed_start", "physics", "precision", "sac.hidden",
              "sac.critic_hidden", "sac.actor_hidden", *CARD_FIELDS)
WORDS = ("summary", "citation")  # of a variant's record: they explain, and change nothing
FIRST = 3  # differences that an error names
LONGEST = 80  # characters of a value in a note
UNKNOWN = "unknown"  # in words, what is empty in a table


class Incomparable(UsageError):
    """Two result sets whose numbers would differ without any change of the code."""


class Difference(NamedTuple):
    """A setting, version or fact with its value on both sides, as text; `changed` says whether they differ."""

    name: str
    baseline: str
    new: str

    @property
    def changed(self) -> bool:
        return self.baseline != self.new


def common_cells(baseline: ResultSet, new: ResultSet) -> list[Cell]:
    """The cells that both sides have, in the order of the first.

    Raises:
      Incomparable: there is none; the message says what each side has of what differs.
    """
    theirs = set(new.cells)
    common = [cell for cell in baseline.cells if cell in theirs]
    if common:
        return common
    for field, name in (("task", "task"), ("variant", "variant"), ("utd", "UTD")):
        here, there = _having(baseline.cells, field), _having(new.cells, field)
        if not set(here) & set(there):
            raise Incomparable(f"nothing to compare: {name} is {', '.join(here) or 'none'} in BASELINE and "
                               f"{', '.join(there) or 'none'} in NEW")
    raise Incomparable("nothing to compare: no task, variant and UTD is in both BASELINE and NEW")


def check_comparable(baseline: ResultSet, new: ResultSet, cells: Iterable[Cell], *,
                     other_lengths: bool = False) -> None:
    """Refuse two sides that differ in what decides the numbers of these cells.

    Args:
      baseline, new: both sides.
      cells: those that both have.
      other_lengths: whether runs that were to have other numbers of env steps may be compared.

    Raises:
      Incomparable: naming the fields with both values; also where one side itself has two values in one cell.
    """
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        ours, theirs = _fields(baseline, cell), _fields(new, cell)
        if other_lengths:
            del ours[STEPS], theirs[STEPS]
        updates = [_last_updates(side, cell) for side in (baseline, new)]
        for env_step in updates[0].keys() & updates[1].keys():
            one, other = updates[0][env_step], updates[1][env_step]
            if one != other:
                found.setdefault((UPDATES, one, other), []).append(cell)
        for side, fields in (("BASELINE", ours), ("NEW", theirs)):
            for name, values in fields.items():
                if len(values) > 1:
                    raise Incomparable(f"{side} has lanes of {cell_name(cell)} with different {name}: "
                                       f"{' and '.join(values)}; compare them apart")
        for name in ours.keys() & theirs.keys():
            if ours[name] and theirs[name] and ours[name] != theirs[name]:
                found.setdefault((name, ours[name][0], theirs[name][0]), []).append(cell)
    if found:
        order = [METRIC, *ROW_FIELDS.values(), *CARD_FIELDS.values(), UPDATES]
        listed = sorted(found.items(), key=lambda item: order.index(item[0][0]))
        shown = "; ".join(f"{name} is {ours} in BASELINE and {theirs} in NEW ({_where(where)})"
                          for (name, ours, theirs), where in listed[:FIRST])
        more = f"; and {len(listed) - FIRST} more" if len(listed) > FIRST else ""
        if {name for (name, _, _), _ in listed} == {STEPS}:
            more += "; --allow-shorter compares at the common step"
        raise Incomparable(f"cannot be compared: {shown}{more}")


def check_pairs(baseline: ResultSet, new: ResultSet) -> None:
    """Refuse to take lanes of equal seed as pairs where the two sides drew their random numbers by different rules.

    Raises:
      Incomparable: naming the key generations of both sides.
    """
    ours, theirs = ([key_generation(run.card) for run in side.runs] for side in (baseline, new))
    if len({*ours, *theirs}) > 1:
        here, there = (" and ".join(dict.fromkeys("unknown" if found is None else str(found) for found in side))
                       for side in (ours, theirs))
        raise Incomparable(f"--paired: expected equal key generations, found {here} in BASELINE and {there} in NEW: "
                           "lanes of equal seed share no random numbers; leave --paired out")


def other_settings(baseline: ResultSet, new: ResultSet) -> list[Difference]:
    """Settings that differ and yet may be compared: those of the cards, and the records of variants of equal name.

    A setting that only one side's card knows (it was written by another version) is named together with all such.
    """
    ours, theirs = _settings(baseline), _settings(new)
    rows = [Difference(name, ours[name], theirs[name]) for name in ours if name in theirs]
    rows = [row for row in rows if row.changed]
    only = [_short(", ".join(name for name in side if name not in other)) for side, other in ((ours, theirs),
                                                                                           (theirs, ours))]
    if any(only):
        rows.append(Difference("known to one side only", *only))
    return rows


def versions(baseline: ResultSet, new: ResultSet) -> list[Difference]:
    """Versions of Python and packages, device and platform on both sides; those that differ come first."""
    ours, theirs = _made_with(baseline), _made_with(new)
    rows = [Difference(name, ours.get(name, "-"), theirs.get(name, "-")) for name in dict.fromkeys([*ours, *theirs])]
    rows = [row for row in rows if {row.baseline, row.new} - {"absent", "-"}]
    return [row for row in rows if row.changed] + [row for row in rows if not row.changed]


def _fields(side: ResultSet, cell: Cell) -> dict[str, tuple[str, ...]]:
    """Every field that must be equal, with the values that the lanes of a cell have; empty where nothing says."""
    facts = side.facts_of(cell)
    fields = {name: tuple(value or UNKNOWN for value in facts[column]) for column, name in ROW_FIELDS.items()}
    fields[METRIC] = tuple(dict.fromkeys(run.metric for run in side.runs_of(cell)))
    settings = [_flat(run.settings) for run in side.runs_of(cell)]
    for key, name in CARD_FIELDS.items():
        fields[name] = tuple(dict.fromkeys(_text(known[key]) for known in settings if key in known))
    return fields


def _last_updates(side: ResultSet, cell: Cell) -> dict[int, str]:
    """The updates, as text, at the env step at which each lane of a finished cell ended acting."""
    if not all(run.finished for run in side.runs_of(cell)):
        return {}
    found: dict[int, dict[str, None]] = {}
    for series in side.values.get(cell, {}).values():
        env_step, update = series.points[-1]
        if env_step > 0 <= update:
            found.setdefault(env_step, {})[f"{update:,}"] = None
    return {env_step: " and ".join(updates) for env_step, updates in found.items()}


def _settings(side: ResultSet) -> dict[str, str]:
    """The settings of all runs of a side by dotted name; values that differ between its runs stand side by side."""
    found: dict[str, dict[str, None]] = {}
    for run in side.runs:
        flat = {name: value for name, value in _flat(run.settings).items() if name not in NOT_LISTED}
        for record in run.settings.get("variants", ()):
            name = side.names.get(record.get("name"), record.get("name"))
            for key, value in record.items():
                if name and key not in (*WORDS, "name"):
                    flat[f"variant {name}: {key}"] = value
        for name, value in flat.items():
            found.setdefault(name, {})[_short(_text(value))] = None
    return {name: ", ".join(values) for name, values in found.items()}


def _made_with(side: ResultSet) -> dict[str, str]:
    found: dict[str, dict[str, None]] = {}
    for run in side.runs:
        sessions = [session for session in run.card.get("sessions", ()) if "versions" in session] or [run.card]
        for session in sessions:
            for name, version in session.get("versions", {}).items():
                found.setdefault(name, {})[str(version)] = None
        for name in ("device", "platform", "cpus"):
            for made in (run.card, *run.card.get("sessions", ())):
                if made.get(name) is not None:
                    found.setdefault(name, {})[str(made[name])] = None
    return {name: ", ".join(values) for name, values in found.items()}


def _flat(settings: Mapping, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _having(cells: Iterable[Cell], field: str) -> list[str]:
    found = list(dict.fromkeys(getattr(cell, field) for cell in cells))
    if field != "utd":
        return found
    return [utd or UNKNOWN for utd in sorted(found, key=lambda utd: Fraction(utd or 0))]


def _where(cells: list[Cell]) -> str:
    return cell_name(cells[0]) if len(cells) == 1 else f"{cell_name(cells[0])} and {len(cells) - 1} more"


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value if isinstance(value, str) else json.dumps(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
