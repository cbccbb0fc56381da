"""Published returns, cited by row: `results/published/returns.csv`, which travels with the package.

A row is named by its line in that file, the header being line 1. Numbers only; what is drawn of them is for `report`.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import importlib.util
from pathlib import Path
from typing import NamedTuple

from divbench.spec.errors import UsageError

PLACE = ("published", "returns.csv")  # below divbench.results


class Source(NamedTuple):
    """A repository with result files, and the paper they belong to."""

    repository: str
    address: str
    paper: str


SOURCES = {source.repository: source for source in (
    Source("rl_with_resets", "github.com/evgenii-nikishin/rl_with_resets",
           "Nikishin et al., The Primacy Bias in Deep Reinforcement Learning, ICML 2022, 2205.07802"),
    Source("high_replay_ratio_continuous_control", "github.com/proceduralia/high_replay_ratio_continuous_control",
           "D'Oro et al., Sample-Efficient Reinforcement Learning by Breaking the Replay Ratio Barrier, ICLR 2023"),
    Source("tdmpc2", "github.com/nicklashansen/tdmpc2",
           "Hansen et al., TD-MPC2: Scalable, Robust World Models for Continuous Control, ICLR 2024, 2310.16828"),
)}


class PublishedReturn(NamedTuple):
    """One row of the file.

    `mean` and `sd` (which divides by n) are over `seeds` seeds of the evaluation nearest at or before `env_step`; env
    steps count the action repeat. `resets` is `none` or `full`.
    """

    row: int
    repository: str
    method: str
    utd: str
    resets: str
    action_repeat: int
    task: str
    env_step: int
    mean: float
    sd: float
    seeds: int


@dataclasses.dataclass(frozen=True)
class PublishedCurve:
    """The rows of one task and method, by env step.

    Attributes:
      repository, method, utd, resets, action_repeat, task: as in `PublishedReturn`.
      steps, mean, sd, seeds: one entry for each point.
      rows: the lines of the file that the points come from.
    """

    repository: str
    method: str
    utd: str
    resets: str
    action_repeat: int
    task: str
    steps: tuple[int, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    seeds: tuple[int, ...]
    rows: tuple[int, ...]

    @property
    def label(self) -> str:
        """`SAC UTD 32`, `SR-SAC UTD 8, resets`."""
        return f"{self.method} UTD {self.utd}{', resets' if self.resets != 'none' else ''}"

    @property
    def citation(self) -> str:
        """The paper, its repository, and the rows: `..., results/published/returns.csv rows 2-13`."""
        source = SOURCES[self.repository]
        first, last = min(self.rows), max(self.rows)
        whole = self.rows == tuple(range(first, last + 1))
        rows = f"{first}-{last}" if whole and last > first else ", ".join(map(str, self.rows))
        return f"{source.paper}, {source.address}; results/{'/'.join(PLACE)} rows {rows}"


@functools.cache
def read_published() -> tuple[PublishedReturn, ...]:
    """All rows, in the order of the file.

    Raises:
      UsageError: the file is missing from the installation, or is not what was installed.
    """
    found = importlib.util.find_spec("divbench.results")
    folders = [Path(folder) for folder in (found.submodule_search_locations or ())] if found else []
    path = next((folder.joinpath(*PLACE) for folder in folders if folder.joinpath(*PLACE).is_file()), None)
    if path is None:
        raise UsageError(f"divbench.results holds no {'/'.join(PLACE)}; install divbench again")
    kinds = {"utd": str, "action_repeat": int, "env_step": int, "mean": float, "sd": float, "seeds": int}
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        try:
            return tuple(PublishedReturn(line, *(kinds.get(name, str)(cell) for name, cell in
                                                 zip(PublishedReturn._fields[1:], cells, strict=True)))
                         for line, cells in enumerate(reader, start=2))
        except ValueError as error:
            raise UsageError(f"{path}: damaged ({error}); install divbench again") from None


def lookup(task: str | None = None, *, repository: str | None = None, method: str | None = None, utd: str | None = None,
           resets: str | None = None, env_step: int | None = None) -> list[PublishedReturn]:
    """The rows that fit all that is given, in the order of the file; none if nothing is published for them."""
    wanted = {"task": task, "repository": repository, "method": method, "utd": None if utd is None else str(utd),
              "resets": resets, "env_step": env_step}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return [row for row in read_published() if all(getattr(row, name) == value for name, value in wanted.items())]


def curves(task: str) -> list[PublishedCurve]:
    """The published curves of a task, in the order of the file; none if nothing is published for it."""
    groups: dict[tuple, list[PublishedReturn]] = {}
    for row in lookup(task):
        groups.setdefault(row[1:7], []).append(row)  # from repository to task
    found = []
    for key, rows in groups.items():
        rows.sort(key=lambda row: row.env_step)
        numbers = ([getattr(row, name) for row in rows] for name in ("env_step", "mean", "sd", "seeds", "row"))
        found.append(PublishedCurve(*key, *map(tuple, numbers)))
    return found
