"""Pictures of a task: its state, drawn by MuJoCo in dm_control's or gymnasium's own model.

Lives here: `Renderer`, `positions`, `frame_stride`, and which camera shows a domain best. Does not live here: files
(`video`), finding an OpenGL (`gl`), playing episodes.

The model is the original, not that of `models.load_model`, which has lost its textures; what dm_control's reset changes
in it is changed here too. Positions mean the same in both.
"""

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np

from divbench.envs import host
from divbench.envs.base import TaskEnvironment
from divbench.envs.gl import make_context
from divbench.envs.models import load_model, original_model
from divbench.envs.names import check_name, task_info
from divbench.envs.suite import load_suite, put_target

SIZE = (320, 240)  # pixels, width and height
FRAME_SECONDS = 0.03  # shortest time that a frame is shown
CAMERAS = {"humanoid": "side", "quadruped": "y"}  # by domain, where the model's first camera shows less
_FONT = mujoco.mjtFontScale.mjFONTSCALE_100


class Renderer:
    """Draws states of one task. Holds an OpenGL context, of use on the thread that made it: close it, or use `with`.

    Attributes:
      task: the task's name.
      width, height: of a frame, in pixels.
      cameras: the names of the model's cameras.

    Args:
      task: an entry of `names.MODELLED`.
      width, height: in pixels.
      camera: one of the model's cameras; by default the one that shows the domain best.

    Raises:
      ValueError: no such task or camera, in one line.
      gl.NoOpenGL: nothing on this machine can draw.
    """

    def __init__(self, task: str, width: int = SIZE[0], height: int = SIZE[1], camera: str | None = None) -> None:
        self._gl: Any = None
        self.task, self.width, self.height = task, width, height
        if task_info(task).gymnasium_id:
            self._model = original_model(task)
        else:
            self._environment = load_suite(task)  # to be kept: the model is freed with it
            self._environment.reset()  # the task's changes of the model
            self._model = self._environment.physics.model.ptr
        self._data = mujoco.MjData(self._model)
        self.cameras = tuple(self._model.camera(index).name for index in range(self._model.ncam))
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self.look_from(camera or CAMERAS.get(task_info(task).domain, self.cameras[0]))
        self._option = mujoco.MjvOption()
        self._option.flags[mujoco.mjtVisFlag.mjVIS_RANGEFINDER] = False  # dm_control shows none either
        self._scene = mujoco.MjvScene(self._model, maxgeom=10_000)
        self._model.vis.global_.offwidth, self._model.vis.global_.offheight = width, height
        self._gl = make_context(width, height)
        self._gl.make_current()
        self._context = mujoco.MjrContext(self._model, _FONT)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)

    def look_from(self, camera: str) -> None:
        """Changes the camera; a ValueError in one line if the model has none of that name."""
        check_name("camera", camera, self.cameras)
        self._camera.fixedcamid = self._model.camera(camera).id

    def frame(self, qpos: np.ndarray, target: Sequence[float] | np.ndarray = ()) -> np.ndarray:
        """Draws one state.

        Args:
          qpos: `[nq]` positions. target: `[target_size]`; where empty, it stays where it was.

        Returns:
          `[height, width, 3]` uint8, red, green and blue, the top row first.
        """
        if np.shape(qpos) != (self._model.nq,):
            raise ValueError(f"{self.task}: qpos must have shape ({self._model.nq},), got {np.shape(qpos)}")
        if len(target):
            put_target(self._model, np.asarray(target))
        self._data.qpos[:] = qpos
        mujoco.mj_fwdPosition(self._model, self._data)
        self._gl.make_current()
        mujoco.mjv_updateScene(
            self._model, self._data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        where = mujoco.MjrRect(0, 0, self.width, self.height)
        picture = np.empty((self.height, self.width, 3), np.uint8)
        mujoco.mjr_render(where, self._scene, self._context)
        mujoco.mjr_readPixels(picture, None, where, self._context)
        return np.flipud(picture)

    def frames(self, qpos: np.ndarray, target: Sequence[float] = ()) -> list[np.ndarray]:
        """Draws a trajectory, `qpos` `[T, nq]`: one frame for each state, as `frame` does."""
        return [self.frame(one, target) for one in qpos]

    def close(self) -> None:
        """Frees what OpenGL holds; the renderer is of no use afterwards."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def __enter__(self) -> "Renderer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def positions(environment: TaskEnvironment, data: Any) -> np.ndarray:
    """The positions `[..., nq]` float64 in a state's `data`, of any physics, any leading axes."""
    if environment.physics != "host":
        return np.asarray(data.qpos, np.float64)
    return host.positions(data.bits, load_model(environment.name).model.nq)


def frame_stride(control_timestep: float) -> int:
    """How many control steps of that many seconds pass from one frame to the next of a film in real time."""
    return max(1, int(np.ceil(FRAME_SECONDS / control_timestep - 1e-6)))
