"""Whether a dataset is one that a run can learn from, by its card alone: nothing else is read, nothing heavy loaded."""

from __future__ import annotations

import os
from pathlib import Path

from divbench.envs.names import task_info
from divbench.records.datasets.card import read_card
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from divbench.spec.variants import lane_settings


def check_task(card: dict, folder: str | os.PathLike, task: str) -> None:
    """Raise a `UsageError` unless the dataset with that card, in that folder, is of the task and of its sizes."""
    if card["task"] != task:
        raise UsageError(f"--tasks: dataset {folder} is of '{card['task']}', found '{task}'")
    info = task_info(task)
    found = card["sizes"]["observation"], card["sizes"]["action"]
    if found != (info.observation_size, info.action_size):
        raise UsageError(f"--dataset: {task} has observations of {info.observation_size} and actions of "
                         f"{info.action_size} numbers, found {found[0]} and {found[1]} in {folder}")


def checked_card(spec: RunSpec) -> dict:
    """The card of an offline run's dataset.

    Raises:
      UsageError: no dataset, a damaged card, that of another task, or transitions that were drawn singly for a variant
        that needs what was done next. Its files are not verified.
    """
    assert spec.dataset is not None, "an offline run has a dataset"
    card = read_card(Path(spec.dataset))
    check_task(card, spec.dataset, spec.tasks[0])
    if not card["whole_episodes"]:
        for variant in spec.variants:
            if lane_settings(variant, spec.sac).in_distribution_targets:
                raise UsageError(f"--variants: '{variant.name}' needs the action that followed each transition, found "
                                 f"transitions drawn singly in {spec.dataset}; expected a dataset of whole episodes")
    return card
