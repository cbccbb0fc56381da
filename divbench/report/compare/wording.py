"""A comparison in words: for a terminal, and as Markdown for a pull request.

Does not live here: what is decided (`decisions`, `comparison`), JSON (`recording`) and JUnit (`junit`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from divbench.report.compare.comparability import Difference
from divbench.report.compare.decisions import Row
from divbench.report.compare.margins import METRICS
from divbench.report.compare.request import MARKDOWN_MARK
from divbench.report.compare.result import INCOMPLETE, Result, VerdictChange
from divbench.report.compare.samples import from_signed_decades
from divbench.report.layout import ABSENT, number
from divbench.report.naming import FIRST, cell_name, cell_names, places_name
from divbench.report.series import Cell
from divbench.spec.text import format_table

COLUMNS = ("task", "variant", "UTD", "seeds", "BASELINE", "NEW", "difference", "interval", "margin", "decision")
RIGHT = COLUMNS[2:9]
MOST_PLACES = 5  # that a metric's heading names
MOST_ROWS = 100  # of a metric in Markdown; a comment has room for 65,536 characters
_ESCAPED = re.compile(r"[\\`*_\[\]#|~<>&@]")


def describe(result: Result) -> str:
    """The comparison as text for a terminal: the verdict first, then tables.

    Args:
      result: what `compare` returned.
    """
    blocks = [headline(result), _facts(result)]
    if len(result.failures) > FIRST:  # than the headline names
        blocks.append("\n".join(f"fails: {failure.text}" for failure in result.failures))
    for metric in result.request.metrics:
        rows = [row for row in result.rows if row.metric == metric]
        if rows:
            table = format_table(COLUMNS, [_cells(row) for row in rows], right=RIGHT)
            places = "".join(f"{line}\n" for line in _places(rows))
            blocks.append(f"{_title(metric, result)}\n{places}{table}")
    if result.verdicts:
        blocks.append("Verdicts that differ\n" + "\n".join(map(verdict_text, result.verdicts)))
    for title, rows in (("Versions", result.versions), ("Other settings that differ", result.settings)):
        if rows:
            lines = [(row.name, row.baseline or ABSENT, row.new or ABSENT, "differs" if row.changed else "")
                     for row in rows]
            blocks.append(f"{title}\n{format_table(('', 'BASELINE', 'NEW', ''), lines)}")
    if result.notes:
        blocks.append("\n".join(f"note: {note}" for note in result.notes))
    return "\n\n".join(blocks)


def headline(result: Result) -> str:
    """The verdict in one line: `regressed: q over all cells; return of cheetah-run, ofn, UTD 1`."""
    rows, count = result.rows, len(result.rows)
    lacking = [failure.text for failure in result.failures]
    if result.decision == INCOMPLETE:
        return f"{INCOMPLETE}: {_first(lacking)}"
    if result.decision == "regressed":
        worse = [f"{row.metric} {_where(row)}{_lost_anew(row)}" for row in rows if row.decision == "regressed"]
        return f"regressed: {_first(worse)}" + (f"; {INCOMPLETE}: {_first(lacking)}" if lacking else "")
    if result.decision == "identical":
        metrics = " and ".join(dict.fromkeys(row.metric for row in rows))
        return f"identical: {metrics} of {result.lanes[1]} lanes, equal to the last bit wherever both sides have a row"
    left = [row for row in rows if row.decision == "undecided"]
    if result.decision == "undecided":
        first = next(row for row in left if row.leading)
        return f"undecided: no regression found, and none ruled out; {first.metric} {_where(first)}: {_reason(first)}"
    margins = ", ".join(f"{metric} {result.request.all_margins.text(metric)}" for metric in result.request.metrics)
    rest = f"; {len(left)} of {count} comparisons of single cells are undecided" if left else ""
    if result.decision == "better":
        return f"better: {'; '.join(f'{r.metric} {_where(r)}' for r in rows if r.decision == 'better')}{rest}"
    return f"equal: within the margins ({margins}){rest}"


def row_text(row: Row) -> str:
    """One comparison in a line: `regressed: return of cheetah-run, ofn, UTD 1: 300 -> 12.0, difference -288 [...]`."""
    values = f"{_value(row, row.baseline)} -> {_value(row, row.new)}"
    lost = f", not finite {row.lost[0]} -> {row.lost[1]} lanes" if any(row.lost) else ""
    reason = f"; {_reason(row)}" if row.decision == "undecided" else ""
    chance = f", adjusted chance {row.chance:.2g}" if row.decision == "regressed" else ""
    return (f"{row.decision}: {row.metric} {_where(row)}: {values}, difference {_effect(row, row.difference.effect)} "
            f"{_interval(row)}{chance}{lost}{_lost_anew(row)}, margin {_margin(row)}, {row.seeds[0]} and "
            f"{row.seeds[1]} {_unit(row)}, {row_place(row)}{reason}")


def row_place(row: Row) -> str:
    """Where the numbers of a row were taken: `at env step 80,000 to 100,000, update 79,000 to 99,000`."""
    where = f"at {places_name(*row.points)}" if all(row.points) else "while training"
    return where if row.cell is not None else f"{row.cells[0]} of {row.cells[1]} cells, {where}"


def verdict_text(change: VerdictChange) -> str:
    """`worse: cheetah-run, ofn, UTD 1: 3 stable -> 1 diverged, 2 stable`."""
    sides = [", ".join(f"{count} {kind}" for kind, count in side.items()) for side in (change.baseline, change.new)]
    return f"{'worse' if change.worse else 'differs'}: {cell_name(change.cell)}: {sides[0]} -> {sides[1]}"


def markdown(result: Result) -> str:
    """The comparison as a comment in Markdown: verdict first, versions, a table per metric; long parts are folded.

    Args:
      result: what `compare` returned.
    """
    word, _, rest = headline(result).partition(": ")
    blocks = [f"{MARKDOWN_MARK}\n**divbench: {word}.** {escaped(rest)}.", f"{escaped(_facts(result))}."]
    if len(result.failures) > FIRST:
        blocks.append("\n".join(f"- fails: {escaped(failure.text)}" for failure in result.failures))
    if result.verdicts:
        blocks.append("\n".join(f"- {escaped(verdict_text(change))}" for change in result.verdicts[:MOST_ROWS]))
    changed = [row for row in result.versions if row.changed]
    same = [row for row in result.versions if not row.changed]
    if changed:
        blocks.append(_pipe_table(("version", "BASELINE", "NEW"), changed))
    for metric in result.request.metrics:
        rows = [row for row in result.rows if row.metric == metric]
        if rows:
            places = escaped("; ".join(_places(rows)))
            blocks.append(f"**{escaped(_title(metric, result))}**\n\n{places}\n\n{_metric_table(rows)}")
    if result.settings:
        blocks.append(_folded("Other settings that differ",
                              _pipe_table(("setting", "BASELINE", "NEW"), result.settings[:MOST_ROWS])))
    if same:
        blocks.append(_folded("Equal versions", escaped(", ".join(f"{row.name} {row.new}" for row in same))))
    notes = [f"- {escaped(note)}" for note in (*result.notes, *_reading(result))]
    blocks.append(_folded("Notes, and how to read this", "\n".join(notes)))
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown and HTML leave as it is: no markup, no links to users or issues, one line."""
    return _ESCAPED.sub(lambda found: f"&#{ord(found[0])};" + ("<!-- -->" if found[0] in "@#" else ""),
                        " ".join(text.split()))


def _facts(result: Result) -> str:
    request = result.request
    seeds = "equal seeds as pairs" if request.paired else "both sides' seeds taken as independent"
    return (f"BASELINE {request.baseline} ({result.lanes[0]} lanes), NEW {request.new} ({result.lanes[1]} lanes), "
            f"{seeds}")


def _title(metric: str, result: Result) -> str:
    margin = result.request.all_margins.text(metric)
    sides = ", either sign" if METRICS[metric].two_sided else ""
    return f"{metric}: {METRICS[metric].summary}; margin {margin}{sides}"


def _where(row: Row) -> str:
    return f"over {row.label}" if row.cell is None else f"of {cell_name(row.cell)}"


def _lost_anew(row: Row) -> str:
    if not row.lost_anew:
        return ""
    seeds = f"seed{'s' if len(row.lost_anew) > 1 else ''} {', '.join(map(str, row.lost_anew))}"
    return f" ({len(row.lost_anew)} of {row.seeds[1]} lanes newly not finite, {seeds})"


def _first(texts: Sequence[str]) -> str:
    """The first of many texts, and how many more there are."""
    return "; ".join(texts[:FIRST]) + (f"; and {len(texts) - FIRST} more" if len(texts) > FIRST else "")


def _places(rows: Sequence[Row]) -> list[str]:
    """Where a metric is compared, each place with its cells, a line each."""
    found: dict[str, list[Cell]] = {}
    for row in rows:
        if row.cell is not None:
            found.setdefault(row_place(row), []).append(row.cell)
    if len(found) == 1:
        return [f"compared {place}" for place in found]
    return [f"compared {place}: {cell_names(cells)}" for place, cells in list(found.items())[:MOST_PLACES]]


def _reason(row: Row) -> str:
    if row.obstacle:
        return row.obstacle
    if row.difference.effect is None:
        return "a side has no finite number"
    if row.metric == "speed":
        return "the margin is inside the interval, or too few stretches were timed"
    if row.needed is None:
        return "the spread is too large for any number of seeds that one would run"
    if row.needed <= min(row.seeds):
        return "the numbers disagree with the spread that they have; more seeds would tell"
    return f"about {row.needed:,} seeds a side would decide"


def _cells(row: Row) -> tuple[str, ...]:
    name = (row.label, "", "") if row.cell is None else (*row.cell[:2], row.cell.utd or ABSENT)
    decision = row.decision + (f" ({_reason(row)})" if row.decision == "undecided" else "")
    lost = f"; not finite: {row.lost[0]} -> {row.lost[1]}" if any(row.lost) else ""
    lost += _lost_anew(row)
    return (*name, f"{row.seeds[0]} / {row.seeds[1]}", _value(row, row.baseline), _value(row, row.new),
            _effect(row, row.difference.effect), _interval(row), _margin(row), decision + lost)


def _value(row: Row, mean: float | None) -> str:
    return number(unscaled(row, mean))


def unscaled(row: Row, mean: float | None) -> float | None:
    """A mean in the metric's own units; of q, that of decades with their sign."""
    if mean is None or row.metric == "return":
        return mean
    return from_signed_decades(mean) if row.metric == "q" else 10.0**mean


def _effect(row: Row, effect: float | None) -> str:
    if effect is None:
        return ABSENT
    if row.metric == "speed":
        return f"{speed_share(effect):+.1%}"
    return f"{effect:+,.{1 if row.margin >= 1.0 else 4}f}" if row.metric == "return" else f"{effect:+.3f}"


def _interval(row: Row) -> str:
    if row.difference.low is None:
        return ABSENT
    return f"[{_effect(row, row.difference.low)}, {_effect(row, row.difference.high)}]"


def _margin(row: Row) -> str:
    margin = round(speed_loss(row.margin), 6) if row.metric == "speed" else row.margin
    return METRICS[row.metric].margin_text(margin)


def _unit(row: Row) -> str:
    return "stretches" if row.metric == "speed" else "seeds"


def speed_loss(margin: float) -> float:
    """A margin in decades as the share of the speed that may be lost."""
    return abs(10.0**-margin - 1.0)


def speed_share(decades: float | None) -> float | None:
    """Decades as a relative change."""
    return None if decades is None else 10.0**decades - 1.0


def _metric_table(rows: Sequence[Row]) -> str:
    """The row over all cells and what stands out in sight, the other cells folded."""
    open_rows = [row for row in rows if row.cell is None or row.decision in ("regressed", "better")] or rows[:1]
    folded = [row for row in rows if row not in open_rows]
    parts = [_cell_table(open_rows[:MOST_ROWS])]
    if folded:
        more = f"; {len(folded) - MOST_ROWS} more in --json" if len(folded) > MOST_ROWS else ""
        counts = ", ".join(f"{sum(row.decision == decision for row in folded)} {decision}"
                           for decision in dict.fromkeys(row.decision for row in folded))
        parts.append(_folded(f"{len(folded)} other cells: {counts}{more}", _cell_table(folded[:MOST_ROWS])))
    return "\n\n".join(parts)


def _cell_table(rows: Sequence[Row]) -> str:
    return _pipes(COLUMNS, [_cells(row) for row in rows], RIGHT)


def _pipe_table(header: Sequence[str], rows: Sequence[Difference]) -> str:
    return _pipes(header, [(row.name, row.baseline or ABSENT, row.new or ABSENT) for row in rows])


def _pipes(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    lines = [header, ["--:" if name in right else "---" for name in header]]
    lines += [[escaped(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escaped(title)}</summary>\n\n{content}\n\n</details>"


def _reading(result: Result) -> list[str]:
    confidence = result.request.confidence
    level = 1.0 - confidence
    return [
        f"intervals are {100 * confidence:.4g}% intervals of the mean difference (Welch's t), each by itself",
        "regressed: an exact rank test rejects, at a level that all rows share (all false alarms together have a "
        f"chance of at most {level:.3g}), and the estimate is beyond the margin",
        "a lane that is not finite, in a cell where BASELINE has none, is a regression without a test",
        "equal: the interval lies within the margin; undecided: neither, and never a failure without --strict",
        f"{INCOMPLETE}: NEW lacks something of BASELINE, or ends before it; it fails unless a flag allows it",
    ]
