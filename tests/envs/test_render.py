"""Pictures of states: dm_control's own, of the right state and target, following the body; real time."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs import make
from divbench.envs.base import definition_of
from divbench.envs.models import load_model
from divbench.envs.names import GYM_TASKS, MODELLED
from divbench.envs.render import Renderer, frame_stride, positions


@pytest.mark.parametrize("task", ["cheetah-run", "dog-run", "quadruped-run", *GYM_TASKS])
def test_frames_show_the_state(opengl, task):
    still = load_model(task).model.qpos0
    moved = still.copy()
    moved[-1] += 0.5
    with Renderer(task, 160, 120) as renderer:
        first, other, again = renderer.frames(np.stack([still, moved, still]))
    assert first.shape == (120, 160, 3) and first.dtype == np.uint8
    assert first.std() > 10
    assert (first != other).any() and (first == again).all()


def test_the_target_is_where_the_state_says(opengl):
    """Seen from above: x to the right, y upwards."""
    with Renderer("reacher-hard") as renderer:
        here, there = (renderer.frame(np.zeros(2), target) for target in ((0.15, 0.1), (-0.15, -0.1)))
    redder = here[..., 0].astype(int) - there[..., 0]
    rows, columns = np.nonzero(redder > 40)
    assert len(rows) > 20
    assert rows.max() < 120 and columns.min() > 160


def test_the_camera_follows_the_body(opengl):
    qpos = load_model("cheetah-run").model.qpos0.copy()
    with Renderer("cheetah-run") as renderer:
        seen = []
        for qpos[0] in (0.0, 60.0):
            frame = renderer.frame(qpos).astype(int)
            seen.append(np.nonzero(frame[..., 0] - frame[..., 2] > 60))  # its orange
    assert len(seen[0][0]) > 1000 and len(seen[1][0]) == pytest.approx(len(seen[0][0]), rel=0.05)
    np.testing.assert_allclose(seen[1][1].mean(), seen[0][1].mean(), atol=2)


def test_the_pictures_are_dm_control_s(opengl):
    """The same pixels as its own renderer's, target and the light above it included."""
    code = """
import numpy as np
from divbench.envs.base import definition_of
from divbench.envs.render import Renderer
from divbench.envs.suite import load_suite
for task in ("swimmer-swimmer6", "finger-spin"):
    theirs = load_suite(task, seed=7)
    theirs.reset()
    target = definition_of(task).target
    target = () if target is None else np.array(target(theirs.physics.model.ptr))
    with Renderer(task, 160, 120) as renderer:
        ours = renderer.frame(theirs.physics.data.qpos, target)
    picture = theirs.physics.render(120, 160, camera_id=0)
    print(task, int(np.abs(ours.astype(int) - picture).max()), int(picture.std()) > 10, flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"MUJOCO_GL": opengl}, capture_output=True, text=True
    )
    assert done.stdout == "swimmer-swimmer6 0 True\nfinger-spin 0 True\n", done.stderr


def test_the_pictures_are_gymnasium_s(opengl):
    """The same pixels as its own renderer's."""
    pytest.importorskip("imageio", reason="gymnasium's own renderer needs its extra mujoco")
    code = """
import warnings
warnings.simplefilter("ignore")
import gymnasium
import numpy as np
from divbench.envs.render import Renderer
for task, name in (("halfcheetah", "HalfCheetah-v4"), ("ant", "Ant-v4")):
    theirs = gymnasium.make(name, render_mode="rgb_array", width=160, height=120, camera_name="track")
    theirs.reset(seed=3)
    with Renderer(task, 160, 120) as renderer:
        ours = renderer.frame(theirs.unwrapped.data.qpos)
    picture = theirs.render()
    print(task, int(np.abs(ours.astype(int) - picture).max()), int(picture.std()) > 10, flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"MUJOCO_GL": opengl}, capture_output=True, text=True
    )
    assert done.stdout == "halfcheetah 0 True\nant 0 True\n", done.stderr


def test_two_at_once(opengl):
    with Renderer("pendulum-swingup", 64, 48) as small, Renderer("pendulum-swingup", 128, 96) as large:
        first = small.frame([1.0])
        assert large.frame([1.0]).shape == (96, 128, 3)
        assert (small.frame([1.0]) == first).all()


def test_wrong_camera_and_wrong_shape(opengl):
    with pytest.raises(ValueError, match="unknown camera 'sid'; did you mean 'side'?"):
        Renderer("cheetah-run", camera="sid")
    with Renderer("cheetah-run", 64, 48, camera="back") as renderer:
        with pytest.raises(ValueError, match=r"qpos must have shape \(9,\), got \(8,\)"):
            renderer.frame(np.zeros(8))


@pytest.mark.parametrize("physics", ["host", "mjx"])
def test_positions_of_either_physics(physics):
    environment = make("pendulum-swingup", physics)
    qpos = jnp.asarray([[0.3], [-0.7]])
    states = jax.jit(jax.vmap(lambda qpos: environment.state_from(qpos, jnp.zeros(1))))(qpos)
    found = positions(environment, states.data)
    assert found.dtype == np.float64 and found.shape == (2, 1)
    np.testing.assert_allclose(found, qpos, atol=1e-6)


@pytest.mark.parametrize("task", MODELLED)
def test_films_play_in_real_time(task):
    """A frame is shown for 30 to 50 ms; of dm_control's tasks whole hundredths of a second, as GIF wants them."""
    seconds = definition_of(task).control_timestep
    shown = frame_stride(seconds) * seconds
    assert 0.03 <= round(shown, 9) <= 0.05
    assert task in GYM_TASKS or round(shown * 100, 9) == round(shown * 100)
