"""Progress on a terminal: one line of state per group and, for the group that runs, one per variant.

Counting is done in `divbench.execute.observer`. The display is drawn when something is reported, never by a
thread, so that it costs a run nothing between chunks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.console import Group as Stack
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from divbench.execute.observer import GroupProgress, Progress, Row, describe_advance, describe_first_update
from divbench.execute.wording import number, one_line, plural
from divbench.spec.plan import Group

FINISHED_SHOWN = 4  # finished groups that stay on the screen
BAR_WIDTH = 20  # columns


class LiveProgress(Progress):
    """A table that is redrawn in place; messages scroll by above it."""

    def __init__(self, stream: TextIO | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.console = Console(file=stream)
        self.live: Live | None = None
        self.title = ""

    def message(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone does not end a run
            self.console.print(Text(text))

    def run_started(self, groups: Sequence[Group], folder: str | Path) -> None:
        super().run_started(groups, folder)
        lanes = sum(len(group.lanes) for group in groups)
        self.title = f"{folder}: {plural(len(groups), 'group')}, {plural(lanes, 'lane')}"
        self._draw()

    def group_started(self, group: Group, resumed_at: tuple[int, int] | None = None) -> None:
        super().group_started(group, resumed_at)
        if resumed_at is not None:
            at = f"step {resumed_at[0]:,}, update {resumed_at[1]:,}"
            self.message(f"{self._place(group)} {group.name}: continued at {at}")
        self._draw()

    def advanced(self, group: Group, env_step: int, update: int,
                 updates_per_second: float | None = None) -> None:
        super().advanced(group, env_step, update, updates_per_second)
        self._draw()

    def updating(self, group: Group, seconds: float) -> None:
        self.message(f"{self._place(group)} {group.name}: {describe_first_update(seconds)}")

    def scored(self, group: Group, rows: Sequence[Row]) -> None:
        super().scored(group, rows)
        self._draw()

    def measured(self, group: Group, rows: Sequence[Row]) -> None:
        super().measured(group, rows)
        self._draw()

    def group_finished(self, group: Group) -> None:
        super().group_finished(group)
        self._draw()

    def group_failed(self, group: Group, error: BaseException) -> None:
        super().group_failed(group, error)
        self.message(f"{self._place(group)} {group.name}: failed: {one_line(error)}")
        self._draw()

    def close(self) -> None:
        if self.live is not None:
            with contextlib.suppress(OSError):
                self.live.stop()
            self.live = None

    def _draw(self) -> None:
        with contextlib.suppress(OSError):
            if self.live is None:
                self.live = Live(console=self.console, auto_refresh=False)
                self.live.start()
            self.live.update(self.picture(), refresh=True)

    def picture(self) -> Stack:
        """What the screen shows now: finished groups a line each, the running one with its variants."""
        now = self.clock()
        done = [p for p in self.seen.values() if p.state != "running"]
        running = [p for p in self.seen.values() if p.state == "running"]
        parts: list[Any] = [Text(self.title)]
        for progress in (*done[-FINISHED_SHOWN:], *running):
            parts.append(self._headline(progress))
            if progress.state == "running":
                parts.append(Text(f"      {describe_advance(progress, now)}"))
                parts.append(_variants(progress))
        started = [place for place, group in enumerate(self.groups, 1) if group.name in self.seen]
        waiting = len(self.groups) - max(started, default=0)
        if waiting > 0:
            parts.append(Text(f"{plural(waiting, 'group')} waiting"))
        return Stack(*parts)

    def _headline(self, progress: GroupProgress) -> Table:
        line = Table.grid(padding=(0, 2))
        name = progress.group.name.removesuffix(f"_{progress.group.identity}")
        state = "" if progress.state == "running" else progress.state
        bar = ProgressBar(total=1.0, completed=progress.fraction(), width=BAR_WIDTH)
        line.add_row(Text(f"{self._place(progress.group)} {name}"), bar, Text(state))
        return line


def _variants(progress: GroupProgress) -> Table:
    """Last score and last mean Q of each variant of a group; a dash where there is none yet."""
    table = Table.grid(padding=(0, 2))
    for variant in dict.fromkeys(lane.variant.name for lane in progress.group.lanes):
        score, value = progress.scores.get(variant), progress.values.get(variant)
        table.add_row(Text(f"      {variant}"), Text(f"return {'-' if score is None else number(score)}"),
                      Text(f"mean Q {'-' if value is None else number(value)}"))
    return table
