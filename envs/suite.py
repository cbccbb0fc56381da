"""dm_control's suite, as this package uses it: an environment of a task, and the state it is in.

Lives here: `load_suite`, `start_of` and `put_target`. Does not live here: resets (`draws`), comparing (`oracle`,
`parity`), drawing (`render`).
"""

from typing import Any

import mujoco
import numpy as np

from divbench.envs.base import Start, definition_of
from divbench.envs.names import task_info

_INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION


def load_suite(task: str, seed: int = 0) -> Any:
    """dm_control's own environment of a task, over its own model.

    Args:
      task: an entry of `names.SIMULATED`.
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
    qpos, qvel, act, warmstart, sensors = (leaf.copy() for leaf in (data.qpos, data.qvel, data.act,
                                                                    data.qacc_warmstart, data.sensordata))
    target = np.zeros(0) if definition.target is None else definition.target(model).copy()
    return Start(state.view(np.uint32), qpos, qvel, act, warmstart, sensors, target)


def put_target(model: mujoco.MjModel, target: np.ndarray) -> None:
    """Puts the target where dm_control's reset could have put it: the opposite of a definition's `target`.

    A site of finger's is its target, a geom of the others'; swimmer's has a light above it.

    Args:
      model: dm_control's model of a task that has a target; written to.
      target: `[target_size]`.
    """
    if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, "target") >= 0:
        model.site("target").pos[[0, 2]] = target
        return
    model.geom("target").pos[: len(target)] = target
    if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_LIGHT, "target_light") >= 0:
        model.light("target_light").pos[:2] = target[:2]
