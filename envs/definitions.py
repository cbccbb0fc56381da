"""Where a task's definition is found: the table `DEFINITIONS` of its domain's module; gymnasium's tasks have a
module each, in `gymtasks`."""

import importlib

from divbench.envs.base import TaskDefinition
from divbench.envs.names import task_info


def definition_of(task: str) -> TaskDefinition:
    """Returns what `task` observes, pays and aims at.

    Raises:
      ValueError: no such task.
    """
    info = task_info(task)
    module = importlib.import_module(f"divbench.envs.{f'gymtasks.{task}' if info.gymnasium_id else info.domain}")
    return next(found for found in module.DEFINITIONS if found.name == task)
