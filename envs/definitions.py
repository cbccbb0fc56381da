"""Where a task's definition is found: the table `DEFINITIONS` of its domain's module."""

import importlib

from divbench.envs.base import TaskDefinition
from divbench.envs.names import task_info


def definition_of(task: str) -> TaskDefinition:
    """Returns what `task` observes, pays and aims at.

    Raises:
      ValueError: no such task.
    """
    module = importlib.import_module(f"divbench.envs.{task_info(task).domain}")
    return next(found for found in module.DEFINITIONS if found.name == task)
