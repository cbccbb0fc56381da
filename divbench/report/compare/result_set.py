"""One side of a comparison: a run folder, or a folder of run folders, read as one set of lanes.

Reads only. Whether two sides can be compared is said in `comparability`, which numbers of a lane count in `samples`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.report.facts import read_metric
from divbench.report.scale import RETURN
from divbench.report.series import Cell, Cells, sound_cells
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    import pyarrow

    from divbench.records.tables import Tables

CARD = "card.json"
SCORES, VALUES = ("return_mean",), ("q_replay_mean",)
LANE_FACTS = ("physics", "action_repeat", "network", "precision")  # columns that every row of a lane repeats


@dataclasses.dataclass(frozen=True)
class Run:
    """One run folder: where it lies, its tables, and its cells with the facts that its rows state of each.

    Attributes:
      facts: by cell, for each of `LANE_FACTS` the values found, in the order in which they appear.
    """

    path: Path
    tables: Tables
    facts: dict[Cell, dict[str, tuple[str, ...]]]

    @property
    def card(self) -> dict:
        return self.tables.card

    @property
    def settings(self) -> dict:
        return self.tables.card.get("settings", {})

    @property
    def metric(self) -> str:
        """What its scores are: `return`, or the metric that an import took."""
        return read_metric(self.card)

    @property
    def finished(self) -> bool:
        return self.tables.card.get("finished") is not None


@dataclasses.dataclass(frozen=True)
class ResultSet:
    """All lanes of one side.

    Attributes:
      path: as it was given.
      runs: its run folders.
      scores, values: series of the columns `SCORES` and `VALUES` by cell and seed.
      verdicts: the kind of each lane's verdict by cell and seed; unfinished runs have none.
      names: variants that are compared under another name, by their own; "" for those that are left out.
    """

    path: str
    runs: tuple[Run, ...]
    scores: Cells
    values: Cells
    verdicts: dict[Cell, dict[int, str]]
    names: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        """Every task, variant and UTD with a row, in the order of the tables."""
        return list(dict.fromkeys([*self.values, *self.scores]))

    @property
    def variants(self) -> set[str]:
        return {cell.variant for cell in self.cells}

    def runs_of(self, cell: Cell) -> list[Run]:
        """The runs that hold lanes of a cell."""
        return [run for run in self.runs if self._own(cell) in run.facts]

    def facts_of(self, cell: Cell) -> dict[str, tuple[str, ...]]:
        """What the rows of a cell say of `LANE_FACTS`, over all runs; more than one value where they disagree."""
        found = [run.facts[self._own(cell)] for run in self.runs_of(cell)]
        return {name: tuple(dict.fromkeys(value for facts in found for value in facts[name])) for name in LANE_FACTS}

    def metric_of(self, cell: Cell) -> str:
        """What the scores of a cell are."""
        return next((run.metric for run in self.runs_of(cell)), RETURN)

    def renamed(self, names: dict[str, str]) -> ResultSet:
        """The same lanes with some variants under other names, and without those whose new name is empty."""

        def rename(cells: dict) -> dict:
            return {self._rename(cell, names): lanes for cell, lanes in cells.items() if names.get(cell.variant) != ""}

        return dataclasses.replace(self, scores=rename(self.scores), values=rename(self.values),
                                   verdicts=rename(self.verdicts), names=names)

    def only(self, seeds: Iterable[int]) -> ResultSet:
        """The lanes of these seeds."""
        kept = set(seeds)

        def keep(cells: dict) -> dict:
            found = {cell: {seed: lanes[seed] for seed in lanes if seed in kept} for cell, lanes in cells.items()}
            return {cell: lanes for cell, lanes in found.items() if lanes}

        return dataclasses.replace(self, scores=keep(self.scores), values=keep(self.values),
                                   verdicts=keep(self.verdicts))

    @staticmethod
    def _rename(cell: Cell, names: dict[str, str]) -> Cell:
        return cell._replace(variant=names.get(cell.variant, cell.variant))

    def _own(self, cell: Cell) -> Cell:
        return self._rename(cell, {new: old for old, new in self.names.items()})


def read_result_set(path: str, side: str) -> ResultSet:
    """The lanes of a run folder, or of all run folders right below a folder.

    Args:
      path: the folder.
      side: what to call it in an error, such as BASELINE.

    Raises:
      UsageError: no folder, no run in it, a damaged run, or a lane that two of its runs have.
    """
    runs = tuple(_read_run(folder) for folder in _run_folders(Path(path), side))
    return ResultSet(
        str(path), runs,
        _merged(runs, lambda run: sound_cells(run.tables, "scores", SCORES), side),
        _merged(runs, lambda run: sound_cells(run.tables, "values", VALUES), side),
        _merged(runs, lambda run: _verdicts(run.tables.verdicts), side))


def _run_folders(path: Path, side: str) -> list[Path]:
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise UsageError(f"{side}: expected a run folder or a folder of run folders, found {found} at '{path}'")
    if (path / CARD).is_file():
        return [path]
    folders = sorted(folder for folder in path.iterdir() if (folder / CARD).is_file())
    if not folders:
        raise UsageError(f"{side}: expected a run folder or a folder of run folders, found no {CARD} in '{path}' "
                         "nor in the folders right below it")
    return folders


def _read_run(folder: Path) -> Run:
    from divbench.records.tables import load

    tables = load(folder)
    facts: dict[Cell, dict[str, dict[str, None]]] = {}
    for table in (tables.scores, tables.values):
        for *names, physics, repeat, network, precision in _distinct(table):
            found = facts.setdefault(Cell(*names), {name: {} for name in LANE_FACTS})
            for name, value in zip(LANE_FACTS, (physics, repeat, network, precision), strict=True):
                found[name][str(value)] = None
    return Run(folder, tables, {cell: {name: tuple(values) for name, values in found.items()}
                                for cell, found in facts.items()})


def _distinct(table: pyarrow.Table) -> list[tuple]:
    """Each combination of cell and lane facts once, in the order of the rows."""
    columns = ["task", "variant", "utd", *LANE_FACTS]
    unique = table.select(columns).group_by(columns, use_threads=False).aggregate([])
    return list(zip(*(unique.column(name).to_pylist() for name in columns), strict=True))


def _verdicts(table: pyarrow.Table) -> dict[Cell, dict[int, str]]:
    names = ("task", "variant", "utd", "seed", "verdict")
    found: dict[Cell, dict[int, str]] = {}
    for task, variant, utd, seed, kind in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        found.setdefault(Cell(task, variant, str(utd)), {})[seed] = kind
    return found


def _merged(runs: Iterable[Run], read: Callable[[Run], dict], side: str) -> dict:
    """The lanes of all runs by cell and seed; refuses a lane that is there twice."""
    merged: dict = {}
    owner: dict = {}
    for run in runs:
        for cell, lanes in read(run).items():
            for seed, lane in lanes.items():
                if (cell, seed) in owner:
                    raise UsageError(f"{side}: the lane {cell.task}, {cell.variant}, UTD {cell.utd}, seed {seed} is in "
                                     f"'{owner[cell, seed]}' and in '{run.path}'; keep one of them")
                owner[cell, seed] = run.path
                merged.setdefault(cell, {})[seed] = lane
    return merged
