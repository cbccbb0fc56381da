"""Physics `host`: C MuJoCo, stepped through a callback from inside the compiled program.

Lives here: `HostPhysics`, its state `HostData`, and what a process must set for callbacks to be
safe. Does not live here: models, resets by dm_control, observations, rewards.

The state that crosses is MuJoCo's integration state (warm start included), its float64 numbers
viewed as pairs of uint32: exact whether or not x64 is on. No simulation lives between two calls,
so a step is a pure function. Callbacks use numpy only; a jax operation in one could deadlock.
"""

import collections
import concurrent.futures
import functools
import os
import time
from typing import Any

import jax
import mujoco
import numpy as np

from divbench.envs.base import LARGEST_VALID, Reading, Start, float_dtype, record
from divbench.envs.models import TaskModel, without_actuation

_INTEGRATION = int(mujoco.mjtState.mjSTATE_INTEGRATION)
_BAD = [int(getattr(mujoco.mjtWarning, f"mjWARN_{name}")) for name in ("BADQPOS", "BADQVEL", "BADQACC")]
# Threads pay only for lanes slow enough to spend their step outside Python's lock, and only where
# there is this much work in one call. Measured on two cores: cheetah lanes take 20 us, quadruped's 80.
_SLOW_LANE = 60e-6  # seconds
_WORTH_THREADS = 1e-3  # seconds
_TIMED_FIRST = 8  # calls on one thread before any is shared out; the first ones allocate


def prepare_process() -> None:
    """Turns off asynchronous dispatch on the CPU, under which callbacks are known to hang
    (jax issues 24255 and 25861). Takes effect if called before JAX first uses the CPU; importing
    this module calls it."""
    jax.config.update("jax_cpu_enable_async_dispatch", False)


prepare_process()


@record
class HostData:
    """`bits`: `[2 * n]` uint32 view of the float64 integration state."""

    bits: jax.Array


class _Scratch:
    """A simulation in use by one thread at a time, overwritten by each use, with views into it."""

    def __init__(self, model: mujoco.MjModel):
        self.data = mujoco.MjData(model)
        self.ctrl = self.data.ctrl
        self.warnings = self.data.warning.number
        self.read = (self.data.qpos, self.data.qvel, self.data.act, self.data.sensordata)

    def went_bad(self) -> bool:
        return any(self.warnings[index] for index in _BAD)


class HostPhysics:
    """C MuJoCo behind `jax.pure_callback`; vmapped lanes of any nesting make one call.

    Args:
      task_model: the model; not written to.
      substeps: simulation steps of one control step.
    """

    name = "host"

    def __init__(self, task_model: TaskModel, substeps: int):
        self._model = task_model.model
        self._still = without_actuation(task_model.model)
        self._substeps = substeps
        # A free list and no thread-local storage: XLA's threads have a Python thread state only
        # while a callback runs, and Python 3.11 crashes when such a state takes locals with it.
        self._free: collections.deque[_Scratch] = collections.deque()
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None
        self._workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._seconds_per_lane = float("inf")  # the quickest seen, of runs on one thread
        self._timed_calls = 0
        model = self._model
        # Runge-Kutta cannot be split into halves; dm_control then takes whole steps too.
        self._split = model.opt.integrator != mujoco.mjtIntegrator.mjINT_RK4
        self._size = mujoco.mj_stateSize(model, _INTEGRATION)
        self._widths = (model.nq, model.nv, model.na, model.nsensordata)
        # Time comes first in the integration state, then positions, velocities and activations.
        self._moving = slice(1, 1 + model.nq + model.nv + model.na)

    def begin(self, start: Start) -> HostData:
        return HostData(start.bits)

    def place(self, qpos, qvel, act) -> tuple[HostData, Reading]:
        bits, values, _ = self._call(self._place, qpos, qvel, act)
        return HostData(bits), self._reading(values)

    def advance(self, data: HostData, ctrl) -> tuple[HostData, Reading, jax.Array]:
        bits, values, bad = self._call(self._advance, data.bits, ctrl)
        return HostData(bits), self._reading(values), bad

    def _call(self, function, *args) -> Any:
        dtype = float_dtype()
        shapes = (
            jax.ShapeDtypeStruct((2 * self._size,), np.uint32),
            jax.ShapeDtypeStruct((sum(self._widths),), dtype),
            jax.ShapeDtypeStruct((), np.bool_),
        )
        callback = functools.partial(self._over_lanes, function, np.dtype(dtype))
        return jax.pure_callback(callback, shapes, *args, vmap_method="broadcast_all")

    def _reading(self, values: jax.Array) -> Reading:
        ends = np.cumsum(self._widths)
        return Reading(*(values[end - width : end] for end, width in zip(ends, self._widths, strict=True)))

    def _over_lanes(self, function, dtype, *args):
        """Runs `function(scratch, lane's args, state out, values out) -> bad` for every lane."""
        args = [np.asarray(arg) for arg in args]
        lead = args[0].shape[:-1]
        count = int(np.prod(lead, dtype=int))
        args = [np.ascontiguousarray(arg.reshape(count, arg.shape[-1])) for arg in args]
        states = np.empty((count, self._size))
        values = np.empty((count, sum(self._widths)), dtype)
        bad = np.zeros(count, np.bool_)

        def run(first: int, last: int) -> None:
            try:
                scratch = self._free.pop()
            except IndexError:
                scratch = _Scratch(self._model)
            for lane in range(first, last):
                try:
                    bad[lane] = function(scratch, *(arg[lane] for arg in args), states[lane], values[lane])
                except mujoco.FatalError:
                    states[lane] = np.nan
                    values[lane] = np.nan
                    bad[lane] = True
            self._free.append(scratch)

        lane = self._seconds_per_lane if self._timed_calls >= _TIMED_FIRST else 0.0
        if self._workers > 1 and lane > _SLOW_LANE and count * lane > _WORTH_THREADS:
            cuts = np.linspace(0, count, min(count, self._workers) + 1).astype(int)
            list(self._threads().map(run, cuts[:-1], cuts[1:]))
        else:
            began = time.perf_counter()
            run(0, count)
            # Decides only whether threads are used; no result depends on it.
            if count:
                taken = (time.perf_counter() - began) / count
                self._seconds_per_lane = min(self._seconds_per_lane, taken)
                self._timed_calls += 1

        moving = states[:, self._moving]
        bad |= ~(np.isfinite(moving) & (np.abs(moving) <= LARGEST_VALID)).all(-1)
        return (
            states.view(np.uint32).reshape(*lead, 2 * self._size),
            values.reshape(*lead, values.shape[-1]),
            bad.reshape(lead),
        )

    def _advance(self, scratch: _Scratch, bits, ctrl, state_out, values_out) -> bool:
        model, data = self._model, scratch.data
        state = bits.view(np.float64)
        moving = state[self._moving]
        if not (np.abs(moving) <= LARGEST_VALID).all():  # false for NaN too
            state_out[:] = state
            values_out[:] = np.nan
            return True
        scratch.warnings[:] = 0
        mujoco.mj_setState(model, data, state, _INTEGRATION)
        if self._split:
            mujoco.mj_step1(model, data)
        scratch.ctrl[:] = ctrl
        if self._split:
            mujoco.mj_step2(model, data)
        else:
            mujoco.mj_step(model, data)
        for _ in range(self._substeps - 1):
            if scratch.went_bad():
                break
            mujoco.mj_step(model, data)
        bad = scratch.went_bad()
        if not bad:
            mujoco.mj_step1(model, data)
            bad = scratch.went_bad()
        self._write(model, scratch, state_out, values_out)
        return bad

    def _place(self, scratch: _Scratch, qpos, qvel, act, state_out, values_out) -> bool:
        model, data = self._still, scratch.data
        mujoco.mj_resetData(model, data)
        # dm_control looks at the default pose first, which leaves the solver its warm start.
        mujoco.mj_forward(model, data)
        data.qpos[:], data.qvel[:] = qpos, qvel
        if model.na:
            data.act[:] = act
        bad = not all((np.abs(part) <= LARGEST_VALID).all() for part in (qpos, qvel, act))
        if not bad:
            mujoco.mj_forward(model, data)
        self._write(model, scratch, state_out, values_out)
        return bad

    def _write(self, model, scratch: _Scratch, state_out, values_out) -> None:
        mujoco.mj_getState(model, scratch.data, state_out, _INTEGRATION)
        np.concatenate(scratch.read, out=values_out, casting="same_kind")

    def _threads(self) -> concurrent.futures.ThreadPoolExecutor:
        if self._pool is None:
            self._pool = concurrent.futures.ThreadPoolExecutor(self._workers, "divbench-host")
        return self._pool
