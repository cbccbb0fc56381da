"""What a run tells its watcher: plain lines, JSON lines, only what matters, or live
(`divbench.execute.live`).

The counting is done in `divbench.execute.observer`. Importing this module imports no jax, and rich only when
a live display starts.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from divbench.execute.observer import Progress, Row, describe_advance, describe_first_update, variant_means
from divbench.execute.wording import duration, number, one_line, plural, write_line
from divbench.spec.plan import Group
from divbench.spec.run_spec import RunSpec
from divbench.spec.text import to_json

PLAIN_INTERVAL = 5.0  # seconds between two plain lines of a group's progress


class QuietProgress(Progress):
    """Tells messages and failures of groups, no progress."""

    def __init__(self, stream: TextIO | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stream = stream or sys.stdout

    def message(self, text: str) -> None:
        write_line(self.stream, text)

    def group_failed(self, group: Group, error: BaseException) -> None:
        super().group_failed(group, error)
        self.message(f"failed: {group.name}: {one_line(error)}")


class PlainProgress(Progress):
    """Lines for a log: every evaluation and measurement, and a group's advance every few seconds at most."""

    def __init__(self, stream: TextIO | None = None, interval: float = PLAIN_INTERVAL, **kwargs: Any) -> None:
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

    def updating(self, group: Group, seconds: float) -> None:
        self.message(f"{self._place(group)} {group.name}: {describe_first_update(seconds)}")

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
        means = variant_means(rows, column)
        if means:
            figures = ", ".join(f"{variant} {number(mean)}" for variant, mean in means.items())
            at = f"step {rows[0].get('env_step', 0):,}, update {rows[0].get('update', 0):,}"
            self.message(f"{self._place(group)} {group.name}: {at}: {what} {figures}")


class JsonProgress(Progress):
    """One JSON object a line, on `stream`: `event`, `group`, and the event's own fields."""

    def __init__(self, stream: TextIO | None = None, **kwargs: Any) -> None:
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

    def updating(self, group: Group, seconds: float) -> None:
        self._tell("first_update", group=group.name, seconds=seconds)

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

    def _tell(self, event: str, **fields: Any) -> None:
        write_line(self.stream, to_json({"event": event, **fields}))


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
