"""Physics `mjx` for gymnasium's tasks: MuJoCo's JAX implementation, stepped as gymnasium steps it.

Lives here: `GymMjxPhysics`. Does not live here: MJX's settings (`envs.mjx`), what is read of a simulation (`fields`).

A simulation step is MJX's own: forward dynamics, then the integrator, which with Runge-Kutta leaves all that is no
state at its last trial point, as C does. The solver PGS, which MJX does not have, is exchanged for Newton's; both seek
the same forces, and the table of parity says how nearly they find them.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mujoco

from divbench.envs.base import LARGEST_VALID, Reading, Start, TaskDefinition, float_dtype
from divbench.envs.gymtasks.fields import all_values, values
from divbench.envs.mjx import MjxPhysics, _on_device, mjx
from divbench.envs.mjx_tuning import internal, tuned
from divbench.envs.models import TaskModel


class GymMjxPhysics(MjxPhysics):
    """MJX with `impl="jax"`. The data is an `mjx.Data` as a simulation step leaves it.

    Args:
      task_model: the model; not written to.
      substeps: simulation steps of one control step.
      definition: which fields are read.
    """

    def __init__(self, task_model: TaskModel, substeps: int, definition: TaskDefinition) -> None:
        super().__init__(_with_a_solver_of_mjx(task_model), substeps)
        self._definition = definition
        self._position = task_model.sensors["position"]
        self._forces = any(field.source == "cfrc_ext" for field in definition.reads)

    def begin(self, start: Start) -> mjx.Data:
        dtype = float_dtype()
        _, data = _on_device(self._task_model.model, dtype)
        data = data.replace(
            qpos=jnp.asarray(start.qpos, dtype),
            qvel=jnp.asarray(start.qvel, dtype),
            act=jnp.asarray(start.act, dtype),
            qacc_warmstart=jnp.asarray(start.qacc_warmstart, dtype),
        )
        # The first step asks by how much this moves. All else is computed anew.
        moves = self._definition.moving
        if moves.source == "qpos":
            return data
        whole = getattr(data, moves.source)
        rows = jnp.asarray(start.sensordata[self._position], dtype).reshape(-1, whole.shape[1])
        return data.replace(**{moves.source: whole.at[moves.first : moves.last].set(rows)})

    def place(self, qpos: jax.Array, qvel: jax.Array, act: jax.Array) -> tuple[mjx.Data, Reading]:
        with jax.default_matmul_precision("highest"), tuned():
            model, data = _on_device(self._task_model.model, float_dtype())
            # A fresh simulation, which has not been asked for contact forces and shows zero.
            data = mjx.forward(model, data.replace(qpos=qpos, qvel=qvel, act=act))
            # MJX has made unit quaternions of those given. C leaves them to the first step, and gymnasium shows them.
            data = data.replace(qpos=qpos)
        return data, self._seen(data, data)

    def advance(self, data: mjx.Data, ctrl: jax.Array) -> tuple[mjx.Data, Reading, jax.Array]:
        before = data
        with jax.default_matmul_precision("highest"), tuned():
            model, _ = _on_device(self._task_model.model, float_dtype())

            def substep(_, data):
                moved = self._integrate(model, mjx.forward(model, data))
                # Under x64 MJX makes int64 of some int32, and a loop wants what it had.
                return jax.tree.map(lambda new, old: new.astype(old.dtype), moved, data)

            data = jax.lax.fori_loop(0, self._substeps, substep, data.replace(ctrl=ctrl))
            if self._forces:
                data = mjx.rne_postconstraint(model, data)
        moving = jnp.concatenate([data.qpos, data.qvel, data.act])
        return data, self._seen(before, data), ~jnp.all(jnp.abs(moving) <= LARGEST_VALID)

    def _seen(self, before: mjx.Data, data: mjx.Data) -> Reading:
        moves = self._definition.moving
        displacement = values(moves, _reader(data)) - values(moves, _reader(before))
        parts = all_values(self._definition, _reader(data), displacement)
        return Reading(data.qpos, data.qvel, data.act, jnp.concatenate(parts))


def _reader(data: mjx.Data) -> Callable[[str], Any]:
    """MJX keeps some of C's fields among those of its implementation."""
    return functools.partial(internal, data)


def _with_a_solver_of_mjx(task_model: TaskModel) -> TaskModel:
    if task_model.model.opt.solver != mujoco.mjtSolver.mjSOL_PGS:
        return task_model
    model = task_model.model.__copy__()
    model.opt.solver = mujoco.mjtSolver.mjSOL_NEWTON
    return dataclasses.replace(task_model, model=model)
