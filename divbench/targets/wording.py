"""How `divbench compile` and `plan --target` tell what was compiled, and the hours predicted from it."""

from __future__ import annotations

from collections.abc import Sequence

from divbench.spec.text import format_size, format_table
from divbench.targets.ahead import Compiled
from divbench.targets.counting import KINDS, Count, count
from divbench.targets.facts import Target
from divbench.targets.groups import CompiledGroup
from divbench.targets.prediction import Prediction, Term
from divbench.targets.shares import SOLVER_ROUNDS, Shares, shares

NAMES = {"update": "one gradient update", "env_step": "one env step", "round": "the rest of a round",
         "whole": "all of it"}


def compiled_record(done: Sequence[CompiledGroup], target: Target) -> dict:
    """What was compiled, as JSON values."""
    return {"target": target.name, "memory": target.usable,
            "groups": [{"group": one.group.name, "lanes": len(one.group.lanes), "shares_program_of": one.shared,
                        "programs": [_program_record(part) for part in one.functions.values()]} for one in done]}


def describe_compiled(done: Sequence[CompiledGroup], target: Target) -> str:
    """The same as tables."""
    parts = [_described(one, target) for one in done]
    source = {_source(part) for one in done for part in one.functions.values()}
    notes = [
        f"target: {target.name}; its facts: {target.source}",
        "needed: arguments, temporaries, results of their own, and the part of the training state that stays beside",
        f"FLOPs and bytes: of one round of each loop of unknown length; {', '.join(sorted(source))}",
        "kernels: all lanes together, one round of each loop of unknown length, of branches the largest",
        "loops: of unknown length; waits: how often what follows depends on a number just computed",
    ]
    return "\n\n".join([*parts, "\n".join(notes)])


def prediction_record(predictions: Sequence[Prediction]) -> dict:
    """Predicted hours, as JSON values."""
    return {"predicted_hours": sum(one.hours for one in predictions),
            "predictions": [one.record() for one in predictions], "assumed_loop_rounds": list(SOLVER_ROUNDS)}


def describe_predictions(predictions: Sequence[Prediction], target: Target, precision: str) -> str:
    """The predicted hours with their arithmetic."""
    rate, bandwidth = target.flops(precision), target.bandwidth
    lines = [line for one in predictions for line in (f"{one.group}: predicted {one.hours:.2f} h", *_arithmetic(one))]
    notes = [
        f"predicted for {target.name}, not measured: {1e6 * target.launch_seconds:g} us a launch (assumed), "
        f"{1e6 * target.wait_seconds:g} us a wait for a number that decides a loop or a branch (assumed), "
        f"{bandwidth / 1e12:.3g} TB/s and {rate / 1e12:.3g} TFLOP/s at precision '{precision}' "
        f"(peaks; {target.source})",
        f"loops of unknown length: {SOLVER_ROUNDS[0]} rounds, those inside of them {SOLVER_ROUNDS[1]} (assumed)",
        "compilation: seconds on this machine",
    ]
    return "\n".join([*lines, f"all groups: predicted {sum(one.hours for one in predictions):.2f} h", "", *notes])


def _arithmetic(one: Prediction) -> list[str]:
    lines = [_term_line(term) for term in one.terms]
    return [*lines, f"  compilation: {one.compile_seconds:,.0f} s = {one.compile_seconds / 3600.0:.2f} h"]


def _term_line(term: Term) -> str:
    cost = term.count
    waits = f" + {_counted(cost.waits, 'wait')} {_milliseconds(term.waiting)}" if term.waiting else ""
    each = (f"{_counted(cost.launches, 'launch', 'es')} {_milliseconds(term.launching)}{waits} + larger of "
            f"{cost.moved / 1e6:,.1f} MB {_milliseconds(term.moving)}, {cost.flops / 1e9:,.2f} GFLOP "
            f"{_milliseconds(term.computing)}")
    times = f"{term.times:,}"
    return f"  {term.name}: {times} x ({each}) = {times} x {_milliseconds(term.seconds)} = {term.hours:.2f} h"


def _counted(number: int, noun: str, ending: str = "s") -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{ending}"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3f} ms"


def _described(one: CompiledGroup, target: Target) -> str:
    head = f"{one.group.name}: {len(one.group.lanes)} lanes on {target.name}"
    if one.shared:
        return f"{head}; the program of {one.shared}"
    there = f"of {format_size(target.usable)}"
    header = ("program", "compile s", "arguments", "temporaries", "needed", there, "FLOPs", "bytes")
    rows = [(part.name, f"{part.seconds:.0f}", format_size(part.arguments), format_size(part.temporaries),
             format_size(part.needed), f"{100 * part.needed / target.usable:.1f}%", f"{flops:.2e}", f"{moved:.2e}")
            for part in one.functions.values() for flops, moved in [_costs(part)]]
    kernels = ("kernels of", "all", *KINDS, "loops", "waits")
    found = {part.name: shares(part.name, part.region) for part in one.functions.values()}
    counted = [(f"{name}: {NAMES[what]}", cost.launches, *(cost.kernels[kind] for kind in KINDS), cost.loops,
                cost.waits)
               for name, own in found.items() for what, cost in _counts(own)]
    lines = [head, "", format_table(header, rows, right=header[1:]), "",
             format_table(kernels, counted, right=kernels[1:])]
    copies = [own.copies for own in found.values() if own.copies is not None]
    return "\n".join([*lines, *(f"copies a round of training, beside updates: {number}" for number in copies)])


def _counts(own: Shares) -> list[tuple[str, Count]]:
    return [(what, cost) for what in NAMES if (cost := getattr(own, what)) is not None]


def _costs(part: Compiled) -> tuple[float, float]:
    """FLOPs and bytes of a program: XLA's where it says them, else counted from its text."""
    if part.flops is not None and part.moved is not None:
        return part.flops, part.moved
    counted = count(part.region)
    return counted.flops, counted.moved


def _source(part: Compiled) -> str:
    return "counted from the program's text" if part.flops is None else "as XLA says"


def _program_record(part: Compiled) -> dict:
    flops, moved = _costs(part)
    return {"name": part.name, "compile_seconds": part.seconds, "argument_bytes": part.arguments,
            "temporary_bytes": part.temporaries, "needed_bytes": part.needed, "flops": flops, "bytes": moved,
            "costs_are": _source(part), "kernels": shares(part.name, part.region).record()}
