"""`divbench reproduce`: train what is missing, read it, decide, draw, and write the outcome down.

Lives here: the order of the work of claims that runs decide. Datasets that runs learn from come first. Training is
`divbench.execute.run`, one run at a time; a run that is there already is used as it is. What decides is said by the
experiment. Does not live here: the files of an outcome (`recording`), and claims that a measurement decides
(`measuring`).
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from divbench.execute.making.request import MakeRequest
from divbench.experiments.arms import arm_table
from divbench.experiments.experiment import Arm, Comparison, Experiment, Outcome, run_updates
from divbench.experiments.kinds import kinds_table
from divbench.experiments.recording import outcome_folder, refuse_other, verdict_record, write_outcome
from divbench.experiments.rehearsal import in_words, out_of_reach
from divbench.experiments.request import ReproduceRequest
from divbench.report.pairing import key_generation
from divbench.spec.errors import UsageError
from divbench.spec.estimate import UPDATES_PER_SECOND
from divbench.spec.run_spec import RunSpec
from divbench.spec.text import format_table

if TYPE_CHECKING:
    from divbench.execute.run import RunResult
    from divbench.experiments.evidence import Evidence


@dataclasses.dataclass(frozen=True)
class Plan:
    """An experiment at a scale: its arms, and for each the run in its place.

    Attributes:
      experiment: which.
      request: how it was asked for.
      arms: of the experiment at the request's scale.
      specs: for each arm the specification that is run, with the request's physics.
      datasets: what the runs learn from, with the request's physics too.
      missing: the runs that an outcome so far does without.
    """

    experiment: Experiment
    request: ReproduceRequest
    arms: tuple[Arm, ...]
    specs: tuple[RunSpec, ...]
    datasets: tuple[MakeRequest, ...] = ()
    missing: tuple[RunSpec, ...] = ()

    @property
    def runs(self) -> tuple[RunSpec, ...]:
        """Every run once."""
        return tuple({spec.folder: spec for spec in self.specs}.values())

    @property
    def folder(self) -> Path:
        """Where the outcome goes."""
        return outcome_folder(self.experiment, self.request)


def make_plan(experiment: Experiment, request: ReproduceRequest) -> Plan:
    """The plan of a request; trains nothing and writes nothing.

    Raises:
      UsageError: a physics that a task does not have, or an outcome of another scale or physics in the folder: one
        is never replaced by the other.
    """
    arms = experiment.runs(request.scale)
    datasets = experiment.datasets(request.scale)
    made = tuple(_with_physics(dataset, request) for dataset in datasets)
    places = {str(old.target(task, level)): str(new.target(task, level))
              for old, new in zip(datasets, made, strict=True) for task in old.tasks for level in old.levels}
    specs = tuple(dataclasses.replace(arm.spec, physics=request.physics, quiet=request.quiet, json=request.json,
                                      dataset=_place(arm.spec.dataset, places)) for arm in arms)
    plan = Plan(experiment, request, arms, specs, made)
    if request.so_far:
        plan = _finished_part(plan)
    refuse_other(plan.folder, request)
    return plan


def _place(dataset: str | None, places: Mapping[str, str]) -> str | None:
    """Where the dataset of a run is made under the physics asked for; else where the run says."""
    return None if dataset is None else places.get(dataset, dataset)


def _finished_part(plan: Plan) -> Plan:
    """The plan without the runs that are not finished.

    Raises:
      UsageError: an arm of which no run is finished on one of its tasks, or nothing is missing.
    """
    missing = tuple(spec for spec in plan.runs if run_state(spec.folder) != "finished")
    if not missing:
        raise UsageError(f"--so-far: all runs of '{plan.experiment.name}' are finished; leave it out")
    left_out = {spec.folder for spec in missing}
    kept = [(arm, spec) for arm, spec in zip(plan.arms, plan.specs, strict=True) if spec.folder not in left_out]
    sides = {(arm.name, arm.spec.tasks) for arm, _ in kept}
    empty = [arm for arm in plan.arms if (arm.name, arm.spec.tasks) not in sides]
    if empty:
        raise UsageError(f"--so-far: no run of '{empty[0].name}' on {empty[0].spec.tasks[0]} is finished; expected one "
                         f"for each arm, 'divbench reproduce {plan.experiment.name} --plan' shows them")
    arms, specs = zip(*kept, strict=True)
    return dataclasses.replace(plan, arms=arms, specs=specs, missing=missing)


def _with_physics(dataset: MakeRequest, request: ReproduceRequest) -> MakeRequest:
    """A dataset as the request's physics makes it, in a place of its own, told as the request asks."""
    out = dataset.out if request.physics == "auto" else f"{dataset.out}-{request.physics}"
    return dataclasses.replace(dataset, physics=request.physics, out=out, quiet=request.quiet or request.json)


def describe_plan(plan: Plan) -> str:
    """What would be run, run by run, and what of it is there already."""
    rows, total, missing = [], 0, 0
    for spec in plan.runs:
        (task,), (variant,), (utd,) = spec.tasks, spec.variants, spec.utd
        updates = run_updates(spec)
        state = run_state(spec.folder)
        total += updates
        missing += 0 if state == "finished" else updates
        rows.append((task, variant.name, utd, _seeds(spec), f"{spec.steps:,}", f"{updates:,}", state, spec.folder))
    header = ("task", "variant", "UTD", "seeds", "env steps", "updates", "state", "folder")
    lanes = sum(spec.seeds for spec in plan.runs)
    minutes = missing / UPDATES_PER_SECOND / 60.0
    time = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
    return "\n".join([
        *(f"dataset {target}: {state}" for target, state in _datasets(plan)),
        format_table(header, rows, right=("UTD", "seeds", "env steps", "updates")),
        "",
        f"{len(rows)} runs, {lanes} lanes, {total:,} updates, of which {missing:,} are in runs not finished: about "
        f"{time} on two CPU cores ({UPDATES_PER_SECOND:.0f} updates/s over all lanes)",
        "acting, evaluating and compiling come on top",
        *in_words(undecidable(plan)),
    ])


def undecidable(plan: Plan) -> tuple[Comparison, ...]:
    """The numbers of the claim that so few lanes can never place on its side."""
    generations = {arm.spec.folder: generation for arm, spec in zip(plan.arms, plan.specs, strict=True)
                   if (card := _card(spec.folder)) and (generation := key_generation(card)) is not None}
    return out_of_reach(plan.experiment, plan.arms, plan.request.scale, generations=generations)


def plan_record(plan: Plan) -> dict:
    """The plan as plain JSON values."""
    return {"experiment": plan.experiment.name, "scale": plan.request.scale, "folder": str(plan.folder),
            "datasets": [{"folder": folder, "state": state} for folder, state in _datasets(plan)],
            "out_of_reach": [{"what": comparison.what, "method": comparison.method, "reach": comparison.reach}
                             for comparison in undecidable(plan)],
            "runs": [{"folder": spec.folder, "task": spec.tasks[0], "variant": spec.variants[0].name,
                      "utd": str(spec.utd[0]), "seeds": list(spec.seed_list), "state": run_state(spec.folder),
                      "updates": run_updates(spec)} for spec in plan.runs]}


def _who(spec: RunSpec) -> str:
    (task,), (variant,), (utd,) = spec.tasks, spec.variants, spec.utd
    return f"{task}, {variant.name}, UTD {utd}, seed{'s' if spec.seeds > 1 else ''} {_seeds(spec)}"


def _seeds(spec: RunSpec) -> str:
    """`100-102`, or `100` where there is one."""
    return "-".join(dict.fromkeys(str(seed) for seed in (spec.seed_list[0], spec.seed_list[-1])))


def _fewest_seeds(plan: Plan) -> int:
    """Of an arm on a task, over all of its runs."""
    counts: Counter = Counter()
    for arm in plan.arms:
        counts[arm.name, arm.spec.tasks] += arm.spec.seeds
    return min(counts.values())


def _datasets(plan: Plan) -> list[tuple[str, str]]:
    """The folder of every dataset, and `there` or how many updates make the agents behind it."""
    found = []
    for request in plan.datasets:
        for task in request.tasks:
            for level in request.levels:
                target = request.target(task, level)
                updates = f"to be made, {request.steps - request.prime_samples:,} updates for its expert"
                found.append((str(target), "there" if target.exists() else updates))
    return found


def run_state(folder: str) -> str:
    """`finished`, `begun` or `to train`, from a run's card; whether the run is sound is found out when it is opened."""
    card = _card(folder)
    return "to train" if card is None else "finished" if card.get("finished") else "begun"


def _card(folder: str) -> dict | None:
    """The card of a run as it stands; None where there is none, empty where it is damaged."""
    try:
        card = json.loads((Path(folder) / "card.json").read_text())
    except (OSError, ValueError):
        return None
    return card if isinstance(card, dict) else {}


def train(plan: Plan, tell: Callable[[str], None] = print) -> list[RunResult]:
    """Carry out the plan's runs, one after the other; those that are finished answer at once.

    Returns:
      How each run ended, up to the first that was interrupted; only that of making datasets, if they were not made.
    """
    from divbench.execute.progress import make_progress
    from divbench.execute.run import run
    from divbench.report.remaking import remake_stale

    results = _make_datasets(plan, tell)
    if results:
        return results
    for place, spec in enumerate(plan.runs, 1):
        who = f"run {place} of {len(plan.runs)}: {_who(spec)}"
        with make_progress(spec) as progress:
            result = run(spec, progress=progress, check=False)
        tell(f"{who}: {'was there already' if result.already_finished else 'trained'}, {spec.folder}")
        results.append(result)
        if result.interrupted:
            break
        not_remade = "" if result.failed else remake_stale(result.folder)
        if not_remade:
            print(f"{who}: report not re-made: {not_remade}", file=sys.stderr)
    return results


def _make_datasets(plan: Plan, tell: Callable[[str], None]) -> list[RunResult]:
    """Make what the runs learn from; nothing is returned if all of it is there."""
    if not plan.datasets:
        return []
    from divbench.execute.making.datasets import TrainingFailed, make_datasets
    from divbench.execute.run import RunResult
    from divbench.execute.signals import Interrupted

    for request in plan.datasets:
        try:
            for made in make_datasets(request):
                tell(f"dataset {made.dataset.path}: {'was there already' if made.kept else 'made'}")
        except Interrupted as heard:
            return [RunResult(Path(request.out), interrupted=True, signal=heard.args[0])]
        except TrainingFailed as error:
            line: Any = str(error)  # no group failed; only printed
            return [RunResult(Path(request.out), failed=(line,))]
    return []


def settle(plan: Plan) -> dict:
    """Decide and draw from the finished runs, and write the outcome's files.

    Returns:
      The record in `outcome.json`.

    Raises:
      UsageError: a run that cannot be read, or a folder that cannot be written.
    """
    from divbench.experiments.evidence import read

    evidence = read(plan.arms, plan.specs, plan.request.scale)
    record = outcome_record(plan, evidence, plan.experiment.decide(evidence))
    write_outcome(plan.folder, record, plan.experiment.figure(evidence))
    return record


def outcome_record(plan: Plan, evidence: Evidence, outcome: Outcome) -> dict:
    """Everything an outcome says and rests on, as JSON values."""
    cards = [evidence.cards[spec.folder] for spec in plan.runs]
    versions = [card.get("versions", {}) for card in cards]

    def united(key: str, facts: list[dict] = cards) -> str:
        return ", ".join(dict.fromkeys(str(fact.get(key, "unknown")) for fact in facts))

    so_far = {"missing": [_who(spec) for spec in plan.missing]} if plan.missing else {}
    return verdict_record(plan.experiment, plan.request, outcome) | so_far | {
        "seeds": _fewest_seeds(plan), "tasks": list(evidence.tasks),
        "physics": united("physics"), "device": united("device"),
        "versions": {name: united(name, versions) for name in versions[0]},
        "cpus": united("cpus"), "precision": united("precision"),
        "arms": arm_table(evidence), **_kinds(plan.experiment, evidence),
        "lanes": [lane.record() for lane in evidence.lanes],
        "runs": [_run_record(plan, spec, card) for spec, card in zip(plan.runs, cards, strict=True)],
    }


def _kinds(experiment: Experiment, evidence: Evidence) -> dict:
    """Only the random phase of priming is one episode, so that a lane is of one kind."""
    table = kinds_table(evidence, experiment.decide) if experiment.kind == "priming" else None
    return {} if table is None else {"kinds": table}


def _run_record(plan: Plan, spec: RunSpec, card: dict) -> dict:
    own = [arm for arm, run in zip(plan.arms, plan.specs, strict=True) if run.folder == spec.folder]
    return {"arms": [arm.name for arm in own], "looks": own[0].looks, "task": spec.tasks[0],
            "variant": spec.variants[0].name, "utd": str(spec.utd[0]), "seeds": list(spec.seed_list),
            "settings": spec.settings(), "digest": spec.digest(), "table_schema_version": card.get("schema_version"),
            "device": card.get("device"), "cpus": card.get("cpus"), "physics": card.get("physics"),
            "versions": card.get("versions", {})}
