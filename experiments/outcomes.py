"""Outcomes on disk and in words: reading `outcome.json`, its page in Markdown, and the scoreboard of all claims.

Nothing is decided here, and nothing heavy is imported: `divbench claims` answers at once.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

from divbench.experiments.experiment import INCONCLUSIVE, ROUNDING, percent
from divbench.experiments.request import CLAIMS, NAMES
from divbench.spec.errors import UsageError
from divbench.spec.text import format_table
from divbench.statistics.estimates import CONFIDENCE, holm

BAR = r"\|"  # in a cell of a Markdown table
OUTCOME, FORMAT, OUTCOME_VERSION = "outcome.json", "divbench outcome", 1
_NEEDED = ("experiment", "claim", "source", "scale", "status", "sentence", "effect", "interval", "threshold", "seeds",
           "side", "physics", "requested_physics", "device", "what", "comparisons", "context", "lanes", "tasks",
           "published_claim")
COLUMNS = ("experiment", "status", "with Holm", "effect", "interval", "level", "claimed", "seeds", "tasks", "scale",
           "physics", "device", "series")
UNKNOWN = "-"
HOLM_NOTE = ("with Holm: the status that is left if any claim of a series may be decided wrongly in 5 of 100 cases in "
             "all; - where an outcome holds no chance, which counts as 1")
FIRST_RULE_NOTE = ("level -: not known. {count} outcomes were decided by the first rule, whose intervals were called "
                   "95% and of which bootstraps cover less (docs/experiments.md)")


def read_outcome(path: Path) -> dict:
    """The record in an `outcome.json`.

    Raises:
      UsageError: a file that cannot be read, is none, or was written by another version.
    """
    try:
        record = json.loads(path.read_text())
        if record["format"] != FORMAT:
            raise ValueError("format")
        version = record["schema_version"]
        if version == OUTCOME_VERSION:
            _check(record)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path}: damaged, or not the outcome of an experiment") from None
    if version != OUTCOME_VERSION:
        raise UsageError(f"{path}: written with outcome schema {version}, this divbench has {OUTCOME_VERSION}")
    return record


def _check(record: dict) -> None:
    """Raise `ValueError` if something is missing, or a number is none."""
    missing = [key for key in _NEEDED if key not in record]
    if missing:
        raise ValueError(missing[0])
    for part in (record, *record["comparisons"]):
        lacking = [key for key in ("what", "side", "status", "threshold", "effect", "interval") if key not in part]
        if lacking:
            raise ValueError(lacking[0])
        maybe = (part.get(key) for key in ("effect", "level", "chance"))
        numbers = [part["threshold"], *(number for number in maybe if number is not None), *(part["interval"] or ())]
        if not all(isinstance(number, int | float) for number in numbers):
            raise ValueError("number")


def installed_claims() -> Path | None:
    """The outcomes that came with the package; None where it has none."""
    found = importlib.util.find_spec("divbench.results")
    places = [Path(place) / "claims" for place in (found.submodule_search_locations or ())] if found else []
    return next((place for place in places if place.is_dir()), None)


def find_outcomes(folder: str | None = None) -> list[tuple[str, dict]]:
    """The outcomes in a folder and below it, as (series, record), in the order of the experiments. The series is the
    folder in between, such as `full`: nothing for an outcome that lies directly in the folder.

    Args:
      folder: where to look; by default both the committed outcomes, which come with the package, and those that
        `divbench reproduce` made below the current directory.

    Raises:
      UsageError: no such folder, or an outcome in it that cannot be read.
    """
    if folder is not None and not Path(folder).is_dir():
        raise UsageError(f"--dir: expected a folder of outcomes, found nothing of that kind at '{folder}'")
    places = [Path(folder)] if folder is not None else [place for place in (installed_claims(), Path(CLAIMS)) if place]
    files = {file.resolve(): (_series(file, place), file)
             for place in places for file in sorted(place.glob(f"**/{OUTCOME}"))}
    found = [(series, read_outcome(file)) for series, file in files.values()]
    order = {name: place for place, name in enumerate(NAMES)}
    return sorted(found, key=lambda entry: (order.get(entry[1]["experiment"], len(order)), entry[0], entry[1]["scale"]))


def _series(file: Path, place: Path) -> str:
    return "/".join(file.relative_to(place).parts[:-2])


def scoreboard(outcomes: Sequence[tuple[str, dict]], *, markdown: bool = False) -> str:
    """The table of claims: one row for each outcome with the number that decided it, and how many have which status,
    those of a series apart, and which experiments have none."""
    if not outcomes:
        return "no outcomes; 'divbench reproduce NAME' makes one, 'divbench reproduce --list' shows the experiments"
    adjusted = with_holm(outcomes)
    rows = [(*_row(record, after), series) for (series, record), after in zip(outcomes, adjusted, strict=True)]
    if markdown:
        header = (*COLUMNS[:1], "claim", *COLUMNS[1:3], "decided by", *COLUMNS[3:])
        lines = [_cells(*header), f"|{'---|' * len(header)}"]
        lines += [_cells(row[0], record["claim"], *row[1:3], _decider(record)["what"], *row[3:])
                  for row, (_, record) in zip(rows, outcomes, strict=True)]
        table = "\n".join(lines)
    else:
        table = format_table(COLUMNS, rows, right=("effect", "interval", "level", "seeds", "tasks"))
    counts: dict[str, dict[str, int]] = {}
    for series, record in sorted(outcomes, key=lambda entry: entry[0]):
        statuses = counts.setdefault(series, {})
        statuses[record["status"]] = statuses.get(record["status"], 0) + 1
    lines = (f"{series}: " * bool(series) + ", ".join(f"{count} {status}" for status, count in statuses.items())
             for series, statuses in counts.items())
    first = sum("rule" not in record for _, record in outcomes)
    notes = [HOLM_NOTE, *([FIRST_RULE_NOTE.format(count=first)] if first else [])]
    left = _not_carried_out(outcomes)
    lacking = [f"not carried out, {len(left)} of {len(NAMES)}: {', '.join(left)}"] if left else []
    return "\n".join([table, "", *notes, "", *lines, *lacking])


def scoreboard_record(outcomes: Sequence[tuple[str, dict]]) -> dict:
    """The same for programs: `claims`, a row for each outcome, and the names of experiments that are
    `not_carried_out`."""
    claims = []
    for (series, record), after in zip(outcomes, with_holm(outcomes), strict=True):
        decider = _decider(record)
        claims.append({
            **{key: record[key] for key in ("experiment", "claim", "source", "status")},
            "with_holm": None if after == UNKNOWN else after, "decided_by": decider["what"],
            **{key: decider.get(key) for key in ("effect", "interval", "level", "side", "threshold")},
            **{key: record[key] for key in ("seeds", "tasks", "scale", "physics", "device")}, "series": series})
    return {"claims": claims, "not_carried_out": _not_carried_out(outcomes)}


def with_holm(outcomes: Sequence[tuple[str, dict]]) -> list[str]:
    """The status of each outcome after Holm's rule over the claims of its series; `UNKNOWN` where it has no chance.

    Such an outcome counts as one more test whose chance is 1, so that leaving chances out never helps another claim.
    """
    found = []
    for series in dict.fromkeys(series for series, _ in outcomes):
        own = [(place, record) for place, (other, record) in enumerate(outcomes) if other == series]
        chances = [record.get("chance") for _, record in own]
        adjusted = holm([1.0 if chance is None else chance for chance in chances])
        for (place, record), chance, after in zip(own, chances, adjusted, strict=True):
            left = record["status"] if after <= 1.0 - CONFIDENCE + ROUNDING else INCONCLUSIVE
            found.append((place, UNKNOWN if chance is None else left))
    return [status for _, status in sorted(found)]


def _not_carried_out(outcomes: Sequence[tuple[str, dict]]) -> list[str]:
    """The experiments without an outcome, as no outcome is no result either."""
    found = {record["experiment"] for _, record in outcomes}
    return [name for name in NAMES if name not in found]


def describe_outcome(record: dict) -> str:
    """An outcome for a terminal."""
    lines = [f"{record['experiment']}: {record['status']} ({record['scale']} scale)", *_so_far(record),
             record["sentence"], ""]
    lines += [f"  {c['status']:<15}{_in_words(c)}" for c in record["comparisons"]]
    lines += [f"  {'':<15}{line}" for line in record["context"]]
    return "\n".join(lines)


def _so_far(record: dict) -> list[str]:
    """What is said of an outcome of only some of the runs."""
    missing = record.get("missing", [])
    count = len(record.get("runs", ()))
    return [f"So far: {count} of {count + len(missing)} runs. Not in it: {'; '.join(missing)}."] if missing else []


def as_markdown(record: dict) -> str:
    """The page `outcome.md` of an outcome."""
    lines = [f"# {record['experiment']}: {record['status']}", "", f"Claim: {record['claim']}", ""]
    if record["published_claim"] != record["claim"]:
        lines += [f"That is what this scale can decide of: {record['published_claim']}", ""]
    lines += [line for said in _so_far(record) for line in (said, "")]
    lines = [*lines, f"Source: {record['source']}", "", record["sentence"], "", "![figure](figure.png)", "",
             "| what | method | effect | interval | level | claimed | status |", "|---|---|---:|---:|---:|---|---|"]
    lines += [_cells(c["what"], c.get("method") or UNKNOWN, _number(c["effect"]), _interval(c), _level(c),
                     f"{c['side']} {c['threshold']:g}", c["status"]) for c in record["comparisons"]]
    lines += ["", *(f"- {line}" for line in record["context"]), ""]
    if record["quick_shows"]:
        lines += [f"What the quick scale shows: {record['quick_shows']}", ""]
    if record.get("arms"):
        lines += [*_table(record["arms"]), ""]
    if record.get("kinds"):
        lines += [record["kinds"]["note"], "", *_table(record["kinds"]), ""]
    lines += _lanes(record["lanes"]) if record["lanes"] else _table(record["measured"])
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items() if version != "absent")
    cores = f", CPU cores {record['cpus']}" if "cpus" in record else ""
    lines += ["", f"Scale {record['scale']}, physics {record['physics']}, device {record['device']}{cores}, precision "
              f"{record['precision']}. {versions}.", "", f"`{_command(record)}`", ""]
    return "\n".join(lines)


def _command(record: dict) -> str:
    physics = "" if record["requested_physics"] == "auto" else f" --physics {record['requested_physics']}"
    return (f"divbench reproduce {record['experiment']} --scale {record['scale']}{physics}"
            f"{' --so-far' if record.get('missing') else ''}")


def _lanes(lanes: Sequence[dict]) -> list[str]:
    """The table of the lanes that were trained."""
    rows = [_cells(*(str(lane[key]) for key in ("arm", "task", "utd", "seed", "verdict")), f"{lane['update']:,}",
                   *(_number(lane[key]) for key in ("q", "q_bound", "return"))) for lane in lanes]
    return ["| arm | task | UTD | seed | verdict | update | Q | bound | return |",
            "|---|---|---|---|---|---:|---:|---:|---:|", *rows]


def _table(table: dict) -> list[str]:
    """A table of text: what was measured where nothing was trained, or the arms."""
    return [_cells(*table["header"]), f"|{'---|' * len(table['header'])}", *(_cells(*row) for row in table["rows"])]


def _row(record: dict, after_holm: str) -> tuple[str, ...]:
    decider = _decider(record)
    return (record["experiment"], record["status"], after_holm, _number(decider["effect"]), _interval(decider),
            _level(decider), f"{decider['side']} {decider['threshold']:g}", str(record["seeds"]),
            str(len(record["tasks"])), *(record[key] for key in ("scale", "physics", "device")))


def _decider(record: dict) -> dict:
    """The first comparison that has the outcome's status: what a claim that is not reproduced failed by."""
    return next(part for part in (*record["comparisons"], record) if part["status"] == record["status"])


def _cells(*cells: str) -> str:
    """A row of a table; a bar inside a cell, as of |Q|, ends none."""
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def _in_words(comparison: dict) -> str:
    level = "" if comparison.get("level") is None else f" {_level(comparison)}"
    method = f" ({comparison['method']})" if comparison.get("method") else ""
    return (f"{comparison['what']}{method}: {_number(comparison['effect'])} {_interval(comparison)}{level}, claimed "
            f"{comparison['side']} {comparison['threshold']:g}")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.3g}" if abs(value) < 1e4 else f"{value:.3g}"


def _level(record: dict) -> str:
    return UNKNOWN if record.get("level") is None else percent(record["level"])


def _interval(record: dict) -> str:
    return "-" if record["interval"] is None else "[{}, {}]".format(*map(_number, record["interval"]))
