"""Physics `host` for gymnasium's tasks: C MuJoCo, stepped as gymnasium steps it.

Lives here: `GymHostPhysics`. Does not live here: the callback and its lanes (`envs.host`), what is read of a
simulation (`fields`).

gymnasium ends a control step with `mj_step` and looks at what that leaves; dm_control proceeds to the position and
velocity of the next. Trajectories are the same, what is seen beside positions and velocities is not. The position that
is paid for crosses with the state, in float64: it cannot be had from the state once it lies a trial point back.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco.batch import Batch

from divbench.envs.base import TaskDefinition
from divbench.envs.gymtasks.fields import all_values, values
from divbench.envs.host import HostPhysics, _Lanes
from divbench.envs.models import TaskModel

# Contact forces on bodies, which MuJoCo computes only when asked, from all that a step leaves behind.
_FORCES = "cfrc_ext"


@dataclass(frozen=True)
class _Outcome:
    """Lanes after a call, as `HostPhysics` takes them: `state` `[lanes, n]` crosses, `read` is seen, `[lanes, m]`
    each."""

    state: np.ndarray
    read: tuple[np.ndarray, ...]

    @property
    def batch(self) -> "_Outcome":
        return self


class _WholeLanes(_Lanes):
    """Lanes of any number that keep a whole simulation each, contacts included."""

    def __init__(self, model: mujoco.MjModel, count: int, threads: int) -> None:
        super().__init__(model, count, threads)
        if not self.batch.persistent:
            self.batch = Batch(model, count, threads, persistent=True)
            self.ctrl = self.batch.bind("ctrl")
            self.read = tuple(self.batch.bind(name) for name in ("qpos", "qvel", "act", "sensordata"))


class GymHostPhysics(HostPhysics):
    """C MuJoCo behind a callback; vmapped lanes of any nesting make one call.

    Args:
      task_model: the model; not written to.
      substeps: simulation steps of one control step.
      definition: which fields are read.
    """

    def __init__(self, task_model: TaskModel, substeps: int, definition: TaskDefinition) -> None:
        super().__init__(task_model, substeps)
        self._definition = definition
        sources = {field.source for field in (definition.moving, *definition.reads)}
        self._sources, self._forces = sources - {_FORCES}, _FORCES in sources
        self._spare = mujoco.MjData(self._model)
        self._state_size = self._size
        self._size += task_model.sensors["position"].stop
        shown = max(where.stop for where in task_model.sensors.values())
        self._widths = (*self._widths[:3], shown)

    def _advance(self, bits: np.ndarray, ctrl: np.ndarray) -> tuple[_Outcome, np.ndarray]:
        numbers = bits.view(np.float64)
        lanes = self._of("step", self._model, len(bits))
        fields = {source: lanes.batch.bind(source) for source in self._sources}
        lanes.batch.state[:] = numbers[:, : self._state_size]
        lanes.ctrl[:] = ctrl
        failed = lanes.run(lambda batch: batch.step(self._well(batch), nstep=self._substeps))
        if self._forces:
            fields[_FORCES] = np.stack([self._forces_on(lanes.batch, lane) for lane in range(len(bits))])
        return self._outcome(lanes, fields, numbers[:, self._state_size :], failed), failed

    def _place(self, qpos: np.ndarray, qvel: np.ndarray, act: np.ndarray) -> tuple[_Outcome, np.ndarray]:
        lanes = self._of("place", self._model, len(qpos))
        fields = {source: lanes.batch.bind(source) for source in self._sources}
        lanes.run(lambda batch: batch.reset(stage=int(mujoco.mjtStage.mjSTAGE_NONE)))
        for name, value in (("qpos", qpos), ("qvel", qvel), ("act", act)):
            lanes.batch.bind(name)[:] = value
        failed = lanes.run(lambda batch: batch.forward(self._well(batch)))
        if self._forces:  # a fresh simulation has not been asked for them, and shows zero
            fields[_FORCES] = np.zeros((len(qpos), *self._spare.cfrc_ext.shape))
        return self._outcome(lanes, fields, None, failed), failed

    def _outcome(self, lanes: _Lanes, fields: dict, before: np.ndarray | None, failed: np.ndarray) -> _Outcome:
        """What is seen of `lanes`; `before` `[lanes, m]` are their positions a control step ago, None if they are
        where they begin."""
        state = lanes.batch.state
        position = values(self._definition.moving, fields.get, 1)
        moved = position - (position if before is None else before)
        shown = np.concatenate(all_values(self._definition, fields.get, moved, 1), 1)
        # Lanes that were not computed hold what was in their place before.
        shown[failed | self._bad(state)] = np.nan
        return _Outcome(np.concatenate([state, shown[:, : position.shape[1]]], 1), (*lanes.read[:3], shown))

    def _forces_on(self, batch: Batch, lane: int) -> np.ndarray:
        """Contact forces on the bodies of a lane, `[nbody, 6]`."""
        mujoco.mj_rnePostConstraint(self._model, batch.get_data(lane, self._spare))
        return self._spare.cfrc_ext.copy()

    def _of(self, use: str, model: mujoco.MjModel, count: int) -> _Lanes:
        if self._forces and (use, count) not in self._lanes:
            self._lanes[use, count] = _WholeLanes(model, count, min(count, self._threads))
        return super()._of(use, model, count)
