"""Finding an OpenGL: whose wish counts, what is tried in which order, and what is said when nothing works."""

import functools

import pytest

from divbench.envs import gl


@pytest.fixture
def working(monkeypatch):
    """`working("osmesa")` makes that backend the only one that works; it returns the list of those tried."""
    tried = []

    def only(*names):
        monkeypatch.setattr(gl, "BACKENDS", ("egl", "osmesa", "glfw"))
        monkeypatch.setattr(gl, "_find", functools.cache(gl._find.__wrapped__))
        monkeypatch.setattr(gl, "_works", lambda backend: tried.append(backend) or backend in names)
        return tried

    return only


@pytest.mark.parametrize("wish", ["", "disable", "off", "1"])
def test_the_first_that_works_is_taken_and_remembered(working, monkeypatch, wish):
    monkeypatch.setenv("MUJOCO_GL", wish)
    tried = working("osmesa", "glfw")
    assert gl.find_backend() == gl.find_backend() == "osmesa"
    assert tried == ["egl", "osmesa"]


def test_the_user_s_wish_is_the_only_one_tried(working, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "GLFW")
    tried = working("egl", "osmesa", "glfw")
    assert gl.find_backend() == "glfw" and tried == ["glfw"]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("disable", "no OpenGL works here: tried egl, osmesa, glfw; .*apt install libosmesa6.*libgl1-mesa-dri"),
        ("egl", r"no OpenGL works here: tried egl \(asked for by MUJOCO_GL\); .*apt install"),
        ("elg", "MUJOCO_GL: expected one of egl, osmesa, glfw, found 'elg'"),
    ],
)
def test_nothing_works(working, monkeypatch, wish, message):
    monkeypatch.setenv("MUJOCO_GL", wish)
    working()
    with pytest.raises(gl.NoOpenGL, match=f"^{message}") as caught:
        gl.find_backend()
    assert "\n" not in str(caught.value)


def test_a_backend_that_does_not_exist_does_not_work():
    assert not gl._works("nix")
