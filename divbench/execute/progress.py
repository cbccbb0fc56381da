"""What a run tells its watcher: one interface, told live, as plain lines, as JSON lines, or not at all.

`Progress` does the counting (rates, time left, last score and last mean Q of each variant); its subclasses
only tell. Nothing here changes a run, and importing this module imports no jax; rich is imported when live
progress starts.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from divbench.execute.wording import duration, number, one_line, plural, write_line
from divbench.spec.plan import Group
from divbench.spec.run_spec import RunSpec
from divbench.spec.text import format_count

PLAIN_INTERVAL = 5.0  # seconds between two plain lines of a group's progress
Row = Mapping[str, object]


@dataclasses.dataclass
class GroupProgress:
    """How far a group is. Rates are summed over its lanes; `env_step` and `update` are of one lane."""

    group: Group
    started: float
    env_step: int = 0
    update: int = 0
    first: tuple[int, int] = (0, 0)  # where this process took over
    updates_per_second: float | None = None
    state: str = "running"  # or finished, failed
    scores: dict[str, float] = dataclasses.field(default_factory=dict)  # variant to mean return
    values: dict[str, float] = dataclasses.field(default_factory=dict)  # variant to mean Q on replay

    def seconds_left(self, now: float) -> float | None:
        """From the pace of this process so far, evaluation included; None until something was learned.

        Updates measure the work where there are any, env steps otherwise.
        """
        protocol = self.group.protocol
        if protocol.updates:
            end, here, first = protocol.updates, self.update, self.first[1]
        else:
            end, here, first = protocol.env_steps, self.env_step, self.first[0]
        if here <= first:
            return None
        return (now - self.started) * (end - here) / (here - first)

    def fraction(self) -> float:
        """The share of env steps and updates that is done, from 0 to 1."""
        work = self.group.protocol.env_steps + self.group.protocol.updates
        return (self.env_step + self.update) / work if work else 1.0


class Progress:
    """The silent observer of a run, and the base of those that speak. All methods may be called in any order.

    Rows are dictionaries of the tables `scores` and `values`; of them `variant`, `return_mean` and
    `q_replay_mean` are read. Use it as a context manager, or call `close`.
    """

    def __init__(self, clock=time.monotonic):
        self.clock = clock
        self.groups: list[Group] = []
        self.seen: dict[str, GroupProgress] = {}

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def message(self, text: str) -> None:
        """Something that the watcher should know, in one line."""

    def run_started(self, groups: Sequence[Group], folder: str | Path) -> None:
        """The run's groups in order, and where its results go."""
        self.groups = list(groups)

    def group_started(self, group: Group, resumed_at: tuple[int, int] | None = None) -> None:
        """`group` begins, or continues from (env_step, update)."""
        first = resumed_at or (0, 0)
        self.seen[group.name] = GroupProgress(group, self.clock(), *first, first=first)

    def advanced(self, group: Group, env_step: int, update: int,
                 updates_per_second: float | None = None) -> None:
        """A chunk is done; counts are of one lane, the rate is summed over lanes."""
        progress = self._of(group)
        progress.env_step, progress.update, progress.updates_per_second = env_step, update, updates_per_second

    def scored(self, group: Group, rows: Sequence[Row]) -> None:
        """An evaluation is done: rows of `scores`, one for each lane."""
        self._of(group).scores.update(_means(rows, "return_mean"))

    def measured(self, group: Group, rows: Sequence[Row]) -> None:
        """A measurement is done: rows of `values`, one for each lane."""
        self._of(group).values.update(_means(rows, "q_replay_mean"))

    def group_finished(self, group: Group) -> None:
        self._of(group).state = "finished"

    def group_failed(self, group: Group, error: BaseException) -> None:
        self._of(group).state = "failed"

    def close(self) -> None:
        """Nothing more will be told. May be called twice."""

    def _of(self, group: Group) -> GroupProgress:
        if group.name not in self.seen:
            Progress.group_started(self, group)
        return self.seen[group.name]

    def _place(self, group: Group) -> str:
        """`[2/5]`: which of the run's groups it is."""
        names = [known.name for known in self.groups]
        return f"[{names.index(group.name) + 1}/{len(names)}]" if group.name in names else "[-]"


class QuietProgress(Progress):
    """Tells nothing but failures of groups."""

    def __init__(self, stream: TextIO | None = None, **kwargs):
        super().__init__(**kwargs)
        self.stream = stream or sys.stderr

    def group_failed(self, group: Group, error: BaseException) -> None:
        super().group_failed(group, error)
        write_line(self.stream, f"failed: {group.name}: {one_line(error)}")


class PlainProgress(Progress):
    """Lines for a log: every evaluation and measurement, and a group's advance every few seconds at most."""

    def __init__(self, stream: TextIO | None = None, interval: float = PLAIN_INTERVAL, **kwargs):
        super().__init__(**kwargs)
        self.stream = stream or sys.stdout
        self.interval = interval
        self.last_line: dict[str, float] = {}

    def message(self, text: str) -> None:
        write_line(self.stream, text)

    def run_started(self, groups: Sequence[Group], folder: str | Path) -> None:
        super().run_started(groups, folder)
        lanes = sum(len(group.lanes) for group in groups)
        self.message(f"{folder}: {plural(len(groups), 'group')}, {plural(lanes, 'lane')}")

    def group_started(self, group: Group, resumed_at: tuple[int, int] | None = None) -> None:
        super().group_started(group, resumed_at)
        text = f"{self._place(group)} {group.name}: {plural(len(group.lanes), 'lane')}"
        if resumed_at is not None:
            text += f", continued at step {resumed_at[0]:,}, update {resumed_at[1]:,}"
        self.message(text)

    def advanced(self, group: Group, env_step: int, update: int,
                 updates_per_second: float | None = None) -> None:
        super().advanced(group, env_step, update, updates_per_second)
        now, progress = self.clock(), self._of(group)
        if now - self.last_line.get(group.name, -self.interval) >= self.interval:
            self.last_line[group.name] = now
            self.message(f"{self._place(group)} {group.name}: {describe_advance(progress, now)}")

    def scored(self, group: Group, rows: Sequence[Row]) -> None:
        super().scored(group, rows)
        self._tell(group, rows, "return", "return_mean")

    def measured(self, group: Group, rows: Sequence[Row]) -> None:
        super().measured(group, rows)
        self._tell(group, rows, "mean Q", "q_replay_mean")

    def group_finished(self, group: Group) -> None:
        super().group_finished(group)
        self.message(f"{self._place(group)} {group.name}: finished in {duration(self._elapsed(group))}")

    def group_failed(self, group: Group, error: BaseException) -> None:
        super().group_failed(group, error)
        self.message(f"{self._place(group)} {group.name}: failed: {one_line(error)}")

    def _elapsed(self, group: Group) -> float:
        return self.clock() - self._of(group).started

    def _tell(self, group: Group, rows: Sequence[Row], what: str, column: str) -> None:
        means = _means(rows, column)
        if means:
            figures = ", ".join(f"{variant} {number(mean)}" for variant, mean in means.items())
            at = f"step {rows[0].get('env_step', 0):,}, update {rows[0].get('update', 0):,}"
            self.message(f"{self._place(group)} {group.name}: {at}: {what} {figures}")


class JsonProgress(Progress):
    """One JSON object a line, on `stream`: `event`, `group`, and the event's own fields."""

    def __init__(self, stream: TextIO | None = None, **kwargs):
        super().__init__(**kwargs)
        self.stream = stream or sys.stderr

    def message(self, text: str) -> None:
        self._tell("message", text=text)

    def run_started(self, groups: Sequence[Group], folder: str | Path) -> None:
        super().run_started(groups, folder)
        self._tell("run_started", folder=str(folder), groups=[group.name for group in groups])

    def group_started(self, group: Group, resumed_at: tuple[int, int] | None = None) -> None:
        super().group_started(group, resumed_at)
        self._tell("group_started", group=group.name, resumed_at=list(resumed_at) if resumed_at else None)

    def advanced(self, group: Group, env_step: int, update: int,
                 updates_per_second: float | None = None) -> None:
        super().advanced(group, env_step, update, updates_per_second)
        left = self._of(group).seconds_left(self.clock())
        self._tell("advanced", group=group.name, env_step=env_step, update=update,
                   updates_per_second=updates_per_second, seconds_left=left)

    def scored(self, group: Group, rows: Sequence[Row]) -> None:
        super().scored(group, rows)
        self._tell("scored", group=group.name, rows=rows)

    def measured(self, group: Group, rows: Sequence[Row]) -> None:
        super().measured(group, rows)
        self._tell("measured", group=group.name, rows=rows)

    def group_finished(self, group: Group) -> None:
        super().group_finished(group)
        self._tell("group_finished", group=group.name)

    def group_failed(self, group: Group, error: BaseException) -> None:
        super().group_failed(group, error)
        self._tell("group_failed", group=group.name, error=one_line(error))

    def _tell(self, event: str, **fields) -> None:
        write_line(self.stream, json.dumps({"event": event, **_plain(fields)}))


def make_progress(spec: RunSpec, stream: TextIO | None = None) -> Progress:
    """The observer that a specification asks for: JSON lines, quiet, live on a terminal, plain lines
    elsewhere."""
    if spec.json:
        return JsonProgress(stream)
    if spec.quiet:
        return QuietProgress(stream)
    stream = stream or sys.stdout
    if stream.isatty():
        from divbench.execute.live import LiveProgress

        return LiveProgress(stream)
    return PlainProgress(stream)


def describe_advance(progress: GroupProgress, now: float) -> str:
    """`step 12k of 500k, update 16k of 3920k, 412 updates/s, 2:31:00 left`."""
    protocol, left = progress.group.protocol, progress.seconds_left(now)
    parts = [f"step {format_count(progress.env_step)} of {format_count(protocol.env_steps)}",
             f"update {format_count(progress.update)} of {format_count(protocol.updates)}"]
    if progress.updates_per_second:
        parts.append(f"{progress.updates_per_second:.0f} updates/s")
    if left is not None:
        parts.append(f"{duration(left)} left")
    return ", ".join(parts)


def _means(rows: Sequence[Row], column: str) -> dict[str, float]:
    """The mean of `column` over the lanes of each variant, in order of appearance. A NaN lane makes a NaN
    mean."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.get(column) is not None:
            found.setdefault(str(row.get("variant", "")), []).append(float(row[column]))
    return {variant: sum(values) / len(values) for variant, values in found.items()}


def _plain(value):
    """JSON values: numpy's numbers as Python's, non-finite ones as null, anything unknown as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
