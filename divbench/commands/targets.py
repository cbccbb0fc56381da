"""`divbench compile`, and `plan` with `--target`: a run's programs compiled for an accelerator that is not there."""

from __future__ import annotations

import sys

from divbench.commands.answer import Answer
from divbench.spec.errors import UsageError, choose
from divbench.spec.parsers import FUNCTIONS
from divbench.spec.reading import read_spec
from divbench.spec.run_spec import RunSpec
from divbench.spec.targets import TARGETS, Target
from divbench.spec.text import split_names


def compile_ahead(given: dict) -> Answer:
    if "target" not in given:
        raise UsageError(f"compile: expected --target with one of {', '.join(TARGETS)}")
    target = TARGETS[choose("target", given.pop("target"), TARGETS)]
    functions = split_names(given.pop("programs"), "--programs") if "programs" in given else FUNCTIONS
    functions = tuple(choose("program", name, FUNCTIONS) for name in functions)
    spec = read_spec(given, given.pop("config", None))
    done = _compiled(spec, target, functions)
    from divbench.targets.wording import compiled_record, describe_compiled

    return Answer(lambda: compiled_record(done, target), lambda: print(describe_compiled(done, target)), json=spec.json)


def plan_for(spec: RunSpec, name: str) -> Answer:
    """The plan of a run on a target: what it costs, what was compiled, and predicted hours."""
    target = TARGETS[choose("target", name, TARGETS)]
    done = _compiled(spec, target, FUNCTIONS)
    from divbench.execute.sizes import planned_sizes
    from divbench.spec.estimate import estimate
    from divbench.spec.forecast import describe_plan, plan_record
    from divbench.spec.plan import silent_resets
    from divbench.targets import wording
    from divbench.targets.prediction import predict

    sizes = [planned_sizes(one.group) for one in done]
    predictions = [predict(spec, one.group, target, one.functions, own, one.compile_seconds)
                   for one, own in zip(done, sizes, strict=True)]
    estimates = [estimate(spec, one.group, len(one.group.lanes) / predicted.update_seconds, sizes=own)
                 for one, predicted, own in zip(done, predictions, sizes, strict=True)]
    basis = f"predicted for {target.name}; the other hours are below"
    silent = silent_resets(spec)
    parts = (lambda: describe_plan(spec, estimates, basis, silent), lambda: wording.describe_compiled(done, target),
             lambda: wording.describe_predictions(predictions, target, spec.precision))
    return Answer(lambda: {**plan_record(spec, estimates, basis, silent),
                           "compiled": wording.compiled_record(done, target),
                           **wording.prediction_record(predictions)},
                  lambda: print("\n\n".join(part() for part in parts)), json=spec.json)


def _compiled(spec: RunSpec, target: Target, functions: tuple[str, ...]) -> list:
    spec.check_installed()
    from divbench.targets.groups import compile_groups

    silent = spec.quiet or spec.json
    return compile_groups(spec, target, functions,
                          (lambda line: None) if silent else (lambda line: print(line, file=sys.stderr)))
