"""Physics `warp`: MJX's Warp implementation, meant for NVIDIA GPUs; needs the extra `warp`.

Lives here: `WarpPhysics`, its state `WarpData`, the sizes of Warp's buffers, and what happens when one is
too small. Does not live here: models, resets by dm_control, observations, rewards.

It steps every task, the dog included. It computes in float32 only, and two equal runs on a GPU may differ:
its threads add up in the order in which they arrive. It runs on a CPU too, which is good for tests.
Its kernels compile when they are first called, tens of seconds for a task; Warp keeps them on disk.

Of MJX's functions only `step` and `forward` exist here, no part of them. So a control step is `step`s, then
a `forward` of the state that they lead to, of which the sensors of the position and velocity stage alone are
taken: as in dm_control, those of the acceleration stage stay the last step's. That `forward` leaves out
actuators and constraints, which no such sensor depends on.

Contacts of all lanes share one buffer of a fixed size. So all lanes are stepped by one call, however they are
vmapped, and the buffer grows with them; between two control steps nothing but `WarpData` is kept.
"""

import contextlib
import functools
import io
from collections.abc import Callable

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import warp  # the library: imports are absolute

with contextlib.redirect_stdout(io.StringIO()):
    from mujoco import mjx
    from mujoco.mjx.third_party.mujoco_warp import OverflowType

from divbench.envs.base import LARGEST_VALID, PytreeRecord, Reading, Start, float_dtype, record
from divbench.envs.mjx_tuning import internal, without_messages
from divbench.envs.models import TaskModel, without_actuation

warp.config.log_level = warp.LOG_WARNING  # it would tell standard output of every kernel that it loads

# What Warp reports in a lane's `overflow`. A solver that stops at its limit of iterations does so in C as well;
# all else means that a buffer was too small and that contacts or constraints were left out.
_LEFT_OUT = int(OverflowType.ALL) & ~int(OverflowType.ITERATIONS | OverflowType.LS_ITERATIONS)

# Places for contacts, and for pairs of geoms that come near one another, which share them: this many a lane, or
# as many as the model's pairs could ever fill.
CONTACTS_PER_LANE = 512
# Of those, how many may be a lane's real contacts at once. The most seen were 95, of a dog thrown about.
CONTACTS_AT_ONCE = 192


@record
class WarpData(PytreeRecord):
    """What one control step hands to the next: `qpos` `[nq]`, `qvel` `[nv]`, `act` `[na]`, and `qacc_warmstart`
    `[nv]`, the constraint solver's first guess."""

    qpos: jax.Array
    qvel: jax.Array
    act: jax.Array
    qacc_warmstart: jax.Array


class WarpPhysics:
    """MJX with `impl="warp"`; vmapped lanes of any nesting make one call.

    A lane whose buffers were too small is reported as gone bad: what it would continue with is not the model's
    motion. Warp cannot say whose contacts overflowed the buffer that lanes share, so then all of them are.

    Args:
      task_model: the model; not written to.
      substeps: simulation steps of one control step.
    """

    name = "warp"

    def __init__(self, task_model: TaskModel, substeps: int) -> None:
        _refuse_x64()
        model = _without_autoreset(task_model.model)
        self._model = model
        self._still = without_actuation(model)
        self._seeing = without_actuation(model)  # what the sensors of position and velocity need
        self._seeing.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
        self._initial_warmstart = task_model.initial_warmstart
        self._substeps = substeps
        self._contacts, self._rows = buffer_sizes(model)
        self._accelerations = np.zeros(model.nsensordata, bool)  # which numbers are of the acceleration stage
        for index in np.flatnonzero(model.sensor_needstage == mujoco.mjtStage.mjSTAGE_ACC):
            first = model.sensor_adr[index]
            self._accelerations[first : first + model.sensor_dim[index]] = True
        self._advance_lanes = _together(self._advance_many)
        self._place_lanes = _together(self._place_many)

    def begin(self, start: Start) -> WarpData:
        _refuse_x64()
        parts = (start.qpos, start.qvel, start.act, start.qacc_warmstart)
        return WarpData(*(jnp.asarray(part, jnp.float32) for part in parts))

    def place(self, qpos: jax.Array, qvel: jax.Array, act: jax.Array) -> tuple[WarpData, Reading]:
        _refuse_x64()
        warmstart = jnp.asarray(self._initial_warmstart, jnp.float32)
        return self._place_lanes(WarpData(qpos, qvel, act, warmstart))

    def advance(self, data: WarpData, ctrl: jax.Array) -> tuple[WarpData, Reading, jax.Array]:
        _refuse_x64()
        return self._advance_lanes(data, ctrl)

    def _place_many(self, data: WarpData) -> tuple[WarpData, Reading]:
        """As `place`, of all lanes: leaves `[lanes, ...]`. Sensors are NaN where a buffer was too small."""
        found = self._on_lanes(mjx.forward, self._still, data)
        sensors = jnp.where(self._left_out(found)[:, None], jnp.nan, found.sensordata)
        return data.replace(qacc_warmstart=found.qacc_warmstart), _reading(data, sensors)

    def _advance_many(self, data: WarpData, ctrl: jax.Array) -> tuple[WarpData, Reading, jax.Array]:
        """As `advance`, of all lanes: leaves `[lanes, ...]`."""

        def substep(_, carry):
            data, _, bad = carry
            found = self._on_lanes(mjx.step, self._model, data, ctrl)
            data = WarpData(found.qpos, found.qvel, found.act, found.qacc_warmstart)
            return data, found.sensordata, bad | self._left_out(found)

        lanes = ctrl.shape[0]
        sensors = jnp.zeros((lanes, self._model.nsensordata), jnp.float32)
        carry = data, sensors, jnp.zeros(lanes, bool)
        if self._substeps == 1:
            data, sensors, bad = substep(0, carry)
        else:
            data, sensors, bad = jax.lax.fori_loop(0, self._substeps, substep, carry)
        seen = self._on_lanes(mjx.forward, self._seeing, data).sensordata
        moving = jnp.concatenate([data.qpos, data.qvel, data.act], -1)
        bad |= ~jnp.all(jnp.abs(moving) <= LARGEST_VALID, -1)
        return data, _reading(data, jnp.where(self._accelerations, sensors, seen)), bad

    def _on_lanes(self, function: Callable, model: mujoco.MjModel, data: WarpData,
                  ctrl: jax.Array | None = None) -> "_Told":
        """`function(model, data)` of fresh simulations in the states `data`, controls 0 unless given."""
        lanes = data.qpos.shape[0]
        on_device, fresh = _on_device(model, lanes * self._contacts, self._rows)
        ctrl = jnp.zeros((lanes, model.nu), jnp.float32) if ctrl is None else ctrl

        def one(data: WarpData, ctrl: jax.Array) -> "_Told":
            moved = fresh.replace(
                qpos=data.qpos, qvel=data.qvel, act=data.act, qacc_warmstart=data.qacc_warmstart, ctrl=ctrl
            )
            return _told(function(on_device, moved))

        return jax.vmap(one)(data, ctrl)

    def _left_out(self, found: "_Told") -> jax.Array:
        """`[lanes]` whether a buffer was too small. `step` reports it, `forward` only counts what there was."""
        near_or_touching = jnp.maximum(found.pairs, found.contacts) > found.qpos.shape[0] * self._contacts
        return near_or_touching | (found.rows > self._rows) | ((found.overflow & _LEFT_OUT) != 0)


@record
class _Told(PytreeRecord):
    """What is read of an `mjx.Data` after a call: state, sensors, and `overflow`, `rows`, `contacts`, `pairs`: Warp's
    report, the number of constraint rows, and over all lanes that of contacts and of pairs of near geoms."""

    qpos: jax.Array
    qvel: jax.Array
    act: jax.Array
    qacc_warmstart: jax.Array
    sensordata: jax.Array
    overflow: jax.Array
    rows: jax.Array
    contacts: jax.Array
    pairs: jax.Array


def _told(data: mjx.Data) -> "_Told":
    reported = (internal(data, name).reshape(()) for name in ("overflow", "nefc", "nacon", "ncollision"))
    return _Told(data.qpos, data.qvel, data.act, data.qacc_warmstart, data.sensordata, *reported)


def buffer_sizes(model: mujoco.MjModel) -> tuple[int, int]:
    """Returns how many contacts (or near pairs of geoms) a lane adds to the buffer that lanes share, and how many
    constraint rows a lane has.

    No model can fill more than its pairs of geoms allow, at four contacts a pair; above that, `CONTACTS_PER_LANE`
    and `CONTACTS_AT_ONCE`. Rows are those of joints, tendons and equalities, all of them active, and those of
    `CONTACTS_AT_ONCE` contacts.
    """
    collides = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
    still = model.body_weldid[model.geom_bodyid] == 0
    moving, fixed = int((collides & ~still).sum()), int((collides & still).sum())
    possible = 4 * (moving * (moving - 1) // 2 + moving * fixed)
    dims = int(model.geom_condim[collides].max(initial=1))
    rows_each = dims if model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC or dims == 1 else 2 * (dims - 1)
    apart = 6 * model.neq + int((model.dof_frictionloss > 0).sum()) + int((model.tendon_frictionloss > 0).sum())
    apart += 2 * (int((model.jnt_limited != 0).sum()) + int((model.tendon_limited != 0).sum()))
    rows = apart + rows_each * min(possible, CONTACTS_AT_ONCE)
    return max(1, min(possible, CONTACTS_PER_LANE)), max(1, rows)


def _together(function: Callable) -> Callable:
    """`function` of one lane, made of `function` of many (leaves `[lanes, ...]`). vmapped, also more than once, it
    is called once, with all lanes."""

    @jax.custom_batching.custom_vmap
    def many(*args):
        return function(*args)

    @many.def_vmap
    def _(size, batched, *args):
        def joined(leaf, is_batched):
            leaf = leaf if is_batched else jnp.broadcast_to(leaf, (size, *leaf.shape))
            return leaf.reshape(size * leaf.shape[1], *leaf.shape[2:])

        found = many(*jax.tree.map(joined, args, tuple(batched)))
        found = jax.tree.map(lambda leaf: leaf.reshape(size, leaf.shape[0] // size, *leaf.shape[1:]), found)
        return found, jax.tree.map(lambda _: True, found)

    def one(*args):
        found = many(*jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], args))
        return jax.tree.map(lambda leaf: leaf[0], found)

    return one


def _reading(data: WarpData, sensordata: jax.Array) -> Reading:
    return Reading(data.qpos, data.qvel, data.act, sensordata)


def _without_autoreset(model: mujoco.MjModel) -> mujoco.MjModel:
    """A copy without the flag that forbids C to reset a diverged state: Warp never does, and refuses the flag."""
    copy = model.__copy__()
    copy.opt.disableflags &= ~int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
    return copy


def _refuse_x64() -> None:
    if float_dtype() == np.float64:
        raise ValueError("physics 'warp' computes in float32 only; turn x64 off, or choose mjx or host")


@functools.lru_cache(maxsize=64)
def _on_device(model: mujoco.MjModel, contacts: int, rows: int) -> tuple[mjx.Model, mjx.Data]:
    """The model, and a fresh simulation with buffers for `contacts` in all lanes and `rows` in each."""
    with jax.ensure_compile_time_eval(), contextlib.redirect_stdout(io.StringIO()):
        # Overflows are read from the data; nothing is to be printed from within a kernel.
        put = without_messages(mjx.put_model(model, impl="warp"))
        return put, mjx.make_data(model, impl="warp", naconmax=contacts, njmax=rows)
