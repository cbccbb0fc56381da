"""One run, from its specification to its tables: `divbench.run`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from divbench.execute import compile_cache, device
from divbench.execute.critic_facts import NOT_MEASURED, facts_of
from divbench.execute.dataset_check import checked_card
from divbench.execute.failures import Failure, RunFailed, failure_of
from divbench.execute.loop import GroupLoop
from divbench.execute.memory import refuse_what_does_not_fit
from divbench.execute.offline import read_offline
from divbench.execute.programs import program_for
from divbench.execute.progress import Progress
from divbench.execute.signals import Interrupted, Signals
from divbench.execute.sizes import network_facts
from divbench.records.card import gather_card
from divbench.records.folder import CARD, GROUPS, GroupFolder, RunFolder, is_clearing, is_finished, other_keys
from divbench.records.manifest import MANIFEST, Manifest
from divbench.records.tables import read_rows, write_tables
from divbench.spec.errors import UsageError
from divbench.spec.plan import Group, make_groups, silent_resets
from divbench.spec.run_spec import CHECKSUM, RunSpec
from divbench.verdict.rows import verdict_rows

CHECKPOINT_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
      folder: where everything was written; read it with `divbench.load`.
      failed: the groups that failed, and why; each in one line as text.
      interrupted: a signal came; the same specification continues.
      signal: its number, or 0.
      already_finished: there was nothing to do.
      other_keys: why a run that was finished already is not the one that would be trained today: the rule of its
        random numbers, in a line; else None.
    """

    folder: Path
    failed: tuple[Failure, ...] = ()
    interrupted: bool = False
    signal: int = 0
    already_finished: bool = False
    other_keys: str | None = None


def run(spec: RunSpec, *, progress: Progress | None = None, checkpoint_seconds: float = CHECKPOINT_SECONDS,
        check: bool = True) -> RunResult:
    """Train everything that `spec` asks for, or resume it, and write its tables.

    Args:
      spec: the run. Its folder is `spec.folder`, below the current directory unless absolute.
      progress: the observer; silent if None.
      checkpoint_seconds: wall-clock seconds between checkpoints of a group.
      check: whether groups that failed raise an error, once everything else is trained and written.

    Returns:
      How it ended. A group that fails leaves the others running and is named in `failed`.

    Raises:
      RunFailed: with `check`, if groups failed; caused by the error of the first.
      UsageError: the folder holds another run, is in use, damaged or cannot be written; nothing has changed then.
    """
    progress = progress or Progress()
    spec.check_installed()
    device.prepare(spec.precision)
    physics = {task: device.resolve_physics(task, spec.physics) for task in spec.tasks}
    data = None
    if spec.dataset is not None:
        checked_card(spec)
        data = read_offline(spec.dataset, spec.tasks[0], physics[spec.tasks[0]])
    groups = make_groups(spec, fused=device.fused_default(), dataset="" if data is None else data.checksum)
    kinds = ",".join(sorted(set(physics.values()), reverse=True))
    card = gather_card(spec, device=device.describe_device(), physics=kinds)
    settings = spec.settings()
    if data is not None:
        card["dataset"] = data.facts()
        settings[CHECKSUM] = data.checksum
    if not spec.force:
        RunFolder.check(spec.folder, settings, card)
        _verify_groups(Path(spec.folder), {group.name for group in groups})
    place = Path(spec.folder)
    if spec.force or not (place / CARD).exists() or not is_finished(place):
        refuse_what_does_not_fit(spec, groups, 0 if data is None else len(data))
        card["networks"] = network_facts(groups)
    with RunFolder.open(spec.folder, settings, card, force=spec.force) as folder:
        again = [] if other_keys(folder.path, folder.card, card) else folder.set_aside(
            {group.name: _own_code(group) for group in groups})
        for line in again:
            progress.message(line)
        if folder.finished:
            return RunResult(folder.path, already_finished=True, other_keys=other_keys(folder.path, folder.card, card))
        for change in folder.changes:
            progress.message(f"continued under other conditions: {change}")
        for line in silent_resets(spec):
            progress.message(line)
        wrong = compile_cache.obstacle()
        if wrong:
            progress.message(f"compiled programs are not kept: {wrong}")
        progress.run_started(groups, folder.path)
        failed, errors, interrupted = [], [], False
        with Signals() as signals:
            for group in groups:
                part = folder.group(group.name)
                if part.done:
                    continue
                part.record_code(_own_code(group))
                try:
                    facts = facts_of(group, data)
                    folder.record("critics", facts)
                    for name, own in facts.items():
                        if own["features"].startswith(NOT_MEASURED):
                            progress.message(f"variant '{name}': features are {own['features']}")
                    program = program_for(group, physics[group.task], spec.eval_episodes, spec.diagnose, data)
                    GroupLoop(group, program, spec=spec, physics=physics[group.task], folder=part, progress=progress,
                              signals=signals, checkpoint_seconds=checkpoint_seconds, data=data).run()
                    progress.group_finished(group)
                except Interrupted:
                    interrupted = True
                    break
                except UsageError:
                    raise
                except Exception as error:  # whatever it was, the other groups are worth having
                    failure = failure_of(group.name, error, {hook.partition(":")[0] for hook in _own_code(group)})
                    failed.append(dataclasses.replace(failure, file=part.record_failure(failure.traceback)))
                    errors.append(error)
                    progress.group_failed(group, error)
                if signals.raised():
                    interrupted = True
                    break
        write_tables(folder.path, verdict_rows(read_rows(folder.path)["values"]))
        if not failed and not interrupted:
            folder.mark_finished()
        result = RunResult(folder.path, tuple(failed), interrupted, signals.number or 0)
    if failed and check:
        raise RunFailed(result) from errors[0]
    return result


def _own_code(group: Group) -> dict[str, str]:
    """The fingerprints of the functions from outside that the group's lanes use, by their names."""
    return dict(pair for lane in group.lanes for pair in lane.variant.code)


def _verify_groups(path: Path, names: set[str]) -> None:
    """Raise `UsageError` if a journal, or a checkpoint still needed, is damaged, or if an unfinished run has groups of
    other names; before anything is written.

    The lanes of a run are grouped otherwise on a CPU than on an accelerator: lanes that some group has begun would be
    trained once more in another.

    The journal of wall-clock times is never cut back and gets its row of a checkpoint after the checkpoint
    is complete: where it has one, a checkpoint that is not there was lost, and nothing begins anew unasked.
    """
    if is_clearing(path):
        return  # what is left of the groups is removed first
    for folder in sorted((path / GROUPS).glob("*")):
        if folder.name not in names and not is_finished(path):
            raise UsageError(f"{path}: group '{folder.name}' was begun on another kind of device, or by another "
                             "version, where lanes are grouped otherwise; continue there, or --force starts over")
        group = GroupFolder(folder)
        group.journal.rows(older=True)
        events = {row.get("event") for row in group.timing.rows(older=True)["timing"]}
        if group.checkpoints.exists():
            journal, kept = group.journal.path, Manifest.read(group.checkpoints.folder).meta["journal"]
            if not journal.exists() or journal.stat().st_size < kept:
                raise UsageError(f"{journal}: shorter than when the checkpoint was taken; "
                                 f"--force starts over")
        if group.done:
            continue
        if "checkpoint" in events and not group.checkpoints.exists():
            missing = group.checkpoints.folder / MANIFEST
            raise UsageError(f"{missing}: checkpoint file is missing; --force starts over")
        group.checkpoints.verify()
