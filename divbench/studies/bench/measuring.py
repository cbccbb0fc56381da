"""The order of the work of `divbench bench`: what fits, its compilation, its samples, its ceiling, the projection."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from divbench.envs.names import task_info
from divbench.execute import device
from divbench.execute.memory import memory_in_use, refuse_what_does_not_fit
from divbench.execute.sizes import planned_sizes
from divbench.execute.timing import TimedGroup
from divbench.records.card import command_line, now, usable_cpus, versions
from divbench.spec.errors import UsageError
from divbench.spec.estimate import estimate
from divbench.spec.networks import network_of
from divbench.studies.bench.ceiling import ceiling
from divbench.studies.bench.projection import Projection, TaskRates, TaskWork, project
from divbench.studies.bench.request import BenchRequest, TimedCell, cells_of, suite_of
from divbench.studies.bench.rows import ACTING, LEARNING, SKIPPED, TRAINING, BenchRow
from divbench.studies.bench.sampling import Sampled, sample

CEILING_SHARE = 0.5  # of a cell's seconds that the ceiling gets


@dataclasses.dataclass(frozen=True)
class Bench:
    """What was measured: with what, row by row, and the hours that follow."""

    card: dict
    rows: list[BenchRow]
    projections: list[Projection]


def measure_bench(request: BenchRequest, argv: list[str], tell: Callable[[BenchRow], None] = lambda row: None) -> Bench:
    """Time every cell, one after the other.

    Programs that need more memory than there is are found before anything compiles, and have a row that says so.

    Args:
      request: what is measured; where results go is not read.
      argv: the command line, for the card.
      tell: called with every row as soon as there is one.

    Raises:
      UsageError: nothing fits, or a critic from outside is none.
    """
    device.prepare(request.spec.precision)
    request = request.resolved(cpu=device.backend() == "cpu")
    cells = cells_of(request)
    refusals = [_refusal(cell) for cell in cells]
    if all(refusals):
        raise UsageError(f"--lanes: none of {', '.join(map(str, request.lanes))} fits: {refusals[0]}")
    card = _card(request, argv)
    rows: list[BenchRow] = []
    for cell, refusal in zip(cells, refusals, strict=True):
        for row in [_skipped(cell, card, refusal)] if refusal else _measured(cell, request, card):
            rows.append(row)
            tell(row)
    return Bench(card, rows, projections(request, rows))


def projections(request: BenchRequest, rows: list[BenchRow]) -> list[Projection]:
    """The hours of the request's suite for every variant and number of lanes that was measured."""
    found = []
    for variant in request.spec.variants:
        spec, groups = suite_of(request, variant)
        costs = [estimate(spec, group, sizes=planned_sizes(group)) for group in groups]
        work = [TaskWork.of(group.task, cost) for group, cost in zip(groups, costs, strict=True)]
        for lanes in request.lanes:
            rates = rates_of([row for row in rows if (row.variant, row.lanes) == (variant.name, lanes)])
            if rates:
                found.append(project(spec.suite, variant.name, lanes, work, rates))
    return found


def rates_of(rows: list[BenchRow]) -> dict[str, TaskRates]:
    """By task, the rates of updates alone and of acting alone; a skipped program has none."""
    acting = {row.task: row.env_steps_per_second for row in rows if row.kind == ACTING}
    return {row.task: TaskRates(row.updates_per_second, acting[row.task], row.update_flops)
            for row in rows if row.kind == LEARNING}


def _refusal(cell: TimedCell) -> str:
    """Why a program does not fit, or nothing."""
    try:
        refuse_what_does_not_fit(cell.spec, [cell.group])
    except UsageError as error:
        return str(error)
    return ""


def _card(request: BenchRequest, argv: list[str]) -> dict:
    spec = request.spec
    physics = {task: device.resolve_physics(task, spec.physics) for task in spec.tasks}
    return {"command": command_line(argv), "device": device.describe_device(), "cpus": usable_cpus(),
            "precision": spec.precision, "physics": physics, "suite": spec.suite, "lanes": list(request.lanes),
            "utd": list(map(str, request.utd)), "seconds": request.seconds, "versions": versions(), "time": now()}


class _Timings(NamedTuple):
    """What was timed of one program."""

    learning: Sampled
    acting: Sampled
    training: dict[Fraction, Sampled]
    compile_seconds: float
    memory: tuple[int, str]


def _timings(cell: TimedCell, request: BenchRequest, physics: str) -> _Timings:
    """Compile and time a program. Its arrays are released on return, before the ceiling needs room."""
    longest = task_info(cell.task).episode_length
    timed = TimedGroup(cell.group, physics, longest=longest)
    learning = sample(timed.updates, request.seconds)
    acting = sample(timed.acting, request.seconds, longest)
    training = {utd: sample(functools.partial(timed.acting, utd=utd), request.seconds, longest) for utd in request.utd}
    return _Timings(learning, acting, training, timed.compile_seconds, memory_in_use())


def _measured(cell: TimedCell, request: BenchRequest, card: dict) -> Iterator[BenchRow]:
    group = cell.group
    lane, lanes, sizes = group.lanes[0], len(group.lanes), planned_sizes(group)
    found = _timings(cell, request, card["physics"][cell.task])
    highest = ceiling(lane, lanes, CEILING_SHARE * request.seconds)
    shared = {**_facts(cell, card), "update_flops": sizes.update_flops, "ceiling_flops_per_second": highest,
              "compile_seconds": found.compile_seconds, "memory_bytes": found.memory[0], "memory_of": found.memory[1],
              "memory_counted": estimate(cell.spec, group, sizes=sizes).memory_bytes}

    def row(kind: str, one: Sampled, updates: Fraction | None, env_steps: int | None, utd: str = "") -> BenchRow:
        """`updates` and `env_steps` are those of a lane in a unit of the sampled work."""
        pace = None if updates is None else float(one.rate * updates * lanes)
        return BenchRow(kind=kind, utd=utd, updates_per_second=pace,
                        env_steps_per_second=None if env_steps is None else one.rate * env_steps * lanes,
                        slowest=one.slowest, fastest=one.fastest, samples=one.samples, chunk=one.chunk,
                        ceiling_share=None if pace is None else share(pace, sizes.update_flops, highest), **shared)

    yield row(LEARNING, found.learning, Fraction(1), None)
    yield row(ACTING, found.acting, None, 1)
    for utd, one in found.training.items():
        yield row(TRAINING, one, utd, 1, str(utd))


def share(updates_per_second: float, update_flops: int, flops_per_second: float) -> float:
    """FLOPs per second of updates over those of the ceiling."""
    return updates_per_second * update_flops / flops_per_second


def _skipped(cell: TimedCell, card: dict, why: str) -> BenchRow:
    nothing: dict[str, Any] = dict.fromkeys((
        "updates_per_second", "env_steps_per_second", "slowest", "fastest", "update_flops", "ceiling_flops_per_second",
        "ceiling_share", "compile_seconds", "memory_bytes"))
    counted = estimate(cell.spec, cell.group, sizes=planned_sizes(cell.group)).memory_bytes
    return BenchRow(kind=SKIPPED, utd="", samples=0, chunk=0, memory_of="", memory_counted=counted, note=why,
                    **nothing, **_facts(cell, card))


def _facts(cell: TimedCell, card: dict) -> dict:
    lane = cell.group.lanes[0]
    return {"task": cell.task, "variant": cell.variant, "lanes": len(cell.group.lanes), "device": card["device"],
            "jax": card["versions"]["jax"], "precision": card["precision"], "physics": card["physics"][cell.task],
            "network": network_of(lane), "batch_size": lane.sac.batch_size, "command": card["command"]}
