"""A task over a physics: `make` and the `Environment` it returns.

Lives here: reset, step, termination and the time limit, and telling a bad action from bad physics.
Does not live here: the tasks' observations and rewards (one module per domain), the physics
(`host`, `mjx`, `warp`), or automatic resets, which are the caller's.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from divbench.envs import draws
from divbench.envs.base import (
    LARGEST_VALID,
    Physics,
    Reading,
    Sensed,
    Start,
    State,
    TaskDefinition,
    definition_of,
    float_dtype,
)
from divbench.envs.callback import prepare_process
from divbench.envs.gymtasks.draws import noisy
from divbench.envs.models import TaskModel, load_model
from divbench.envs.names import PHYSICS, TOY, TaskInfo, check_name, check_physics, resolve_physics, task_info
from divbench.envs.toys import ConstantReward

prepare_process()  # here, since `make` already asks JAX for its device, and resets are callbacks under every physics


class Environment:
    """One task over one physics. Holds no episode: `reset`, `start`, `state_from` and `step` are
    pure, take unbatched values, and may be jitted and vmapped, nested vmaps included. Made by
    `make`; the arguments are its parts.

    Args:
      info, definition: what the task is called, and what it observes, pays and aims at.
      task_model: its MuJoCo model.
      physics: what steps the model.

    Attributes:
      name: the task, e.g. `cheetah-run`.
      physics: `mjx`, `host` or `warp`.
      info: the task's `TaskInfo`.
      observation_size, action_size, episode_length: as in `TaskInfo`.
      reward_range: smallest and largest reward of one step, None where there is none.
      terminates: whether an episode can end before the time limit.
      target_size: length of the task's target vector; 0 without one.
      timestep: seconds of one simulation step.
      substeps: simulation steps of one control step.
      control_timestep: seconds of one control step.
      action_low, action_high: `[action_size]` float64, dm_control's bounds. Not [-1, 1] for every
        task (quadruped). Larger actions are clamped by MuJoCo.
    """

    def __init__(self, info: TaskInfo, definition: TaskDefinition, task_model: TaskModel, physics: Physics) -> None:
        model = task_model.model
        self.name = info.name
        self.info = info
        self.physics = physics.name
        self.observation_size = info.observation_size
        self.action_size = info.action_size
        self.episode_length = info.episode_length
        self.reward_range = (info.reward_min, info.reward_max)
        self.terminates = info.terminates
        self.target_size = definition.target_size
        self.timestep = float(model.opt.timestep)
        self.substeps = _substeps(definition, task_model)
        self.control_timestep = definition.control_timestep
        self.action_low, self.action_high = model.actuator_ctrlrange.T.copy()
        self._definition = definition
        self._task_model = task_model
        self._physics = physics

    def __repr__(self) -> str:
        return f"Environment({self.name!r}, physics={self.physics!r})"

    def reset(self, key: jax.Array) -> State:
        """Returns an episode's beginning: drawn by dm_control on the host through a callback, and of gymnasium's
        tasks drawn in JAX, from the distribution of `draw`.

        Args:
          key: a random key, consumed.
        """
        if self._definition.reset_noise is not None:
            model = self._task_model.model
            qpos, qvel = noisy(key, self._definition.reset_noise, model.qpos0, model.nv, float_dtype())
            return self.state_from(qpos, qvel)
        words = jax.random.bits(key, (2,), jnp.uint32)
        dtype, model = float_dtype(), self._task_model.model
        size = self._state_size
        floats = (model.nq, model.nv, model.na, model.nv, model.nsensordata, self.target_size)
        leaves: Any = (jax.ShapeDtypeStruct((2 * size,), np.uint32),
                       *(jax.ShapeDtypeStruct((width,), dtype) for width in floats))
        shapes = Start(*leaves)
        callback = functools.partial(self._draw_from_words, np.dtype(dtype))
        return self.start(jax.pure_callback(callback, shapes, words, vmap_method="broadcast_all"))

    def draw(self, seeds: np.ndarray) -> Start:
        """Draws one episode's beginning for each seed, on the host; see `draws.draw`.

        Args:
          seeds: `[n]` integers in [0, 2**64).

        Returns:
          `Start` of numpy arrays with a leading axis `n`. Depends on each seed alone.
        """
        return draws.draw(self.name, seeds)

    def start(self, start: Start) -> State:
        """Returns the state of an episode's beginning.

        Args:
          start: one beginning that `draw` made, without its leading axis.
        """
        dtype = float_dtype()
        qpos, qvel, act, sensordata, target = (
            jnp.asarray(leaf, dtype)
            for leaf in (start.qpos, start.qvel, start.act, start.sensordata, start.target)
        )
        start = start.replace(bits=jnp.asarray(start.bits, jnp.uint32))
        return self._fresh(self._physics.begin(start), Reading(qpos, qvel, act, sensordata), target)

    def state_from(
        self,
        qpos: jax.Array,
        qvel: jax.Array,
        act: jax.Array | None = None,
        target: jax.Array | None = None,
    ) -> State:
        """Returns the state at a given pose and velocity, as a fresh episode.

        It is what dm_control shows after these are set inside `physics.reset_context()`: forward
        dynamics with the actuators off. And what gymnasium shows after `set_state` of a fresh simulation.

        Args:
          qpos: `[nq]` positions. qvel: `[nv]` velocities.
          act: `[na]` activations, default 0. target: `[target_size]`, default 0.
        """
        dtype, model = float_dtype(), self._task_model.model
        act = jnp.zeros(model.na) if act is None else act
        target = jnp.zeros(self.target_size) if target is None else target
        widths = (model.nq, model.nv, model.na, self.target_size)
        values = [jnp.asarray(value, dtype) for value in (qpos, qvel, act, target)]
        for label, value, width in zip(("qpos", "qvel", "act", "target"), values, widths, strict=True):
            if value.shape != (width,):
                raise ValueError(f"{self.name}: {label} must have shape ({width},), got {value.shape}")
        data, reading = self._physics.place(*values[:3])
        return self._fresh(data, reading, values[3])

    def step(self, state: State, action: jax.Array) -> State:
        """Returns the state one control step later.

        Args:
          state: of this environment. action: `[action_size]`, within `action_low`, `action_high`.

        Raises:
          ValueError: when traced with an action of the wrong shape.
        """
        action = jnp.asarray(action, float_dtype())
        if action.shape != (self.action_size,):
            raise ValueError(f"{self.name}: action must have shape ({self.action_size},), got {action.shape}")
        # MuJoCo's own rule: one bad control and all of them count as zero.
        valid = jnp.all(jnp.abs(action) <= LARGEST_VALID)
        action = jnp.where(valid, action, 0.0)
        data, reading, went_bad = self._physics.advance(state.data, action)
        target = state.info.get("target", jnp.zeros(self.target_size, action.dtype))
        sensed = self._sensed(reading, action, target)
        dtype = state.obs.dtype
        steps = state.info["steps"] + jnp.int32(1)
        over = (steps >= self.episode_length).astype(dtype)
        blamed = jnp.logical_and(went_bad, valid).astype(dtype)
        done, truncation = over, over
        if self._definition.terminated is not None:
            ended = self._definition.terminated(sensed).astype(dtype)
            done, truncation = jnp.maximum(over, ended), over * (1 - ended)
        info = {
            **state.info,
            "steps": steps,
            "truncation": truncation,
            "nonfinite": jnp.maximum(state.info["nonfinite"], blamed),
            "bad_action": 1 - valid.astype(dtype),
        }
        return State(
            data,
            self._definition.observe(sensed).astype(dtype),
            self._definition.reward(sensed).astype(dtype),
            done,
            state.metrics,
            info,
        )

    @functools.cached_property
    def _state_size(self) -> int:
        return mujoco.mj_stateSize(self._task_model.model, mujoco.mjtState.mjSTATE_INTEGRATION)

    def _draw_from_words(self, dtype: np.dtype, words: Any) -> Start:
        words = np.asarray(words).astype(np.uint64)
        start = self.draw((words[..., 0] << np.uint64(32)) | words[..., 1])
        cast = {
            name: getattr(start, name).astype(dtype)
            for name in ("qpos", "qvel", "act", "qacc_warmstart", "sensordata", "target")
        }
        return start.replace(**cast)

    def _sensed(self, reading: Reading, ctrl: jax.Array, target: jax.Array) -> Sensed:
        sensors = {name: reading.sensordata[where] for name, where in self._task_model.sensors.items()}
        return Sensed(reading.qpos, reading.qvel, reading.act, ctrl, sensors, target)

    def _fresh(self, data: Any, reading: Reading, target: jax.Array) -> State:
        dtype = float_dtype()
        sensed = self._sensed(reading, jnp.zeros(self.action_size, dtype), target)
        zero = jnp.zeros((), dtype)
        info = {
            "truncation": zero,
            "steps": jnp.zeros((), jnp.int32),
            "nonfinite": zero,
            "bad_action": zero,
        }
        if self.target_size:
            info["target"] = target
        return State(data, self._definition.observe(sensed).astype(dtype), zero, zero, {}, info)


def _substeps(definition: TaskDefinition, task_model: TaskModel) -> int:
    return round(definition.control_timestep / float(task_model.model.opt.timestep))


@functools.cache
def _build(task: str, physics: str) -> Environment | ConstantReward:
    info = task_info(task)
    if physics == TOY:
        return ConstantReward(info.episode_length)
    definition, task_model = definition_of(task), load_model(task)
    substeps = _substeps(definition, task_model)
    if info.gymnasium_id:
        if physics == "host":
            from divbench.envs.gymtasks.host import GymHostPhysics

            return Environment(info, definition, task_model, GymHostPhysics(task_model, substeps, definition))
        from divbench.envs.gymtasks.mjx import GymMjxPhysics

        return Environment(info, definition, task_model, GymMjxPhysics(task_model, substeps, definition))
    return Environment(info, definition, task_model, _physics(physics, task_model, substeps))


def _physics(name: str, task_model: TaskModel, substeps: int) -> Physics:
    if name == "host":
        from divbench.envs.host import HostPhysics

        return HostPhysics(task_model, substeps)
    if name == "warp":
        from divbench.envs.warp import WarpPhysics

        return WarpPhysics(task_model, substeps)
    from divbench.envs.mjx import MjxPhysics

    return MjxPhysics(task_model, substeps)


def make(task: str, physics: str = "auto") -> Environment | ConstantReward:
    """Returns the environment of a task; the same object for the same arguments.

    Args:
      task: a key of `names.TASKS` or `names.GYM_TASKS`.
      physics: `mjx` (on the device), `host` (C MuJoCo through a callback), `warp` (on an NVIDIA GPU; needs
        the extra `warp`), or `auto`: `mjx` where JAX's default backend is a GPU or TPU and the task can be
        stepped by it, else `host`.

    Raises:
      ValueError: one line with the nearest known name, or with the extra to install.
    """
    task_info(task)
    check_name("physics", physics, (*PHYSICS, TOY) if TOY in task_info(task).physics else PHYSICS)
    check_physics(task, physics)
    return _build(task, resolve_physics(task, physics, jax.default_backend() in ("gpu", "tpu")))
