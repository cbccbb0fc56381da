"""dm_control's suite, as this package uses it: an environment of a task, and the state it is in.

Lives here: `load_suite` and `start_of`. Does not live here: resets (`draws`), comparing (`oracle`, `parity`).
"""

import mujoco
import numpy as np

from divbench.envs.base import Start
from divbench.envs.definitions import definition_of
from divbench.envs.names import task_info

_INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION


def load_suite(task: str, seed: int = 0):
    """dm_control's own environment of a task, over its own model.

    Args:
      task: a key of `names.TASKS`.
      seed: of dm_control's random generator.
    """
    from absl import logging
    from dm_control import suite

    info = task_info(task)
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)  # compiling some models warns of old attributes
    try:
        return suite.load(info.domain, info.task, task_kwargs={"random": seed})
    finally:
        logging.set_verbosity(verbosity)


def start_of(task: str, model: mujoco.MjModel, data: mujoco.MjData) -> Start:
    """A copy of the state of a simulation of `task` as it stands, float64; the target from the model."""
    definition = definition_of(task)
    state = np.empty(mujoco.mj_stateSize(model, _INTEGRATION))
    mujoco.mj_getState(model, data, state, _INTEGRATION)
    moving = (leaf.copy() for leaf in (data.qpos, data.qvel, data.act, data.qacc_warmstart, data.sensordata))
    target = np.zeros(0) if definition.target is None else definition.target(model).copy()
    return Start(state.view(np.uint32), *moving, target)
