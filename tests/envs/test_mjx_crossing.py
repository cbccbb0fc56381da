"""Capsules whose axes cross have C's contact under `mjx`; all other capsules keep MJX's own, bit for bit."""

import types

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from mujoco.mjx._src.collision_primitive import capsule_capsule

from divbench.envs import make
from divbench.envs.mjx_crossing import with_crossings
from divbench.envs.models import load_model

# Two capsules in the plane y = 0, each with two positions and an angle.
PAIR = """
<mujoco>
  <worldbody>
    {}
  </worldbody>
</mujoco>
""".format("".join(
    f'<body><joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/><joint axis="0 1 0"/>'
    f'<geom type="capsule" size="{size}"/></body>' for size in (".03 .04", ".05 .15")))

HINGE, FREE = mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_FREE

# Hopper folded so that the calf lies across the nose: two of dm_control's own resets. The first is at rest.
FOLDED = [
    (
        [0, 0, -0.4198176906327453, -0.1616027516637999, -2.9309413176042303, 0.6984460477746349, 0.12620893136901234],
        [0, 0, 0, 0, 0, 0, 0],
        [-0.5523962064936583, -0.44081685299510703, -1, -0.6190680726224125],
    ),
    (
        [-0.00584555983878335, -0.03966583019434395, -0.25954661985803146, -0.332468758840338, -2.7461816503065517,
         0.3208662214590148, 0.1700663390934068],
        [0.11062631775381812, -0.7008969285530102, 2.7524114250266947, 1.078746871055987, 1.1444014140101015,
         -10.253446388540196, 1.5392450338003847],
        [-0.909033259730804, -1, 1, 1],
    ),
]


def contacts(model, poses, dtype=np.float64):
    """Of every pair of capsules that touch in C: its contact there, with `with_crossings`, and in MJX alone, each as
    dist, pos and frame."""
    data, theirs, centres, turns, geoms = mujoco.MjData(model), [], [], [], []
    for index, pose in enumerate(poses):
        data.qpos[:] = pose
        mujoco.mj_fwdPosition(model, data)
        centres.append(data.geom_xpos.copy())
        turns.append(data.geom_xmat.reshape(-1, 3, 3).copy())
        for contact in data.contact[: data.ncon]:
            theirs.append((contact.dist, contact.pos.copy(), contact.frame.reshape(3, 3).copy()))
            geoms.append(index * model.ngeom + np.array([contact.geom1, contact.geom2]))
    sizes = np.tile(model.geom_size, (len(poses), 1))
    placed = [jnp.asarray(part, dtype) for part in (np.concatenate(centres), np.concatenate(turns), sizes)]
    own = collide(capsule_capsule)(*placed, jnp.array(geoms))
    # Not compiled together: then XLA may round MJX's part another way.
    ours = collide(with_crossings(lambda *_: own))(*placed, jnp.array(geoms))
    return [np.stack(part) for part in zip(*theirs, strict=True)], *map(jax.device_get, (ours, own))


def collide(function):
    """A collision function of arrays: centres `[n, 3]`, orientations `[n, 3, 3]`, sizes `[n, 3]`, pairs `[m, 2]`."""

    @jax.jit
    def placed(centres, turns, sizes, geoms):
        model = types.SimpleNamespace(geom_size=sizes, jnt_type=np.array([HINGE]))
        return function(model, types.SimpleNamespace(geom_xpos=centres, geom_xmat=turns), None, geoms)

    return placed


def random_poses(count: int) -> np.ndarray:
    draw = np.random.default_rng(0)
    return np.concatenate([np.zeros((count, 3)), draw.uniform(-0.15, 0.15, (count, 2)),
                           draw.uniform(-np.pi, np.pi, (count, 1))], 1)


@pytest.mark.parametrize("dtype, bound", [(np.float64, 1e-15), (np.float32, 1e-6)])
def test_capsules_that_cross_have_the_contact_of_c_and_others_that_of_mjx(dtype, bound):
    model = mujoco.MjModel.from_xml_string(PAIR)
    with jax.enable_x64(dtype is np.float64):
        theirs, ours, alone = contacts(model, random_poses(400), dtype)
    crossing = np.abs(theirs[2][:, 0, 1]) > 0.5  # C's normal leaves the plane
    assert 50 < crossing.sum() < len(crossing) - 50
    for in_c, here, before in zip(theirs, ours, alone, strict=True):
        assert here.dtype == dtype
        np.testing.assert_allclose(here[crossing], in_c[crossing], rtol=0, atol=bound)
        np.testing.assert_array_equal(here[~crossing], before[~crossing])
    # MJX's own normal lies in the plane: a push that C does not make.
    assert np.abs(alone[2][crossing][:, 0, 1]).max() < 1e-6


def test_a_model_with_a_free_joint_keeps_what_mjx_computes():
    kept = object(), object(), object()
    function = with_crossings(lambda *given: kept)
    assert function(types.SimpleNamespace(jnt_type=np.array([HINGE, FREE])), None, None, None) == kept


OURS = collide(with_crossings(capsule_capsule))
coordinate = st.floats(-1, 1, width=32)
angle = st.floats(-3, 3, width=32)


@given(x=coordinate, z=coordinate, first=angle, turn=st.floats(0.1, 3), along=st.tuples(*[st.floats(-0.9, 0.9)] * 2),
       shift=st.sampled_from([0.0, 1000.0]), turned=st.integers(0, 2))
def test_the_contact_of_two_axes_through_one_point(x, z, first, turn, along, shift, turned):
    """It lies at that point as deep as both radii, with a normal perpendicular to both axes: in each coordinate plane,
    and as far from the origin as hopper gets, where C's own normal is a rounding error."""
    with jax.enable_x64(True):
        point = np.array([x + shift, 0.0, z])
        axes = np.array([[np.sin(a), 0.0, np.cos(a)] for a in (first, first + turn)])
        half = np.array([0.1, 0.2])
        centres = point - (half * along)[:, None] * axes
        point, axes, centres = (np.roll(vectors, turned, -1) for vectors in (point, axes, centres))
        turns = np.stack([np.stack([axis, axis, axis], -1) for axis in axes])  # the last column is what is read
        sizes = np.array([[0.03, 0.1, 0.0], [0.03, 0.2, 0.0]])
        dist, pos, frame = OURS(centres, turns, sizes, np.array([[0, 1]]))
        rounding = 1e-14 * (1 + shift) / np.sin(turn)
        np.testing.assert_allclose(dist, [-0.06], rtol=0, atol=1e-15)
        np.testing.assert_allclose(pos[0], point, rtol=0, atol=rounding)
        np.testing.assert_allclose(frame[0, 0] @ axes.T, 0, atol=1e-15)
        np.testing.assert_allclose(frame[0] @ frame[0].T, np.eye(3), atol=1e-15)
        assert np.linalg.det(frame[0]) == pytest.approx(1)


def test_hopper_folded_has_the_contacts_of_c(x64):
    theirs, ours, _ = contacts(load_model("hopper-hop").model, [qpos for qpos, _, _ in FOLDED])
    crossing = np.abs(theirs[2][:, 0, 1]) > 0.5
    assert crossing.sum() == 2 and len(crossing) == 8
    for in_c, here in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(here[crossing], in_c[crossing], rtol=0, atol=1e-15)
        np.testing.assert_allclose(here, in_c, rtol=0, atol=5e-4)  # the other capsules: 1e-6 in a denominator


@pytest.mark.slow
def test_hopper_folded_takes_the_step_of_c(x64):
    """Without C's contact the velocities are off by 1.5 to 4.5. What is left comes from the other capsules."""

    def step(physics):
        environment = make("hopper-hop", physics)
        one = jax.jit(lambda qpos, qvel, action: environment.step(environment.state_from(qpos, qvel), action).obs)
        return np.stack([one(*map(jnp.array, state)) for state in FOLDED])

    error = np.abs(step("mjx") - step("host"))
    assert error[:, :6].max() < 1e-4  # positions
    assert error[:, 6:13].max() < 1e-2  # velocities
