"""The silent observer of a run, which does the counting: rates, time left, last score and last mean Q.

How it is shown, on a terminal, as lines or as JSON, is the work of `divbench.execute.progress` and
`divbench.execute.live`. Nothing here changes a run or imports jax.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from divbench.execute.wording import duration
from divbench.spec.plan import Group
from divbench.spec.text import format_count

Row = Mapping[str, object]


@dataclasses.dataclass
class GroupProgress:
    """How far a group is. Rates are summed over its lanes; `env_step` and `update` are of one lane."""

    group: Group
    started: float
    env_step: int = 0
    update: int = 0
    mark: tuple[float, int] | None = None  # time and work after the first chunk that did any
    updates_per_second: float | None = None
    state: str = "running"  # or finished, failed
    scores: dict[str, float] = dataclasses.field(default_factory=dict)  # variant to mean return
    values: dict[str, float] = dataclasses.field(default_factory=dict)  # variant to mean Q on replay

    def seconds_left(self, now: float) -> float | None:
        """At the pace since the first chunk that did work, evaluation included; None before.

        Updates measure the work where there are any, env steps otherwise. While that first chunk is the only
        one, the rate it told stands in.
        """
        if self.mark is None:
            return None
        since, begun = self.mark
        left = self._end - self._work
        if self._work > begun:
            return (now - since) * left / (self._work - begun)
        if self.group.protocol.updates and self.updates_per_second:
            return left * len(self.group.lanes) / self.updates_per_second
        return None

    def advance(self, env_step: int, update: int, updates_per_second: float | None, now: float) -> None:
        """Take over what a chunk reports."""
        before = self._work
        self.env_step, self.update, self.updates_per_second = env_step, update, updates_per_second
        if self.mark is None and self._work > before:
            self.mark = (now, self._work)

    @property
    def _work(self) -> int:
        return self.update if self.group.protocol.updates else self.env_step

    @property
    def _end(self) -> int:
        protocol = self.group.protocol
        return protocol.updates or protocol.env_steps

    def fraction(self) -> float:
        """The share of env steps and updates that is done, from 0 to 1."""
        work = self.group.protocol.env_steps + self.group.protocol.updates
        return (self.env_step + self.update) / work if work else 1.0


class Progress:
    """The silent observer of a run, and the base of those that speak. All methods may be called in any order.

    Rows are dictionaries of the tables `scores` and `values`; of them `variant`, `return_mean` and
    `q_replay_mean` are read. Use it as a context manager, or call `close`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.began = clock()
        self.first_update: float | None = None  # seconds from `began` to the end of the run's first update
        self.groups: list[Group] = []
        self.seen: dict[str, GroupProgress] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def message(self, text: str) -> None:
        """Something that the watcher should know, in one line."""

    def run_started(self, groups: Sequence[Group], folder: str | Path) -> None:
        """The run's groups in order, and where its results go."""
        self.groups = list(groups)

    def group_started(self, group: Group, resumed_at: tuple[int, int] | None = None) -> None:
        """`group` begins, or continues from (env_step, update)."""
        self.seen[group.name] = GroupProgress(group, self.clock(), *(resumed_at or (0, 0)))

    def advanced(self, group: Group, env_step: int, update: int,
                 updates_per_second: float | None = None) -> None:
        """A chunk is done; counts are of one lane, the rate is summed over lanes."""
        now, progress = self.clock(), self._of(group)
        updates = update - progress.update
        progress.advance(env_step, update, updates_per_second, now)
        if self.first_update is None and updates > 0:
            rest = (updates - 1) * len(group.lanes) / updates_per_second if updates_per_second else 0.0
            self.first_update = now - rest - self.began
            self.updating(group, self.first_update)

    def updating(self, group: Group, seconds: float) -> None:
        """The run has made its first update, so many seconds after this observer was made; once a run."""

    def scored(self, group: Group, rows: Sequence[Row]) -> None:
        """An evaluation is done: rows of `scores`, one for each lane."""
        self._of(group).scores.update(variant_means(rows, "return_mean"))

    def measured(self, group: Group, rows: Sequence[Row]) -> None:
        """A measurement is done: rows of `values`, one for each lane."""
        self._of(group).values.update(variant_means(rows, "q_replay_mean"))

    def group_finished(self, group: Group) -> None:
        self._of(group).state = "finished"

    def group_failed(self, group: Group, error: BaseException) -> None:
        self._of(group).state = "failed"

    def close(self) -> None:
        """Nothing more will be reported. May be called twice."""

    def _of(self, group: Group) -> GroupProgress:
        if group.name not in self.seen:
            Progress.group_started(self, group)
        return self.seen[group.name]

    def _place(self, group: Group) -> str:
        """`[2/5]`: which of the run's groups it is."""
        names = [known.name for known in self.groups]
        return f"[{names.index(group.name) + 1}/{len(names)}]" if group.name in names else "[-]"


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


def describe_first_update(seconds: float) -> str:
    """`first update 14.2 s after the command, compilation included`."""
    return f"first update {seconds:.1f} s after the command, compilation included"


def variant_means(rows: Sequence[Row], column: str) -> dict[str, float]:
    """The mean of `column` over the lanes of each variant, in order of appearance. A NaN lane makes a NaN
    mean."""
    found: dict[str, list[float]] = {}
    for row in rows:
        value: Any = row.get(column)
        if value is not None:
            found.setdefault(str(row.get("variant", "")), []).append(float(value))
    return {variant: sum(values) / len(values) for variant, values in found.items()}
