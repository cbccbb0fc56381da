"""dm_control's and gymnasium's models, with the edits of `edits` carried out.

Lives here: loading a task's MJCF from the installed files of the one or the other, editing it, and where each named
sensor lies in `sensordata`. Does not live here: stepping, observations, rewards.

dm_control's suite is not imported to read a model, only its files are; but for swimmer, whose links
its code adds.
"""

import functools
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from divbench.envs.base import definition_of
from divbench.envs.edits import (
    EDITS,
    AddSensor,
    ClearEnable,
    Disable,
    Drop,
    DropSensorsExcept,
    NoCollisions,
    SetDamping,
    SetRadius,
    SetSize,
    edits_of,
)
from divbench.envs.gymtasks.fields import layout
from divbench.envs.names import task_info


@dataclass(frozen=True)
class TaskModel:
    """A compiled model. Shared between threads: never write to it, copy it.

    Attributes:
      model: the compiled model.
      sensors: where each sensor lies in `sensordata`, by name; of gymnasium's tasks, each field that they read.
      initial_warmstart: `[nv]` accelerations at the model's default pose without actuation, which
        are the solver's first guess wherever dm_control puts a state.
    """

    model: mujoco.MjModel
    sensors: dict[str, slice]
    initial_warmstart: np.ndarray


def _edit_spec(spec: mujoco.MjSpec, edit: Callable[..., object]) -> None:
    match edit:
        case AddSensor():
            spec.add_sensor(
                name=edit.name,
                type=getattr(mujoco.mjtSensor, f"mjSENS_{edit.kind}"),
                objtype=getattr(mujoco.mjtObj, f"mjOBJ_{edit.object_kind}"),
                objname=edit.object_name,
            )
        case DropSensorsExcept():
            for sensor in list(spec.sensors):
                if sensor.name not in edit.kept:
                    spec.delete(sensor)
        case Drop(kind="texture"):
            for material in spec.materials:
                material.textures = [""] * len(material.textures)
            for texture in list(spec.textures):
                spec.delete(texture)
        case Drop():
            for name in edit.names:
                spec.delete(getattr(spec, edit.kind)(name))
        case SetSize():
            spec.geom(edit.geom).size = edit.size


def _edit_model(model: mujoco.MjModel, edit: Callable[..., object]) -> None:
    match edit:
        case SetRadius():
            model.geom_size[model.geom(edit.geom).id, 0] = edit.radius
        case SetDamping():
            model.dof_damping[model.joint(edit.joint).dofadr] = edit.damping
        case Disable():
            model.opt.disableflags |= getattr(mujoco.mjtDisableBit, f"mjDSBL_{edit.flag}")
        case NoCollisions():
            model.geom_contype[:] = model.geom_conaffinity[:] = 0
        case ClearEnable():
            model.opt.enableflags &= ~int(getattr(mujoco.mjtEnableBit, f"mjENBL_{edit.flag}"))


def without_actuation(model: mujoco.MjModel) -> mujoco.MjModel:
    """Returns a copy of `model` whose actuators are off: how dm_control looks at a fresh state."""
    copy = model.__copy__()
    copy.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ACTUATION
    return copy


def _read(domain: str) -> mujoco.MjSpec:
    """dm_control's own description of a domain's model."""
    found = importlib.util.find_spec("dm_control")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("dm_control is not installed; its MJCF files are the models")
    if domain == "swimmer":  # its file is but a head; dm_control's code adds the links
        from dm_control.suite import swimmer

        text, assets = swimmer.get_model_and_assets(6)
        included = {name.removeprefix("./"): content for name, content in assets.items()}
        return mujoco.MjSpec.from_string(text.decode(), include=included)
    path = Path(found.submodule_search_locations[0]) / "suite" / f"{domain}.xml"
    if not path.is_file():
        raise FileNotFoundError(f"dm_control has no model at {path}")
    return mujoco.MjSpec.from_file(str(path))


# The one file that is not called as its task.
_GYMNASIUM_FILES = {"halfcheetah": "half_cheetah.xml"}


def _read_gymnasium(task: str) -> mujoco.MjSpec:
    """gymnasium's own description of a task's model. Its files are read, its environments are not imported."""
    found = importlib.util.find_spec("gymnasium")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("gymnasium is not installed; its MJCF files are the models of its tasks")
    folder = Path(found.submodule_search_locations[0]) / "envs" / "mujoco" / "assets"
    path = folder / _GYMNASIUM_FILES.get(task, f"{task}.xml")
    if not path.is_file():
        raise FileNotFoundError(f"gymnasium has no model at {path}")
    return mujoco.MjSpec.from_file(str(path))


def original_model(task: str) -> mujoco.MjModel:
    """Returns gymnasium's own model of a task of its own, textures included.

    Raises:
      FileNotFoundError: gymnasium is not installed, or without its models.
    """
    return _compile(_read_gymnasium(task))


def _compile(spec: mujoco.MjSpec) -> mujoco.MjModel:
    with warnings.catch_warnings():
        # The cheetahs set their total mass in a way that MuJoCo means to retire.
        warnings.filterwarnings("ignore", message=".*settotalmass.*")
        return spec.compile()


@functools.cache
def load_model(task: str) -> TaskModel:
    """Returns the model of `task`, edited as `EDITS` says; gymnasium's get the edits that all do. Cached; compiling
    takes about 10 ms.

    Raises:
      FileNotFoundError: dm_control, or gymnasium for a task of its own, is not installed, or without its models.
      ValueError: no such task.
    """
    info = task_info(task)
    edits = EDITS["*"] if info.gymnasium_id else edits_of(task)
    spec = _read_gymnasium(task) if info.gymnasium_id else _read(info.domain)
    for edit in edits:
        _edit_spec(spec, edit)
    model = _compile(spec)
    for edit in edits:
        _edit_model(model, edit)

    sensors = layout(definition_of(task), model) if info.gymnasium_id else {}
    for index in range(model.nsensor):
        start = int(model.sensor_adr[index])
        sensors[model.sensor(index).name] = slice(start, start + int(model.sensor_dim[index]))

    still = without_actuation(model)
    data = mujoco.MjData(still)
    mujoco.mj_forward(still, data)
    return TaskModel(model, sensors, data.qacc_warmstart.copy())
