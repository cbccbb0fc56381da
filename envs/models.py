"""dm_control's models, and every edit made to them.

Lives here: loading a task's MJCF from dm_control's installed files, the table of edits, and where
each named sensor lies in `sensordata`. Does not live here: stepping, observations, rewards.

dm_control's suite is not imported to read a model, only its files are; but for swimmer, whose links
its code adds.
"""

import functools
import importlib.util
import warnings
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from divbench.envs.names import task_info


@dataclass(frozen=True)
class AddSensor:
    """Adds a sensor, so that every physics delivers the quantity under the same name."""

    name: str
    kind: str  # mjtSensor, without mjSENS_
    object_kind: str  # mjtObj, without mjOBJ_; XBODY is a body's frame, BODY its centre of mass
    object_name: str


@dataclass(frozen=True)
class Drop:
    """Deletes elements of one kind: those named, or, where no name is given, all of them."""

    kind: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class DropSensorsExcept:
    """Deletes every sensor that no observation or reward reads."""

    kept: tuple[str, ...]


@dataclass(frozen=True)
class SetSize:
    """Sets a geom's size, metres."""

    geom: str
    size: tuple[float, ...]


@dataclass(frozen=True)
class SetRadius:
    """Sets a geom's first size in the compiled model, metres, as dm_control's task does."""

    geom: str
    radius: float


@dataclass(frozen=True)
class SetDamping:
    """Sets a joint's damping in the compiled model, N m s / rad, as dm_control's task does."""

    joint: str
    damping: float


@dataclass(frozen=True)
class Disable:
    """Sets one of MuJoCo's disable flags."""

    flag: str


@dataclass(frozen=True)
class ClearEnable:
    """Clears one of MuJoCo's enable flags."""

    flag: str


@dataclass(frozen=True)
class NoCollisions:
    """Lets no two geoms collide, in a model where contacts or all constraints are disabled anyway:
    MJX refuses pairs of shapes that it has no collision function for, whether they count or not."""


_WALKER_BODIES = (
    "torso",
    "right_thigh",
    "right_leg",
    "right_foot",
    "left_thigh",
    "left_leg",
    "left_foot",
)

_QUADRUPED_FORCES = tuple(
    f"{kind}_toe_{leg}"
    for kind in ("force", "torque")
    for leg in ("front_left", "front_right", "back_right", "back_left")
)

_HUMANOID_BODIES = ("torso", "head", "left_hand", "left_foot", "right_hand", "right_foot")

# Every edit of dm_control's files, by domain or by task; "*" holds for all. None changes a trajectory
# of the task as dm_control sets it up.
EDITS: dict[str, tuple] = {
    "*": (
        # Looks only: no renderer here, and a megabyte-sized texture is a constant of each program.
        Drop("texture"),
        # MuJoCo would silently put a diverged state back to a finite one.
        Disable("AUTORESET"),
    ),
    "cheetah": (DropSensorsExcept(("torso_subtreelinvel",)),),
    "walker": (
        DropSensorsExcept(("torso_subtreelinvel",)),
        AddSensor("torso_position", "FRAMEPOS", "XBODY", "torso"),
        *(AddSensor(f"{body}_x_axis", "FRAMEXAXIS", "XBODY", body) for body in _WALKER_BODIES),
        *(AddSensor(f"{body}_z_axis", "FRAMEZAXIS", "XBODY", body) for body in _WALKER_BODIES),
    ),
    "hopper": (
        DropSensorsExcept(("torso_subtreelinvel", "touch_toe", "touch_heel")),
        AddSensor("torso_center", "FRAMEPOS", "BODY", "torso"),
        AddSensor("foot_center", "FRAMEPOS", "BODY", "foot"),
    ),
    "finger": (
        DropSensorsExcept(
            (
                "proximal",
                "distal",
                "proximal_velocity",
                "distal_velocity",
                "hinge_velocity",
                "tip",
                "spinner",
                "touchtop",
                "touchbottom",
            )
        ),
    ),
    # dm_control's spin task does this at each reset.
    "finger-spin": (SetDamping("hinge", 0.03),),
    "quadruped": (
        # dm_control's make_model leaves these out for the run task, and sizes the floor.
        Drop("geom", ("wall_px", "wall_py", "wall_nx", "wall_ny", "terrain")),
        Drop("body", ("ball",)),
        Drop("site", ("target",)),
        # The terrain's height field, which nothing refers to once its geom is gone.
        Drop("hfield", ("terrain",)),
        DropSensorsExcept(("imu_accel", "imu_gyro", "velocimeter", *_QUADRUPED_FORCES)),
        AddSensor("torso_z_axis", "FRAMEZAXIS", "XBODY", "torso"),
    ),
    # The floor is as wide as a runner gets in an episode.
    "quadruped-run": (SetSize("floor", (100.0, 100.0, 0.5)),),
    "quadruped-walk": (SetSize("floor", (10.0, 10.0, 0.5)),),
    "acrobot": (
        # MJX does not compute energy, and nothing reads it.
        ClearEnable("ENERGY"),
        AddSensor("upper_arm_z_axis", "FRAMEZAXIS", "XBODY", "upper_arm"),
        AddSensor("lower_arm_z_axis", "FRAMEZAXIS", "XBODY", "lower_arm"),
        AddSensor("target_position", "FRAMEPOS", "SITE", "target"),
        AddSensor("tip_position", "FRAMEPOS", "SITE", "tip"),
    ),
    "pendulum": (
        ClearEnable("ENERGY"),
        AddSensor("pole_z_axis", "FRAMEZAXIS", "XBODY", "pole"),
    ),
    "reacher": (
        NoCollisions(),
        AddSensor("finger_position", "FRAMEPOS", "GEOM", "finger"),
    ),
    # dm_control's hard task does this at each reset.
    "reacher-hard": (SetRadius("target", 0.015),),
    "swimmer": (
        NoCollisions(),
        DropSensorsExcept(
            (
                "nose_pos",
                "head_xaxis",
                "head_yaxis",
                "head_vel",
                "head_gyro",
                *(f"{kind}_{index}" for index in range(5) for kind in ("velocimeter", "gyro")),
            )
        ),
    ),
    "fish": (
        NoCollisions(),
        DropSensorsExcept(()),
        AddSensor("torso_z_axis", "FRAMEZAXIS", "XBODY", "torso"),
        AddSensor("mouth_position", "FRAMEPOS", "GEOM", "mouth"),
        *(AddSensor(f"mouth_{axis}_axis", f"FRAME{axis.upper()}AXIS", "GEOM", "mouth") for axis in "xyz"),
    ),
    "humanoid": (
        DropSensorsExcept(("torso_subtreelinvel",)),
        *(AddSensor(f"{body}_position", "FRAMEPOS", "XBODY", body) for body in _HUMANOID_BODIES),
        *(AddSensor(f"torso_{axis}_axis", f"FRAME{axis.upper()}AXIS", "XBODY", "torso") for axis in "xyz"),
    ),
    "dog": (
        # dm_control's make_model leaves these out for all tasks but fetch, and sizes the floor.
        Drop("geom", ("wall_px", "wall_nx", "wall_py", "wall_ny", "target")),
        Drop("camera", ("ball", "head")),
        Drop("body", ("ball",)),
        DropSensorsExcept(
            (
                "accelerometer",
                "velocimeter",
                "gyro",
                "torso_linvel",
                *(f"{part}_{side}" for part in ("palm", "sole", "foot", "hand") for side in "LR"),
            )
        ),
        *(AddSensor(f"{body}_position", "FRAMEPOS", "XBODY", body) for body in ("torso", "pelvis")),
        *(
            AddSensor(f"{body}_{axis}_axis", f"FRAME{axis.upper()}AXIS", "XBODY", body)
            for body in ("skull", "torso", "pelvis")
            for axis in "xyz"
        ),
    ),
    "dog-stand": (SetSize("floor", (15.0, 15.0, 0.1)),),
    "dog-walk": (SetSize("floor", (15.0, 15.0, 0.1)),),
    "dog-trot": (SetSize("floor", (45.0, 45.0, 0.1)),),
    "dog-run": (SetSize("floor", (135.0, 135.0, 0.1)),),
}


def edits_of(task: str) -> tuple:
    """Returns the edits made to the model of `task`, in the order in which they are made."""
    return EDITS[task_info(task).domain] + EDITS.get(task, ()) + EDITS["*"]


@dataclass(frozen=True)
class TaskModel:
    """A compiled model. Shared between threads: never write to it, copy it.

    Attributes:
      model: the compiled model.
      sensors: where each sensor lies in `sensordata`, by name.
      initial_warmstart: `[nv]` accelerations at the model's default pose without actuation, which
        are the solver's first guess wherever dm_control puts a state.
    """

    model: mujoco.MjModel
    sensors: dict[str, slice]
    initial_warmstart: np.ndarray


def _edit_spec(spec: mujoco.MjSpec, edit) -> None:
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


def _edit_model(model: mujoco.MjModel, edit) -> None:
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


@functools.cache
def load_model(task: str) -> TaskModel:
    """Returns the model of `task`, edited as `EDITS` says. Cached; compiling takes about 10 ms.

    Raises:
      FileNotFoundError: dm_control is not installed, or without its models.
      ValueError: no such task.
    """
    edits = edits_of(task)
    spec = _read(task_info(task).domain)
    for edit in edits:
        _edit_spec(spec, edit)
    with warnings.catch_warnings():
        # dm_control's cheetah sets its total mass in a way that MuJoCo means to retire.
        warnings.filterwarnings("ignore", message=".*settotalmass.*")
        model = spec.compile()
    for edit in edits:
        _edit_model(model, edit)

    sensors = {}
    for index in range(model.nsensor):
        start = int(model.sensor_adr[index])
        sensors[model.sensor(index).name] = slice(start, start + int(model.sensor_dim[index]))

    still = without_actuation(model)
    data = mujoco.MjData(still)
    mujoco.mj_forward(still, data)
    return TaskModel(model, sensors, data.qacc_warmstart.copy())
