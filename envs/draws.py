"""Episode beginnings, drawn by dm_control itself.

Lives here: `draw`, which runs dm_control's own reset code on the host, one seed at a time.
Does not live here: gymnasium's resets (`gymtasks.draws`, which `draw` asks for gymnasium's tasks), or anything
jittable; the environment turns a `Start` into a state.
"""

import functools
import threading
from typing import Any

import jax
import numpy as np

from divbench.envs.base import Start
from divbench.envs.gymtasks.draws import start_of_seed
from divbench.envs.models import load_model
from divbench.envs.names import task_info
from divbench.envs.suite import load_suite, start_of

_lock = threading.Lock()


@functools.cache
def _suite_environment(name: str) -> Any:
    """dm_control's environment of a task over this package's model, so that its added sensors
    are read at the very same instant. Its own copy of the model: dm_control writes to it."""
    from dm_control.mujoco import wrapper
    from dm_control.rl import control

    original = load_suite(name)
    model = wrapper.MjModel(load_model(name).model.__copy__())
    return control.Environment(type(original.physics).from_model(model), original.task, n_sub_steps=1)


def _generator(seed: int) -> np.random.RandomState:
    """The generator dm_control makes of a seed; a seed of more than 32 bits is split in two."""
    if seed < 2**32:
        return np.random.RandomState(seed)
    return np.random.RandomState([seed & 0xFFFFFFFF, seed >> 32])


def draw(name: str, seeds: np.ndarray) -> Start:
    """Draws one episode's beginning for each seed; the seed alone decides.

    Args:
      name: an entry of `names.SIMULATED` or `names.GYM_TASKS`.
      seeds: integers in [0, 2**64), of any shape `[...]`. A seed below 2**32 gives what dm_control
        gives as the first reset of `suite.load(..., task_kwargs={"random": seed})`; of gymnasium's tasks, every
        seed gives what `reset(seed=seed)` gives.

    Returns:
      `Start` of numpy arrays, float64 and uint32, with the leading axes `[...]`.
      May be called from any thread; calls of one process take turns.
    """
    seeds = np.asarray(seeds)
    if seeds.dtype.kind not in "iu" or (seeds.size and int(seeds.min()) < 0):
        raise ValueError(f"seeds must be non-negative integers, got {seeds.dtype} array")
    if task_info(name).gymnasium_id:
        return _joined(seeds, start_of_seed(name, 0), [start_of_seed(name, int(seed)) for seed in seeds.ravel()])
    rows = []
    with _lock:
        environment = _suite_environment(name)
        simulation = environment.physics.model.ptr, environment.physics.data.ptr
        for seed in seeds.ravel():
            environment.task._random = _generator(int(seed))
            # What its `reset` does, short of an observation.
            with environment.physics.reset_context():
                environment.task.initialize_episode(environment.physics)
            rows.append(start_of(name, *simulation))
        like = start_of(name, *simulation)
    return _joined(seeds, like, rows)


def _joined(seeds: np.ndarray, like: Start, rows: list[Start]) -> Start:
    """The `rows`, shaped as `seeds`; `like` is one such row, of which there may be none."""

    def joined(one: np.ndarray, *leaves: np.ndarray) -> np.ndarray:
        return np.array(leaves, one.dtype).reshape(*seeds.shape, one.size)

    return jax.tree.map(joined, like, *rows)
