"""A run in training, on the terminal and as a page that keeps itself up to date.

Lives here: what stands on the screen, and the pace at which it is read again. Does not live here: reading and judging
(`evidence`), the page (`page`), and the progress that the run itself prints.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.records.folder import CARD, DONE, GROUPS, RESULTS, TIMING
from divbench.report.bounds import LIMIT_COLUMNS, last_numbers, share_of
from divbench.report.evidence import RunEvidence, gather
from divbench.report.layout import number
from divbench.report.page.write import distinct, page, put
from divbench.report.series import Cell, read_cells
from divbench.report.summary import STYLES
from divbench.spec.errors import UsageError
from divbench.spec.text import format_count

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

INTERVAL = 3.0  # seconds between two looks
SHARE = 4.0  # a look that takes long is followed by this many times its length without one
TAIL = 65_536  # bytes of a journal of times that are read for its last row
MOST_LANES = 24  # listed one by one; beyond, seeds are pooled
BAR = 24  # columns


@dataclasses.dataclass(frozen=True)
class GroupState:
    """How far a group is: env step, update and phase of one lane, updates a second of all; `done` at its end."""

    name: str
    task: str = ""
    utd: str = ""
    lanes: int = 0
    env_step: int = 0
    update: int = 0
    phase: str = ""
    rate: float = math.nan
    done: bool = False


@dataclasses.dataclass(frozen=True)
class Standing:
    """What was last measured of a lane, or of the seeds of a cell: their median, and whether Q is `beyond` its bound;
    verdicts by kind, in words."""

    cell: Cell
    seeds: str
    env_step: int
    update: int
    score: float
    q: float
    bound: float
    beyond: bool
    verdict: str


def watch(path: str | os.PathLike, *, html: bool = False, others: Sequence[str | os.PathLike] = (),
          against: Iterable | None = None, interval: float = INTERVAL, console: Console | None = None,
          sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic) -> Path | None:
    """Show what a run has come to until it is finished or Ctrl-C is pressed; the run itself is left alone.

    Args:
      path: the run folder.
      html: keep `report/report.html` up to date too; the page loads itself again while the run trains.
      others, against: more folders and published curves in the page, as `write_page` takes them.
      interval: seconds between two looks; more where a look takes long.
      console: a `rich.console.Console`; by default one on standard output.
      sleep, clock: how to wait, and seconds of a clock.

    Returns:
      The page, if one was asked for.

    Raises:
      UsageError: a missing, foreign or damaged folder, one named twice, a page that cannot be written, or an interval
        below 0.1 s.
    """
    from rich.console import Console
    from rich.live import Live

    if not (math.isfinite(interval) and interval >= 0.1):
        raise UsageError(f"--every: expected at least 0.1 seconds, found '{interval}'")
    path, console = Path(path), console or Console()
    folders = distinct([path, *others])
    found: dict[Path, RunEvidence] = {}
    seen: dict[Path, tuple] = {}
    file, last_line, wait = None, "", interval
    with Live(console=console, auto_refresh=False, transient=False) as live:
        try:
            while True:
                began = clock()
                marks = {folder: fingerprint(folder) for folder in folders}
                changed = [folder for folder in folders if folder not in found or marks[folder] != seen[folder]]
                if changed:
                    found |= {folder: gather(folder) for folder in changed}
                    seen, evidence = marks, found[path]
                    finished = evidence.tables.card.get("finished") is not None
                    wait = max(interval, SHARE * (clock() - began))
                    file = _write(path, list(found.values()), against, None if finished else wait) if html else None
                    wait = max(interval, SHARE * (clock() - began))
                groups = read_groups(path, evidence.tables.card)
                if console.is_terminal:
                    live.update(picture(path, evidence, groups, file, console.height), refresh=True)
                elif (line := in_a_line(evidence, groups)) != last_line:
                    console.print(line, soft_wrap=True, markup=False, highlight=False)
                    last_line = line
                if finished:
                    return file
                sleep(wait)
        except KeyboardInterrupt:
            return _write(path, list(found.values()), against, None) if html and found else None


def fingerprint(path: Path) -> tuple:
    """Changes when a row of results or the card does: sizes of the journals, size and time of the card."""
    files = sorted((path / GROUPS).glob(f"*/{RESULTS}"))
    try:
        card = (path / CARD).stat()
        return card.st_size, card.st_mtime_ns, *((file.parent.name, file.stat().st_size) for file in files)
    except FileNotFoundError:  # started over just now; what `gather` finds counts
        return ()


def read_groups(path: Path, card: dict) -> list[GroupState]:
    """The groups that have begun, by name, from the last row of their times."""
    return [_read_group(folder) for folder in sorted((path / GROUPS).glob("*")) if folder.is_dir()] \
        if card.get("finished") is None else []


def _read_group(folder: Path) -> GroupState:
    state = GroupState(folder.name, done=(folder / DONE).exists())
    for row in _last_rows(folder / TIMING):
        rate = row.get("updates_per_second", math.nan)
        state = dataclasses.replace(
            state, task=row["task"], utd=row["utd"], lanes=row["lanes"], env_step=row["env_step"],
            update=row["update"], phase=row["phase"], rate=state.rate if math.isnan(rate) else rate)
    return state


def _last_rows(file: Path) -> list[dict]:
    """The whole rows at the end of a journal of times; none while it does not exist."""
    try:
        with open(file, "rb") as journal:
            journal.seek(max(0, os.fstat(journal.fileno()).st_size - TAIL))
            lines = journal.read().split(b"\n")
    except FileNotFoundError:
        return []
    rows = []
    for line in lines[:-1]:
        try:
            rows.append(json.loads(line)["row"])
        except (ValueError, KeyError, TypeError):
            continue  # the first line of the tail is cut
    return rows


def _calm(verdict: str) -> bool:
    """Whether every lane behind `4 stable, 1 diverged` is stable, or nothing is said yet."""
    return all(part.endswith("stable") for part in verdict.split(", ")) or not verdict


def standings(evidence: RunEvidence, *, pooled: bool) -> list[Standing]:
    """The last numbers of every lane, or of every cell, in the order of the report's tables."""
    facts = evidence.facts
    values = read_cells(evidence.tables.values, ("q_replay_mean", *LIMIT_COLUMNS), facts.order)
    scores = read_cells(evidence.tables.scores, ("return_mean",), facts.order)
    kinds: dict[Cell, dict[int, str]] = {}
    for lane in evidence.lanes:
        kinds.setdefault(lane.cell, {})[lane.seed] = lane.verdict
    rows = []
    for cell in dict.fromkeys([*values, *scores]):
        seeds = sorted({*values.get(cell, {}), *scores.get(cell, {})})
        rows += [_standing(cell, members, values, scores, kinds)
                 for members in ([seeds] if pooled else [[seed] for seed in seeds])]
    return rows


def _standing(cell: Cell, seeds: list[int], values: dict, scores: dict, kinds: dict) -> Standing:
    measured = [values[cell][seed] for seed in seeds if seed in values.get(cell, {})]
    scored = [scores[cell][seed] for seed in seeds if seed in scores.get(cell, {})]
    env_step, update = max(series.points[-1] for series in (*measured, *scored))
    found = [kinds.get(cell, {}).get(seed, "") for seed in seeds]
    counts = {kind: found.count(kind) for kind in dict.fromkeys(found) if kind}
    verdict = ", ".join(kind if len(seeds) == 1 else f"{count} {kind}" for kind, count in counts.items())
    name = str(seeds[0]) if len(seeds) == 1 else f"{len(seeds)} seeds"
    return Standing(cell, name, env_step, update, _last(scored, "return_mean"), _last(measured, "q_replay_mean"),
                    _last(measured, "q_bound"), share_of(map(last_numbers, measured)).beyond, verdict)


def _last(lanes: list, column: str) -> float:
    last = [found[-1] for series in lanes if (found := series.finite(column))]
    return statistics.median(last) if last else math.nan


def picture(path: Path, evidence: RunEvidence, groups: list[GroupState], file: Path | None, height: int) -> Group:
    """What stands on a terminal of `height` lines, as a rich renderable."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rows = standings(evidence, pooled=len(evidence.lanes) > MOST_LANES)
    running = [group for group in groups if not group.done]
    room = max(5, height - len(running) - 9)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("task", "variant", "UTD", "seed", "env step", "update", "return", "mean Q", "bound", "verdict so far"):
        plain = name in ("task", "variant", "verdict so far")
        table.add_column(name, justify="left" if plain else "right", no_wrap=True)
    rows = sorted(rows, key=lambda row: _calm(row.verdict)) if len(rows) > room else rows
    for row in rows[:room]:
        table.add_row(*map(Text, (*row.cell[:2], row.cell.utd, row.seeds, f"{row.env_step:,}", f"{row.update:,}",
                                  _shown(row.score))), _q_text(row), Text(_shown(row.bound)),
                      Text(row.verdict, style=STYLES.get(row.verdict, "")))
    title = Text.assemble((f"divbench {evidence.facts.suite}", "bold"), f"  {path}  {evidence.facts.state}")
    parts: list[Text | Table] = [title]
    if groups:
        waiting = _lanes_planned(evidence) - sum(group.lanes for group in groups)
        done = sum(group.done for group in groups)
        parts.append(Text(f"groups: {done} finished, {len(running)} begun"
                          + (f"; {waiting} lanes wait" if waiting > 0 else ""), style="dim"))
    parts += [_bar(group, evidence) for group in running]
    parts += [Text(), table if rows else Text("Nothing is recorded yet.")]
    if len(rows) > room:
        parts.append(Text(f"and {len(rows) - room} more", style="dim"))
    if file is not None:
        parts.append(Text(f"page: {file}", style="dim"))
    return Group(*parts)


def in_a_line(evidence: RunEvidence, groups: list[GroupState]) -> str:
    """The same for a log: `step 12k, update 16k; 11 stable, 1 diverged`."""
    begun = [group for group in groups if not group.done]
    parts = [f"{group.name}: step {format_count(group.env_step)}, update {format_count(group.update)}"
             if group.phase else f"{group.name}: begins" for group in begun]
    kinds = [lane.verdict for lane in evidence.lanes]
    parts.append(", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "nothing measured yet")
    return "; ".join([*parts, evidence.facts.state])


def share_done(group: GroupState, settings: dict) -> float | None:
    """The share of env steps and updates that a group has made, from 0 to 1; None where the settings do not say."""
    from divbench.spec.protocol import build_protocol

    try:
        protocol = build_protocol(steps=settings["steps"], random_steps=settings["prime_samples"],
                                  prime_updates=settings["prime_updates"], utd=Fraction(group.utd))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    work = protocol.env_steps + protocol.updates
    return min(1.0, (group.env_step + group.update) / work) if work else None


def _bar(group: GroupState, evidence: RunEvidence) -> Text:
    from rich.text import Text

    part = share_done(group, evidence.tables.card.get("settings", {}))
    filled = round(BAR * (part or 0.0))
    rate = "" if math.isnan(group.rate) or not group.rate else f", {group.rate:.0f} updates/s"
    told = f"step {format_count(group.env_step)}, update {format_count(group.update)}, {group.phase or 'begins'}{rate}"
    bar = "" if part is None else f"{'━' * filled}{'╌' * (BAR - filled)} {part:4.0%}  "
    return Text(f"{bar}{group.name}  {told}")


def _lanes_planned(evidence: RunEvidence) -> int:
    facts = evidence.facts
    return len(facts.tasks) * len(facts.variants) * len(facts.utd) * len(facts.seeds)


def _q_text(row: Standing) -> Text:
    from rich.text import Text

    return Text(_shown(row.q), style="bold red" if row.beyond else "")


def _shown(value: float) -> str:
    return number(None if math.isnan(value) else value)


def _write(path: Path, evidences: list[RunEvidence], against: Iterable | None, refresh: float | None) -> Path:
    return put(path, page(evidences, against, refresh=refresh))
