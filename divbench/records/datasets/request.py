"""What `divbench dataset` was asked for: names, numbers and fractions, and how large a dataset may be.

Reads no file and makes nothing. What `make` is asked for is in `divbench.execute.making.request`.
"""

from __future__ import annotations

import dataclasses
import os
import re
from fractions import Fraction
from pathlib import Path

from divbench.records.dialects.request import check_name
from divbench.spec.errors import UsageError, choose
from divbench.spec.text import share_name

# D4RL's levels (Fu et al., 2020, arXiv:2004.07219): who acted. medium-replay is all that the medium policy had seen by
# the time it became medium; medium-expert is half medium, half expert.
LEVELS = RANDOM, MEDIUM, REPLAY, MIXED, EXPERT = "random", "medium", "medium-replay", "medium-expert", "expert"
TRANSITIONS, EPISODES = "transitions", "episodes"
UNITS = (TRANSITIONS, EPISODES)  # what a subset draws
D4RL, MINARI = "d4rl", "minari"
LAYOUTS = (D4RL, MINARI)
LOCAL = "minari:"  # before the name of a dataset that Minari keeps on this machine
LARGEST_TRANSITIONS = 10_000_000
LARGEST_DATASET = 4 * 1024**3  # bytes of all columns together, as declared and as kept
_MINARI_NAME = re.compile(r"(([-_\w][-_\w/]*[-_\w]+)/)?[-_\w]+-v[0-9]{1,9}", re.ASCII)


@dataclasses.dataclass(frozen=True)
class InfoRequest:
    """A dataset to be checked and described.

    Attributes:
      folder: the dataset.

    Raises:
      UsageError: no folder.
    """

    folder: str

    def __post_init__(self) -> None:
        _check_folder(self.folder)


@dataclasses.dataclass(frozen=True)
class SubsetRequest:
    """Part of a dataset.

    Attributes:
      folder: the dataset.
      fraction: of it, above 0 and at most 1.
      seed: of the draw. One seed's smaller subsets lie within its larger ones.
      unit: what is drawn, `transitions` (as SEEM's X% data) or whole `episodes`.
      out: the folder to be made, or None for one beside the dataset.

    Raises:
      UsageError: no folder, a number out of range, an unknown unit.
    """

    folder: str
    fraction: Fraction
    seed: int = 0
    unit: str = TRANSITIONS
    out: str | None = None

    def __post_init__(self) -> None:
        _check_folder(self.folder)
        if not isinstance(self.fraction, Fraction) or not 0 < self.fraction <= 1:
            raise UsageError(f"--fraction: expected a share above 0 and at most 1, found '{self.fraction}'")
        check_range(self.seed, "--seed", 0, 2**31 - 1)
        choose("unit of a subset", self.unit, UNITS)
        check_place(self.out)

    @property
    def target(self) -> Path:
        """The folder to be made: `<dataset>-10pct-seed0`, `<dataset>-10pct-episodes-seed0`."""
        if self.out is not None:
            return Path(self.out)
        drawn = "" if self.unit == TRANSITIONS else f"-{self.unit}"
        folder = Path(self.folder)
        if folder.name in ("", ".."):  # such as `.`, which is called otherwise from outside
            folder = Path(os.path.abspath(folder))
        if not folder.name:
            raise UsageError(f"--out: expected the folder to be made, as nothing can lie beside '{folder}'")
        return folder.with_name(f"{folder.name}-{share_name(self.fraction)}{drawn}-seed{self.seed}")


@dataclasses.dataclass(frozen=True)
class DatasetImportRequest:
    """A dataset of others to be turned into one of divbench.

    Attributes:
      path: an HDF5 file in D4RL's layout, the folder of a Minari dataset (the one that holds `data/`), or `minari:` and
        the name of one that Minari keeps on this machine.
      out: the folder to be made; it must not exist, or be empty.
      layout: of `LAYOUTS`, or None: a folder or name is Minari's, a file D4RL's.
      task: the task's name, where the files do not say it or say it otherwise.
      level: who acted, in a word, for the card; any name.

    Raises:
      UsageError: no path, no place, an unknown layout, a name that is none.
    """

    path: str = ""
    out: str = ""
    layout: str | None = None
    task: str | None = None
    level: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise UsageError("dataset import: expected a file or folder, found nothing")
        check_place(self.out)
        if self.layout is not None:
            choose("layout", self.layout, LAYOUTS)
        if self.local is not None:
            if self.layout not in (None, MINARI):
                raise UsageError(f"--layout: '{LOCAL}' goes with {MINARI} alone, found {self.layout}")
            check_minari_name(self.local, "dataset import")
        for flag in ("task", "level"):
            if getattr(self, flag) is not None:
                check_name(getattr(self, flag), f"--{flag}")

    @property
    def local(self) -> str | None:
        """The name behind `minari:`, or None for a path."""
        return self.path.removeprefix(LOCAL) if self.path.startswith(LOCAL) else None


@dataclasses.dataclass(frozen=True)
class DatasetExportRequest:
    """A dataset to be written as others write theirs.

    Attributes:
      folder: the dataset.
      to: of `LAYOUTS`.
      out: the HDF5 file to be made; for Minari the folder to be made, which `MINARI_DATASETS_PATH` then names.
      name: Minari's name of the dataset, `(namespace/)name-v0`; None for one made of task and folder.

    Raises:
      UsageError: an unknown layout, no folder or place, a name that Minari does not take, or one for D4RL.
    """

    folder: str
    to: str
    out: str = ""
    name: str | None = None

    def __post_init__(self) -> None:
        _check_folder(self.folder)
        choose("layout to export to", self.to, LAYOUTS)
        check_place(self.out)
        if self.name is not None and self.to != MINARI:
            raise UsageError(f"--name: goes with --to {MINARI} alone, found --to {self.to}")
        if self.name is not None:
            check_minari_name(self.name, "--name")


def check_minari_name(name: str, what: str) -> str:
    """The name of a Minari dataset if it is one, `(namespace/)name-v0`; it can lead to no other folder.

    Raises:
      UsageError: anything else.
    """
    if not _MINARI_NAME.fullmatch(name):
        raise UsageError(f"{what}: expected a name such as divbench/cheetah-run-medium-v0, found {name!r}")
    return name


def check_range(number: int, what: str, smallest: int, largest: int) -> None:
    """Refuses what is no whole number from `smallest` to `largest`."""
    if isinstance(number, bool) or not isinstance(number, int) or not smallest <= number <= largest:
        raise UsageError(f"{what}: expected a whole number from {smallest:,} to {largest:,}, found '{number}'")


def _check_folder(folder: str) -> None:
    if not folder:
        raise UsageError("dataset: expected a dataset's folder, found nothing")


def check_place(out: str | None) -> None:
    """Refuses a place without a name."""
    if out == "":
        raise UsageError("--out: expected the file or folder to be made, found nothing")
