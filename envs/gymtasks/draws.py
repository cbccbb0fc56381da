"""gymnasium's resets: noise around the model's default pose, in numpy as gymnasium draws it, and in JAX.

Lives here: `start_of_seed`, `start_of` and `noisy`. Does not live here: what dm_control draws (`envs.draws`), or the
noise of any one task (its module).
"""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from divbench.envs.base import ResetNoise, Start, definition_of
from divbench.envs.gymtasks.fields import all_values, values
from divbench.envs.models import load_model

_INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION


def start_of_seed(task: str, seed: int) -> Start:
    """Returns the episode's beginning that gymnasium's `reset(seed=seed)` gives, by the same calls of numpy's.

    Args:
      task: an entry of `names.GYM_TASKS`. seed: in [0, 2**64).
    """
    noise, model = definition_of(task).reset_noise, load_model(task).model
    if noise is None:
        raise ValueError(f"{task}: dm_control draws its episodes; expected a task of gymnasium")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    data = mujoco.MjData(model)
    data.qpos[:] += generator.uniform(-noise.scale, noise.scale, model.nq)
    if noise.normal_velocities:
        data.qvel[:] = noise.scale * generator.standard_normal(model.nv)
    else:
        data.qvel[:] = generator.uniform(-noise.scale, noise.scale, model.nv)
    mujoco.mj_forward(model, data)
    return start_of(task, model, data)


def start_of(task: str, model: mujoco.MjModel, data: mujoco.MjData) -> Start:
    """A copy of a simulation of `task` as it stands, float64, as if nothing had moved during the last control step."""
    definition = definition_of(task)

    def read(source: str) -> np.ndarray:
        return getattr(data, source)

    position = values(definition.moving, read)
    state = np.empty(mujoco.mj_stateSize(model, _INTEGRATION))
    mujoco.mj_getState(model, data, state, _INTEGRATION)
    bits = np.concatenate([state, position]).view(np.uint32)
    qpos, qvel, act, warmstart = (leaf.copy() for leaf in (data.qpos, data.qvel, data.act, data.qacc_warmstart))
    fields = np.concatenate(all_values(definition, read, 0 * position))
    return Start(bits, qpos, qvel, act, warmstart, fields, np.zeros(0))


def noisy(key: jax.Array, noise: ResetNoise, qpos0: np.ndarray, nv: int,
          dtype: np.dtype) -> tuple[jax.Array, jax.Array]:
    """Returns positions `[nq]` and velocities `[nv]` of the same distribution, drawn in JAX.

    Args:
      key: a random key, consumed. noise: the distribution. qpos0: `[nq]` the model's default pose.
      nv: number of velocities. dtype: of the results.
    """
    for_positions, for_velocities = jax.random.split(key)
    away = jax.random.uniform(for_positions, qpos0.shape, dtype, -noise.scale, noise.scale)
    if noise.normal_velocities:
        qvel = noise.scale * jax.random.normal(for_velocities, (nv,), dtype)
    else:
        qvel = jax.random.uniform(for_velocities, (nv,), dtype, -noise.scale, noise.scale)
    return jnp.asarray(qpos0, dtype) + away, qvel
