"""What `divbench bench` was asked for, and which cells that makes. Reads and counts; measures nothing."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from divbench.spec.plan import Group, make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.suites import SUITES
from divbench.spec.variants import Variant

FOLDER = "results/runs/bench"  # below the current directory
TABLE = "bench.csv"  # of the folder, written last: where it is, a measurement is whole
TASKS, VARIANTS = ("cheetah-run",), ("baseline",)
SECONDS = 2.0
# By default, on a CPU and on an accelerator.
LANES = {True: (1, 2, 4), False: (1, 4, 16, 64)}
UTD = {True: (Fraction(1), Fraction(8), Fraction(32)), False: (Fraction(1), Fraction(8), Fraction(32), Fraction(128))}


@dataclasses.dataclass(frozen=True)
class BenchRequest:
    """Cells to be measured: every task with every variant, number of lanes and UTD.

    Attributes:
      spec: tasks, variants, settings, physics and precision of the cells, and the suite that hours are projected for.
      lanes: numbers of lanes, from the smallest on; none for `LANES` of the device.
      utd: updates per env step; none for `UTD` of the device.
      seconds: of the samples of a cell, about.
      out: folder of tables and pictures.
      force: replace what an earlier measurement left there.
      quiet, json: how progress and result are printed.
    """

    spec: RunSpec
    lanes: tuple[int, ...] = ()
    utd: tuple[Fraction, ...] = ()
    seconds: float = SECONDS
    out: str = FOLDER
    force: bool = False
    quiet: bool = False
    json: bool = False

    def resolved(self, *, cpu: bool) -> BenchRequest:
        """The same with the device's defaults where none are named."""
        return dataclasses.replace(self, lanes=self.lanes or LANES[cpu], utd=self.utd or UTD[cpu])


@dataclasses.dataclass(frozen=True)
class TimedCell:
    """The lanes of one program, seeds of one variant. UTD is data of a program, so all UTDs share it."""

    spec: RunSpec
    group: Group

    @property
    def task(self) -> str:
        return self.group.task

    @property
    def variant(self) -> str:
        return self.group.lanes[0].variant.name


def cells_of(request: BenchRequest) -> list[TimedCell]:
    """The programs of a resolved request, by task, variant and lanes. Protocol and replay are the suite's."""
    found = []
    for task in request.spec.tasks:
        for variant in request.spec.variants:
            for lanes in request.lanes:
                spec = dataclasses.replace(request.spec, tasks=(task,), variants=(variant,), seeds=lanes)
                found += [TimedCell(spec, group) for group in make_groups(spec, fused=False)]
    return found


def suite_of(request: BenchRequest, variant: Variant) -> tuple[RunSpec, tuple[Group, ...]]:
    """The suite with that variant in place of its own, and its groups, one for each task.

    Raises:
      UsageError: a task of the suite that the physics cannot step.
    """
    spec = dataclasses.replace(request.spec, tasks=SUITES[request.spec.suite].tasks, variants=(variant,))
    return spec, make_groups(spec, fused=False)
