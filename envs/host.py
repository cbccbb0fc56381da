"""Physics `host`: C MuJoCo, stepped through a callback from inside the compiled program.

Lives here: `HostPhysics`, its state `HostData`, and what a process must set for callbacks to be
safe. Does not live here: models, resets by dm_control, observations, rewards.

The state that crosses is MuJoCo's integration state (warm start included), its float64 numbers
viewed as pairs of uint32: exact whether or not x64 is on. All lanes of a call are stepped by one
`mujoco.batch.Batch`, on threads of its own outside Python's lock. What a batch remembers of the call
before saves it work and changes no number, so a step is a pure function. Callbacks use numpy only; a
jax operation in one could deadlock.
"""

import functools
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import jax
import mujoco
import numpy as np
from mujoco.batch import Batch, SimulationError

from divbench.envs.base import LARGEST_VALID, Leaf, PytreeRecord, Reading, Start, float_dtype, record
from divbench.envs.callback import numpy_callback
from divbench.envs.models import TaskModel, without_actuation

_INTEGRATION = int(mujoco.mjtState.mjSTATE_INTEGRATION)
_FRESH = int(mujoco.mjtStage.mjSTAGE_VEL)  # positions and velocities of the new state, as mj_step1 leaves them
_BAD = [int(getattr(mujoco.mjtWarning, f"mjWARN_{name}")) for name in ("BADQPOS", "BADQVEL", "BADQACC")]
_NUMBER = 1  # of a warning's two numbers, how often it was given
# Up to so many lanes each keeps a simulation, which then need not be brought up to date at a step's beginning.
_REMEMBERED = 64
# Threads pay only where there is this much work in one call. The first calls use one thread, and are timed.
_WORTH_THREADS = 50e-6  # seconds
_TIMED_FIRST = 8
_KEPT_BATCHES = 4  # of different numbers of lanes


@record
class HostData(PytreeRecord):
    """`bits`: `[2 * n]` uint32 view of the float64 integration state."""

    bits: Leaf


def positions(bits: np.ndarray, nq: int) -> np.ndarray:
    """The positions `[..., nq]` in the `bits` of a `HostData`; before them comes time alone."""
    return np.asarray(bits).view(np.float64)[..., 1 : 1 + nq]


class _Lanes:
    """A number of lanes that are stepped together, and the arrays that go in and come out."""

    def __init__(self, model: mujoco.MjModel, count: int, threads: int) -> None:
        self.batch = Batch(model, count, threads, persistent=count <= _REMEMBERED)
        self.ctrl = self.batch.bind("ctrl")
        self.read = tuple(self.batch.bind(name) for name in ("qpos", "qvel", "act", "sensordata"))
        self.quickest, self.timed = float("inf"), 0

    def run(self, job: Callable[[Batch], None]) -> np.ndarray:
        """Does `job(batch)`; returns which lanes `[lanes]` MuJoCo warned of, or left where they were."""
        self.batch.warning[:] = 0
        failed = np.zeros(self.batch.nsim, np.bool_)
        began = time.perf_counter()
        try:
            job(self.batch)
        except SimulationError as error:
            failed[error.ids] = True
        self.quickest = min(self.quickest, time.perf_counter() - began)
        self.timed += 1
        if self.batch.warning.any():
            failed |= self.batch.warning[:, _BAD, _NUMBER].any(1)
        return failed

    def wants_threads(self) -> bool:
        """Decides only how many threads are used; no result depends on it."""
        return self.batch.nthread == 1 and self.timed >= _TIMED_FIRST and self.quickest > _WORTH_THREADS


class HostPhysics:
    """C MuJoCo behind a callback; vmapped lanes of any nesting make one call.

    Args:
      task_model: the model; not written to.
      substeps: simulation steps of one control step.
    """

    name = "host"

    def __init__(self, task_model: TaskModel, substeps: int) -> None:
        self._model = task_model.model
        self._still = without_actuation(task_model.model)
        self._substeps = substeps
        self._threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._lanes: dict[tuple, _Lanes] = {}
        self._lock = threading.Lock()
        model = self._model
        self._size = mujoco.mj_stateSize(model, _INTEGRATION)
        self._widths = (model.nq, model.nv, model.na, model.nsensordata)
        # Time comes first in the integration state, then positions, velocities and activations.
        self._moving = slice(1, 1 + model.nq + model.nv + model.na)

    def begin(self, start: Start) -> HostData:
        return HostData(start.bits)

    def place(self, qpos: jax.Array, qvel: jax.Array, act: jax.Array) -> tuple[HostData, Reading]:
        bits, values, _ = self._call(self._place, qpos, qvel, act)
        return HostData(bits), self._reading(values)

    def advance(self, data: HostData, ctrl: jax.Array) -> tuple[HostData, Reading, jax.Array]:
        bits, values, bad = self._call(self._advance, data.bits, ctrl)
        return HostData(bits), self._reading(values), bad

    def _call(self, function: Callable, *args: Any) -> Any:
        dtype = float_dtype()
        shapes = (
            jax.ShapeDtypeStruct((2 * self._size,), np.uint32),
            jax.ShapeDtypeStruct((sum(self._widths),), dtype),
            jax.ShapeDtypeStruct((), np.bool_),
        )
        callback = functools.partial(self._over_lanes, function, np.dtype(dtype))
        return numpy_callback(callback, shapes, *args)

    def _reading(self, values: jax.Array) -> Reading:
        ends = np.cumsum(self._widths)
        return Reading(*(values[end - width : end] for end, width in zip(ends, self._widths, strict=True)))

    def _over_lanes(self, function: Callable, dtype: np.dtype, *args: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Runs `function(*args) -> (lanes, which of them are bad)`, args `[lanes, n]`, on all lanes at once."""
        args = [np.asarray(arg) for arg in args]
        lead = args[0].shape[:-1]
        count = int(np.prod(lead, dtype=int))
        args = [np.ascontiguousarray(arg.reshape(count, arg.shape[-1])) for arg in args]
        if not count:
            empty = np.empty((0, self._size)), np.empty((0, sum(self._widths)), dtype), np.empty(0, np.bool_)
            return self._shaped(lead, *empty)
        with self._lock:
            lanes, bad = function(*args)
            states = lanes.batch.state.copy()
            with np.errstate(over="ignore"):  # of a lane that is flying apart
                values = np.concatenate(lanes.read, 1, dtype=dtype, casting="same_kind")
        return self._shaped(lead, states, values, bad | self._bad(states))

    def _well(self, batch: Batch) -> np.ndarray | None:
        """Which lanes to compute, None for all: what is bad already stays as it is."""
        bad = self._bad(batch.state)
        return np.flatnonzero(~bad) if bad.any() else None

    def _bad(self, states: np.ndarray) -> np.ndarray:
        """`[lanes]`: whether anything that moves is infinite, NaN or larger than MuJoCo accepts."""
        moving = states[:, self._moving]
        # The usual case, and quick to tell; a NaN fails both comparisons.
        if moving.min() >= -LARGEST_VALID and moving.max() <= LARGEST_VALID:
            return np.zeros(len(states), np.bool_)
        return ~(np.abs(moving) <= LARGEST_VALID).all(-1)

    def _shaped(self, lead: tuple[int, ...], states: np.ndarray, values: np.ndarray,
                bad: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        bits = states.view(np.uint32).reshape(*lead, 2 * self._size)
        return bits, values.reshape(*lead, sum(self._widths)), bad.reshape(lead)

    def _advance(self, bits: np.ndarray, ctrl: np.ndarray) -> tuple[Any, np.ndarray]:
        lanes = self._of("step", self._model, len(bits))
        lanes.batch.state[:] = bits.view(np.float64)
        lanes.ctrl[:] = ctrl
        return lanes, lanes.run(lambda batch: batch.step(self._well(batch), nstep=self._substeps, stage=_FRESH))

    def _place(self, qpos: np.ndarray, qvel: np.ndarray, act: np.ndarray) -> tuple[Any, np.ndarray]:
        lanes = self._of("place", self._still, len(qpos))
        # dm_control looks at the default pose first, which leaves the solver its warm start.
        lanes.run(lambda batch: batch.reset(stage=int(mujoco.mjtStage.mjSTAGE_ACC)))
        for name, value in (("qpos", qpos), ("qvel", qvel), ("act", act)):
            lanes.batch.bind(name)[:] = value
        return lanes, lanes.run(lambda batch: batch.forward(self._well(batch)))

    def _of(self, use: str, model: mujoco.MjModel, count: int) -> _Lanes:
        """The batch of so many lanes, the least lately used of the others forgotten."""
        lanes = self._lanes.pop((use, count), None)
        if lanes is None:
            lanes = _Lanes(model, count, 1)
        elif lanes.wants_threads() and min(count, self._threads) > 1:
            lanes = _Lanes(model, count, min(count, self._threads))
        self._lanes[use, count] = lanes
        while len(self._lanes) > _KEPT_BATCHES:
            del self._lanes[next(iter(self._lanes))]
        return lanes
