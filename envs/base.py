"""The records that tasks, physics and the environment hand to one another, and where the definition of a task is.

Lives here: `State`, `Start`, `Sensed`, `TaskDefinition` with its `Field` and `ResetNoise`, and the `Physics`
interface; and `definition_of`.
Does not live here: anything that steps, draws or rewards.
"""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self, TypeVar, dataclass_transform

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from divbench.envs.names import task_info

R = TypeVar("R", bound="PytreeRecord")
Leaf = jax.Array | np.ndarray  # as drawn on the host, or handed to a program

# MuJoCo calls a number of larger magnitude bad (mjMAXVAL), as it does an infinite one.
LARGEST_VALID = 1e10


def float_dtype() -> np.dtype:
    """float64 where x64 is enabled at the time of the call, else float32."""
    return jnp.result_type(float)


@dataclasses.dataclass(frozen=True)
class PytreeRecord:
    """What a `record` is derived from."""

    def replace(self, **changes: Any) -> Self:
        """A copy with other values of these fields."""
        return dataclasses.replace(self, **changes)


@dataclass_transform(frozen_default=True)
def record(cls: type[R]) -> type[R]:
    """Make a frozen dataclass that is a pytree of a class derived from `PytreeRecord`."""
    made = dataclasses.dataclass(frozen=True)(cls)
    names = [field.name for field in dataclasses.fields(made)]
    return jax.tree_util.register_dataclass(made, data_fields=names, meta_fields=[])


@record
class State(PytreeRecord):
    """An environment between two control steps; Brax's shape.

    Attributes:
      data: the physics' own state, a pytree (`host.HostData`, `mjx.Data` or `warp.WarpData`).
      obs: `[observation_size]` observation.
      reward: `[]` reward of the step that led here; 0 at an episode's start.
      done: `[]` 1.0 where the episode is over, by termination or by the time limit, else 0.0.
      metrics: empty; kept for Brax's shape.
      info: `truncation` (1.0 where `done` came from the time limit alone), `steps` (int32, control steps
        taken), `nonfinite` (1.0 from the step on at which the physics went non-finite),
        `bad_action` (1.0 if the last action was not finite and zero was applied in its place) and,
        for tasks that have one, `target`.
    """

    data: Any
    obs: jax.Array
    reward: jax.Array
    done: jax.Array
    metrics: dict[str, jax.Array]
    info: dict[str, jax.Array]


@record
class Start(PytreeRecord):
    """How an episode begins, as drawn by dm_control, or as gymnasium draws it.

    Attributes:
      bits: `[2 * n]` uint32 view of MuJoCo's float64 integration state of `n` numbers, exact; of gymnasium's tasks
        with the position that is paid for behind it.
      qpos: `[nq]` positions (metres, radians, unit quaternions).
      qvel: `[nv]` velocities (m/s, rad/s).
      act: `[na]` actuator activations.
      qacc_warmstart: `[nv]` the constraint solver's first guess (m/s^2, rad/s^2).
      sensordata: `[ns]` every sensor, acceleration stage included; of gymnasium's tasks the fields that it reads.
      target: `[target_size]` what the task aims at; empty for tasks without one.
    """

    bits: Leaf
    qpos: Leaf
    qvel: Leaf
    act: Leaf
    qacc_warmstart: Leaf
    sensordata: Leaf
    target: Leaf


@record
class Sensed(PytreeRecord):
    """All that an observation or a reward may read, the same for every physics.

    Attributes:
      qpos: `[nq]`, qvel: `[nv]`, act: `[na]`, ctrl: `[nu]` (as given, before MuJoCo's clamping).
      sensors: the model's sensors by name, each `[dim]`; of gymnasium's tasks, the fields of the simulation that
        they read, flat, with `position` and `displacement` (see `TaskDefinition.moves`).
      target: `[target_size]`.
    """

    qpos: jax.Array
    qvel: jax.Array
    act: jax.Array
    ctrl: jax.Array
    sensors: Mapping[str, jax.Array]
    target: jax.Array


@dataclasses.dataclass(frozen=True)
class Field:
    """Rows `first` to before `last` (None: all) of an array that MuJoCo keeps in its data, such as `xpos`."""

    source: str
    first: int = 0
    last: int | None = None


@dataclasses.dataclass(frozen=True)
class ResetNoise:
    """How gymnasium begins an episode: noise around the model's default pose, at rest.

    Attributes:
      scale: positions are uniform within `scale` of the default, also a quaternion's numbers.
      normal_velocities: velocities are normal with standard deviation `scale`, instead of uniform within it.
    """

    scale: float
    normal_velocities: bool = False


@dataclasses.dataclass(frozen=True)
class TaskDefinition:
    """A task, written once for all physics.

    Attributes:
      name: the task's name.
      control_timestep: seconds between two actions.
      observe: `Sensed -> [observation_size]`, dm_control's dictionary flattened in its order.
      reward: `Sensed -> []`.
      target_size: length of the target vector.
      target: `MjModel -> [target_size]`, where dm_control's reset put the target; None without one.
      terminated: `Sensed -> []` bool, whether the episode ends here; None where it never does.
      reset_noise: the distribution of an episode's beginning; None where dm_control's code draws it.
      moves: for gymnasium's tasks, the position whose change over a control step is paid for.
      reads: for gymnasium's tasks, the fields of the simulation that an observation has.
    """

    name: str
    control_timestep: float
    observe: Callable[[Sensed], jax.Array]
    reward: Callable[[Sensed], jax.Array]
    target_size: int = 0
    target: Callable[[mujoco.MjModel], np.ndarray] | None = None
    terminated: Callable[[Sensed], jax.Array] | None = None
    reset_noise: ResetNoise | None = None
    moves: Field | None = None
    reads: tuple[Field, ...] = ()

    @property
    def moving(self) -> Field:
        """`moves` of a gymnasium task.

        Raises:
          ValueError: the task has none: dm_control's.
        """
        if self.moves is None:
            raise ValueError(f"{self.name}: no position is paid for; expected a task of gymnasium")
        return self.moves


class Physics(Protocol):
    """What steps a model. `data` is the physics' own pytree; the float vectors are unbatched."""

    name: str

    def begin(self, start: Start) -> Any:
        """Returns the data of an episode's beginning."""

    def place(self, qpos: jax.Array, qvel: jax.Array, act: jax.Array) -> tuple[Any, "Reading"]:
        """Returns the data at a given state, and what is sensed there at rest of the actuators."""

    def advance(self, data: Any, ctrl: jax.Array) -> tuple[Any, "Reading", jax.Array]:
        """Returns data and reading one control step later, and a bool: did the state go bad."""


@record
class Reading(PytreeRecord):
    """What a physics reports: `qpos` `[nq]`, `qvel` `[nv]`, `act` `[na]`, `sensordata` `[ns]`."""

    qpos: jax.Array
    qvel: jax.Array
    act: jax.Array
    sensordata: jax.Array


def definition_of(task: str) -> TaskDefinition:
    """Returns what `task` observes, pays and aims at, from the table `DEFINITIONS` of its domain's module.

    gymnasium's tasks have a module each, in `gymtasks`.

    Raises:
      ValueError: no such task.
    """
    info = task_info(task)
    module = importlib.import_module(f"divbench.envs.{f'gymtasks.{task}' if info.gymnasium_id else info.domain}")
    return next(found for found in module.DEFINITIONS if found.name == task)


class TaskEnvironment(Protocol):
    """What training asks of a task: `environment.Environment`, a toy, or a dataset in the shape of one."""

    @property
    def name(self) -> str: ...

    @property
    def physics(self) -> str: ...

    @property
    def episode_length(self) -> int: ...

    @property
    def observation_size(self) -> int: ...

    @property
    def action_size(self) -> int: ...

    @property
    def terminates(self) -> bool: ...

    @property
    def reward_range(self) -> tuple[float | None, float | None]: ...

    @property
    def action_low(self) -> np.ndarray: ...

    @property
    def action_high(self) -> np.ndarray: ...

    def reset(self, key: jax.Array) -> State:
        """The beginning of an episode that the key draws; the key is consumed."""

    def draw(self, seeds: Any) -> Any:
        """Beginnings of episodes, by seed, with an axis in front."""

    def start(self, start: Any) -> State:
        """The state at a drawn beginning."""

    def step(self, state: State, action: jax.Array) -> State:
        """The state one control step later."""
