"""`divbench compile`, and `plan` with `--target`: a run's programs compiled for an accelerator that is not there."""

from __future__ import annotations

import sys

from divbench.cli.answer import Answer
from divbench.cli.config import make_spec
from divbench.spec.run_spec import RunSpec
from divbench.targets.facts import FUNCTIONS, TARGETS, Target


def compile_ahead(given: dict) -> Answer:
    target, functions = TARGETS[given.pop("target")], given.pop("programs", FUNCTIONS)
    spec = make_spec(given, given.pop("config", None))
    done = _compiled(spec, target, functions)
    from divbench.targets.wording import compiled_record, describe_compiled

    return Answer(lambda: compiled_record(done, target), lambda: print(describe_compiled(done, target)), json=spec.json)


def plan_for(spec: RunSpec, name: str) -> Answer:
    """The plan of a run on a target: what it costs, what was compiled, and predicted hours."""
    target = TARGETS[name]
    done = _compiled(spec, target, FUNCTIONS)
    from divbench.cli.forecast import describe_plan, plan_record
    from divbench.execute.sizes import planned_sizes
    from divbench.spec.estimate import estimate
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
