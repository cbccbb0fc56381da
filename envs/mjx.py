"""Physics `mjx`: MuJoCo's JAX implementation, wholly on the device.

Lives here: `MjxPhysics`, which makes a control step of MJX's public functions in dm_control's order.
Does not live here: models, resets by dm_control, observations, rewards.

MJX's own `step` leaves positions and sensors one simulation step behind; dm_control finishes a
step with the position and velocity stage of the next, and so does this module, at no extra cost.
Matrix products always run at the highest precision: TF32 would change contact dynamics.
"""

import contextlib
import functools
import io

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

with contextlib.redirect_stdout(io.StringIO()):  # it prints that the optional warp is not installed
    from mujoco import mjx

from divbench.envs.base import LARGEST_VALID, Reading, Start, float_dtype
from divbench.envs.mjx_tuning import internal, tuned
from divbench.envs.models import TaskModel

_INTEGRATORS = {
    mujoco.mjtIntegrator.mjINT_EULER: mjx.euler,
    mujoco.mjtIntegrator.mjINT_RK4: mjx.rungekutta4,
    mujoco.mjtIntegrator.mjINT_IMPLICITFAST: mjx.implicit,
}


def _first_half(model: mjx.Model, data: mjx.Data) -> mjx.Data:
    """MuJoCo's `mj_step1`: all that depends on position and velocity alone."""
    data = mjx.sensor_pos(model, mjx.fwd_position(model, data))
    return mjx.sensor_vel(model, mjx.fwd_velocity(model, data))


def _accelerate(model: mjx.Model, data: mjx.Data) -> mjx.Data:
    """Accelerations, constraint forces and the sensors of them, from forces already set."""
    data = mjx.fwd_acceleration(model, data)
    if internal(data, "efc_J").size == 0:
        data = data.replace(qacc=data.qacc_smooth)
    else:
        data = mjx.solve(model, data)
    return mjx.sensor_acc(model, data)


class MjxPhysics:
    """MJX with `impl="jax"`. The data is an `mjx.Data` on which the first half-step has been done.

    Args:
      task_model: the model; not written to.
      substeps: simulation steps of one control step.
    """

    name = "mjx"

    def __init__(self, task_model: TaskModel, substeps: int) -> None:
        self._task_model = task_model
        self._substeps = substeps
        self._integrate = _INTEGRATORS[task_model.model.opt.integrator]

    def begin(self, start: Start) -> mjx.Data:
        dtype = float_dtype()
        with jax.default_matmul_precision("highest"), tuned():
            model, data = _on_device(self._task_model.model, dtype)
            data = data.replace(
                qpos=jnp.asarray(start.qpos, dtype),
                qvel=jnp.asarray(start.qvel, dtype),
                act=jnp.asarray(start.act, dtype),
                qacc_warmstart=jnp.asarray(start.qacc_warmstart, dtype),
            )
            return _first_half(model, data).replace(sensordata=jnp.asarray(start.sensordata, dtype))

    def place(self, qpos: jax.Array, qvel: jax.Array, act: jax.Array) -> tuple[mjx.Data, Reading]:
        dtype = float_dtype()
        with jax.default_matmul_precision("highest"), tuned():
            model, data = _on_device(self._task_model.model, dtype)
            data = data.replace(
                qpos=qpos,
                qvel=qvel,
                act=act,
                qacc_warmstart=jnp.asarray(self._task_model.initial_warmstart, dtype),
            )
            # Actuators off: their forces stay at the zero of a fresh simulation.
            data = _accelerate(model, _first_half(model, data))
        return data, _reading(data)

    def advance(self, data: mjx.Data, ctrl: jax.Array) -> tuple[mjx.Data, Reading, jax.Array]:
        with jax.default_matmul_precision("highest"), tuned():
            model, _ = _on_device(self._task_model.model, float_dtype())
            data = data.replace(ctrl=ctrl)

            def substep(_, data):
                data = _accelerate(model, mjx.fwd_actuation(model, data))
                return _first_half(model, self._integrate(model, data))

            if self._substeps == 1:
                data = substep(0, data)
            else:
                data = jax.lax.fori_loop(0, self._substeps, substep, data)
        moving = jnp.concatenate([data.qpos, data.qvel, data.act])
        return data, _reading(data), ~jnp.all(jnp.abs(moving) <= LARGEST_VALID)


def _reading(data: mjx.Data) -> Reading:
    return Reading(data.qpos, data.qvel, data.act, data.sensordata)


@functools.lru_cache(maxsize=32)
def _on_device(model: mujoco.MjModel, dtype: np.dtype) -> tuple[mjx.Model, mjx.Data]:
    """The model and a fresh simulation as JAX arrays; `dtype` keeps x64's apart in the cache."""
    with jax.ensure_compile_time_eval():
        return mjx.put_model(model, impl="jax"), mjx.make_data(model, impl="jax")
