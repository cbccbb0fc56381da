"""Every edit made to dm_control's models, in one table.

Lives here: the kinds of edits, `EDITS`, and which of them a task gets. Does not live here: how they are carried out
(`models`).
"""

from dataclasses import dataclass

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
