"""Whether a compiled group fits a target's memory, and how many of its lanes would."""

from __future__ import annotations

import math
from collections.abc import Callable

from divbench.execute.programs import Program
from divbench.spec.errors import UsageError
from divbench.spec.plan import Group
from divbench.spec.text import format_size
from divbench.targets.ahead import Compiled, TooLarge, state_bytes
from divbench.targets.facts import Target


def refuse_what_does_not_fit(group: Group, program: Program, target: Target, one: Compiled) -> None:
    """Raise `UsageError` if a function needs more memory than the target has; it names the largest number of lanes that
    would fit."""
    if one.needed > target.usable:
        fitting = largest(program.lanes, target.usable, needed_by(one, program))
        raise _refusal(group, target, f"{one.name} needs {format_size(one.needed)}", program.lanes, fitting)


def refusal_of_compiler(group: Group, target: Target, error: TooLarge) -> UsageError:
    """The same where the compiler itself says that a program does not fit. Lanes are those of its own figure."""
    lanes = len(group.lanes)
    if math.isnan(error.share):
        return UsageError(f"group '{group.name}' does not fit {_there(target)}: its compiler ran out of memory")
    return _refusal(group, target, f"a program needs {error.share:.2f} times the memory", lanes,
                    int(lanes / error.share))


def needed_by(one: Compiled, program: Program) -> Callable[[int], int]:
    """Bytes that a program needs with another number of lanes: the training state by count of its shapes, all else in
    proportion to the lanes."""
    rest = one.needed - state_bytes(program, program.lanes)
    return lambda lanes: state_bytes(program, lanes) + rest * lanes // program.lanes


def largest(lanes: int, usable: int, needed: Callable[[int], int]) -> int:
    """The largest number of lanes whose `needed` bytes are at most `usable`; `lanes` need more.

    Memory is linear in lanes: the first guess is in proportion, and `needed` corrects it.
    """
    found = min(lanes - 1, usable * lanes // needed(lanes))
    while found > 0 and needed(found) > usable:
        found -= 1
    while found < lanes - 1 and needed(found + 1) <= usable:
        found += 1
    return found


def _refusal(group: Group, target: Target, what: str, lanes: int, fitting: int) -> UsageError:
    would = f"{fitting} of its {lanes} lanes fit" if fitting else (
        "not even one lane fits: expected a smaller --batch-size, --hidden or --steps")
    return UsageError(f"group '{group.name}': {what}, {_there(target)} are there; {would}")


def _there(target: Target) -> str:
    share = "" if target.usable == target.memory else f", the share of {format_size(target.memory)} that JAX reserves"
    return f"{format_size(target.usable)} of {target.name}{share}"
