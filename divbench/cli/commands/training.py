"""`divbench run` and `plan`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from divbench.cli.answer import Answer
from divbench.cli.codes import FAILED, INTERRUPTED, OK, refuse_unwritable
from divbench.cli.config import make_spec
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    from divbench.execute.run import RunResult
    from divbench.spec.run_spec import RunSpec

SAY_NOTHING = {"out", "force", "quiet", "json"}  # of what is to be trained


def run(given: dict) -> Answer:
    sure = given.pop("yes", False)
    asked_for = set(given) - SAY_NOTHING
    spec = make_spec(given, given.pop("config", None))
    if not sure and not asked_for:
        raise UsageError(_everything(spec))
    spec.check_installed()
    refuse_unwritable(spec.folder)
    from divbench.execute.progress import make_progress

    with make_progress(spec) as progress:
        from divbench.execute.run import run  # loads JAX, while the clock of the first update runs

        result = run(spec, progress=progress, check=False)
    if result.other_keys:
        raise UsageError(result.other_keys)
    code = INTERRUPTED + result.signal if result.interrupted else FAILED if result.failed else OK
    not_remade = ""
    if code == OK:
        from divbench.report.remaking import remake_stale

        not_remade = remake_stale(result.folder)
    return Answer(lambda: _record(spec, result, not_remade), lambda: _show(spec, result, not_remade), code, spec.json)


def _everything(spec: RunSpec) -> str:
    """What a run that nobody has narrowed would be."""
    from divbench.spec.estimate import UPDATES_PER_SECOND

    lanes = len(spec.tasks) * len(spec.variants) * len(spec.utd) * spec.seeds
    updates = len(spec.tasks) * len(spec.variants) * spec.seeds * sum(spec.protocol(utd).updates for utd in spec.utd)
    days = updates / UPDATES_PER_SECOND / 86_400.0
    return (f"run: no flag says what; expected --yes for all of suite '{spec.suite}' ({lanes} lanes, {updates:,} "
            f"updates, {days:.0f} days on two CPU cores at {UPDATES_PER_SECOND:.0f} a second), or something narrower, "
            "such as --suite smoke or --tasks cheetah-run --seeds 1 --steps 20k")


def _record(spec: RunSpec, result: RunResult, not_remade: str) -> dict:
    from divbench.spec.plan import silent_resets

    return {"folder": result.folder, "failed": list(map(str, result.failed)), "failures": result.failed,
            "interrupted": result.interrupted, "already_finished": result.already_finished,
            "silent_resets": silent_resets(spec), "report_not_remade": not_remade}


def _show(spec: RunSpec, result: RunResult, not_remade: str) -> None:
    if result.interrupted:
        again = "the same command without --force" if spec.force else "the same command"
        print(f"interrupted; {again} continues from the checkpoint in {result.folder}")
        return
    from divbench.report.summary import print_summary

    if result.already_finished:
        print(f"already finished: {result.folder}; --force starts over")
    print_summary(result.folder)
    for failure in result.failed:
        print(f"failed: {failure}")
        if failure.place:
            print(failure.traceback, end="")
        print(f"traceback in {failure.file}" if failure.file else "its traceback could not be written")
    if not_remade:
        print(f"report not re-made: {not_remade}")


def plan(given: dict) -> Answer:
    from divbench.spec.plan import make_groups, silent_resets

    rate = given.pop("rate", None)
    target = given.pop("target", None)
    if target is not None and rate is not None:
        raise UsageError("--rate: incompatible with --target, whose rate is predicted; give one of them")
    spec = make_spec(given, given.pop("config", None))
    if target is not None:
        from divbench.cli.commands.targets import plan_for

        return plan_for(spec, target)
    from divbench.cli.forecast import describe_plan, plan_record, scaled_rates
    from divbench.execute.dataset_check import checked_card
    from divbench.spec.estimate import estimate

    transitions = 0 if spec.dataset is None else checked_card(spec)["counts"]["transitions"]
    if rate is None:
        spec.check_installed()
        from divbench.execute import device
        from divbench.execute.memory import refuse_what_does_not_fit
        from divbench.execute.timing import measure_rate

        device.prepare(spec.precision)
        groups = make_groups(spec, fused=device.fused_default())
        refuse_what_does_not_fit(spec, groups, transitions)
        sizes = _sizes(groups)
        rates = scaled_rates(groups, sizes, lambda group: measure_rate(group, spec.physics, spec.precision))
        basis = "measured for the first group of each structure, scaled by FLOPs to the others"
    else:
        groups = make_groups(spec, fused=False)
        sizes = _sizes(groups)
        rates = [rate] * len(groups)
        basis = "stated; groups as on a CPU, one for each set of mechanisms"
    estimates = [estimate(spec, group, pace, transitions, own)
                 for group, pace, own in zip(groups, rates, sizes, strict=True)]
    silent = silent_resets(spec)
    return Answer(lambda: plan_record(spec, estimates, basis, silent),
                  lambda: print(describe_plan(spec, estimates, basis, silent)), json=spec.json)


def _sizes(groups: Iterable) -> list:
    """How large the networks of each group are. Those of divbench need no jax, which takes seconds to load."""
    if not any(group.lanes[0].variant.objects for group in groups):
        from divbench.spec.sizes import mlp_sizes

        return [mlp_sizes(group.lanes[0], group.mechanisms) for group in groups]
    from divbench.execute.sizes import planned_sizes

    return [planned_sizes(group) for group in groups]
