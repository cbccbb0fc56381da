"""Which OpenGL can draw on this machine, and contexts of it.

Lives here: `find_backend`, `make_context`, `NoOpenGL`. Does not live here: scenes and frames (`render`). Imports
no MuJoCo, so that it can be asked before MuJoCo is loaded.

MuJoCo and dm_control choose theirs once, by MUJOCO_GL, when they are imported; `divbench.envs` makes that choice
`disable`, because training draws nothing. So the contexts here are made directly, and a choice of `disable` does
not forbid them.
"""

import functools
import importlib
import os
import platform
import subprocess
import sys
from typing import Any

BACKENDS: tuple[str, ...] = {"Darwin": ("cgl", "glfw"), "Windows": ("glfw",)}.get(
    platform.system(), ("egl", "osmesa", "glfw")
)
# What MUJOCO_GL may say without naming a backend.
_NO_WISH = ("", "disable", "disabled", "off", "false", "0", "enable", "enabled", "on", "true", "1")
_INSTALL = "on Debian or Ubuntu 'apt install libosmesa6' or 'apt install libegl1 libgl1-mesa-dri' provides one"
_PROBE = """
import importlib, os, mujoco
context = importlib.import_module("mujoco.{}").GLContext(16, 16)
context.make_current()
mujoco.MjrContext(mujoco.MjModel.from_xml_string("<mujoco/>"), 100)
os._exit(0)
"""
_PROBE_SECONDS = 60


class NoOpenGL(RuntimeError):
    """Nothing here can draw; one line with what was tried and what to install."""


def find_backend() -> str:
    """Returns the first backend that works: the one that MUJOCO_GL names, else the first of `BACKENDS`.

    Each is tried in a process of its own, about a second: what PyOpenGL has loaded once, stays.

    Raises:
      NoOpenGL: none works.
    """
    return _find(os.environ.get("MUJOCO_GL", "").lower().strip())


@functools.cache
def _find(wish: str) -> str:
    if wish not in (*_NO_WISH, *BACKENDS):
        raise NoOpenGL(f"MUJOCO_GL: expected one of {', '.join(BACKENDS)}, found '{wish}'")
    tried = (wish,) if wish in BACKENDS else BACKENDS
    for backend in tried:
        if _works(backend):
            return backend
    asked = " (asked for by MUJOCO_GL)" if wish in BACKENDS else ""
    raise NoOpenGL(f"no OpenGL works here: tried {', '.join(tried)}{asked}; {_INSTALL}")


def _works(backend: str) -> bool:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE.format(backend)],
            env=os.environ | {"MUJOCO_GL": "disable"},
            capture_output=True,
            timeout=_PROBE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def make_context(width: int, height: int) -> Any:
    """Returns a context of at least that size in pixels, with `make_current()` and `free()`.

    Raises:
      NoOpenGL: no backend works.
    """
    return importlib.import_module(f"mujoco.{find_backend()}").GLContext(width, height)
