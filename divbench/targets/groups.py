"""All groups of a run, compiled for a target; what cannot fit is refused before the next group is begun."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from divbench.execute.memory import refuse_what_does_not_fit
from divbench.spec.errors import UsageError
from divbench.spec.plan import Group, make_groups
from divbench.spec.run_spec import RunSpec
from divbench.targets import ahead, fitting
from divbench.targets.ahead import Compiled, TooLarge
from divbench.targets.facts import Target


@dataclasses.dataclass(frozen=True)
class CompiledGroup:
    """A group and its functions by name. Groups that share a program share what is compiled; `shared` names the first
    of them, and is empty for that one."""

    group: Group
    functions: dict[str, Compiled]
    shared: str = ""

    @property
    def compile_seconds(self) -> float:
        """Of tracing and compiling; 0 for a group that shares what another compiled."""
        return 0.0 if self.shared else sum(one.seconds for one in self.functions.values())


def compile_groups(spec: RunSpec, target: Target, functions: Sequence[str],
                   told: Callable[[str], object] = lambda line: None) -> list[CompiledGroup]:
    """Compile all groups of a run, each distinct program once.

    Args:
      spec: the run.
      target: what is compiled for.
      functions: names of a program's functions, in the order in which they are compiled.
      told: called with a line before each function is compiled.

    Raises:
      UsageError: the compiler is not installed, the physics calls back into Python, the run learns from a dataset, or
        a group does not fit.
    """
    if spec.dataset is not None:
        raise UsageError("--dataset: expected a run that acts; programs that learn from a dataset are not compiled "
                         "for a target")
    for task in spec.tasks:
        ahead.physics_of(task, spec.physics, target)
    ahead.prepare(target, spec.precision)
    groups = make_groups(spec, fused=True)
    refuse_what_does_not_fit(spec, groups, there=target.usable)
    done: list[CompiledGroup] = []
    known: dict[int, CompiledGroup] = {}
    programs = []  # kept, so that no two have one identity
    for group in groups:
        program = ahead.group_program(group, spec, target)
        programs.append(program)
        if id(program) in known:
            first = known[id(program)]
            done.append(CompiledGroup(group, first.functions, first.group.name))
            continue
        found: dict[str, Compiled] = {}
        arguments = ahead.arguments_of(program, group, target)
        for name in functions:
            told(f"compiling {name} of {group.name} for {target.name}")
            try:
                found[name] = ahead.compile_function(program, name, arguments)
            except TooLarge as error:
                raise fitting.refusal_of_compiler(group, target, error) from None
            fitting.refuse_what_does_not_fit(group, program, target, found[name])
        known[id(program)] = CompiledGroup(group, found)
        done.append(known[id(program)])
    return done
