"""Whether a dataset is one of a task, by its card alone: nothing else of it is read, and nothing heavy loaded."""

from __future__ import annotations

import os
from pathlib import Path

from divbench.envs.names import task_info
from divbench.records.datasets.card import read_card
from divbench.spec.errors import UsageError


def check_task(card: dict, folder: str | os.PathLike, task: str) -> None:
    """Raise a `UsageError` unless the dataset with that card, in that folder, is of the task and of its sizes."""
    if card["task"] != task:
        raise UsageError(f"--tasks: dataset {folder} is of '{card['task']}', found '{task}'")
    info = task_info(task)
    found = card["sizes"]["observation"], card["sizes"]["action"]
    if found != (info.observation_size, info.action_size):
        raise UsageError(f"--dataset: {task} has observations of {info.observation_size} and actions of "
                         f"{info.action_size} numbers, found {found[0]} and {found[1]} in {folder}")


def count_transitions(folder: str | os.PathLike, task: str) -> int:
    """How many transitions the dataset of that folder has.

    Raises:
      UsageError: no dataset, a damaged card, or that of another task. Its files are not verified.
    """
    card = read_card(Path(folder))
    check_task(card, folder, task)
    return card["counts"]["transitions"]
