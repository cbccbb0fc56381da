"""What `mjx_tuning` exchanges in MJX for speed: the same numbers come out, and MJX is left as it was found."""

import collections
import contextlib

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from mujoco import mjx
from mujoco.mjx._src import collision_driver, scan, solver
from mujoco.mjx._src.types import GeomType

from divbench.envs import mjx_tuning
from divbench.envs.mjx_tuning import tuned

# A chain with limits that drags itself over a floor: tree, solver and line search all have work.
CHAIN = """
<mujoco>
  <option timestep="0.005"/>
  <default>
    <default class="link"><geom type="capsule" fromto="0 0 0 .2 0 0" size=".05" contype="0"/></default>
    <joint axis="0 1 0" range="-20 20"/>
  </default>
  <worldbody>
    <geom type="plane" size="5 5 .1" contype="1"/>
    <body pos="0 0 .06"><freejoint/><geom class="link"/>
      <body pos=".2 0 0"><joint name="a"/><geom class="link"/>
        <body pos=".2 0 0"><joint name="b"/><geom class="link"/></body>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="a" gear="3"/><motor joint="b" gear="3"/></actuator>
</mujoco>
"""
LANES, STEPS = 4, 40
CAPSULES = GeomType.CAPSULE, GeomType.CAPSULE


def drag(context) -> np.ndarray:
    """Velocities `[LANES, STEPS, nv]` under random forces, traced inside `context`."""
    model = mujoco.MjModel.from_xml_string(CHAIN)
    ctrl = jax.random.uniform(jax.random.key(0), (LANES, STEPS, model.nu), minval=-1.0, maxval=1.0)
    with context:
        put, fresh = mjx.put_model(model), mjx.make_data(model)

        def run(ctrl):
            def step(data, ctrl):
                data = mjx.step(put, data.replace(ctrl=ctrl))
                return data, data.qvel

            return jax.lax.scan(step, fresh, ctrl)[1]

        return np.asarray(jax.jit(jax.vmap(run))(ctrl))


@pytest.mark.slow
def test_a_trajectory_in_contact_is_the_same_to_the_last_digits(x64):
    plain, quick = drag(contextlib.nullcontext()), drag(tuned())
    assert np.abs(plain[:, -1]).max() > 0.1  # it moves
    np.testing.assert_allclose(quick, plain, rtol=0, atol=1e-9)


def parts() -> tuple:
    """The parts of MJX that `tuned` exchanges, as they are now."""
    return scan.body_tree, solver._while_loop_scan, collision_driver._COLLISION_FUNC[CAPSULES]


def test_mjx_is_left_as_it_was_even_after_an_error():
    before = parts()
    with pytest.raises(KeyError), tuned(), tuned():
        assert all(now is not own for now, own in zip(parts(), before, strict=True))
        assert parts()[2].ncon == before[2].ncon  # the driver reads it
        raise KeyError
    assert parts() == before


@pytest.mark.parametrize("gone", ["scan.body_tree", "solver._while_loop_scan"])
def test_without_one_of_its_fast_functions_mjx_runs_as_it_is(monkeypatch, gone):
    with monkeypatch.context() as other, pytest.warns(RuntimeWarning, match="up to 38 times slower"):
        other.delattr(f"mujoco.mjx._src.{gone}")
        found = mjx_tuning._faster()
    assert found == ()
    monkeypatch.setattr(mjx_tuning, "_EXCHANGES", found)
    before = parts()
    with tuned():
        assert parts() == before


def test_without_the_table_of_collisions_crossing_capsules_are_those_of_mjx(monkeypatch):
    with monkeypatch.context() as other, pytest.warns(RuntimeWarning, match="leg differs from C"):
        other.delattr("mujoco.mjx._src.collision_driver._COLLISION_FUNC")
        assert mjx_tuning._corrected() == ()
    with monkeypatch.context() as other, pytest.warns(RuntimeWarning, match="leg differs from C"):
        other.setattr(collision_driver, "_COLLISION_FUNC", {})
        assert mjx_tuning._corrected() == ()


Point = collections.namedtuple("Point", "alpha cost deriv_0 deriv_1")
Interval = collections.namedtuple("Interval", "lo hi")


def parabola(alpha, *, floor, curvature=1.0, lowest=0.0) -> Point:
    alpha = jnp.float32(alpha)
    away = alpha - lowest
    return Point(alpha, floor + curvature / 2 * away**2, curvature * away, jnp.float32(curvature))


@pytest.mark.parametrize(
    "low, high, floor, gain",
    [
        (-1.0, 2.0, 0.0, True),  # plainly: half of the cost of the nearer end
        (-1e-3, 1e-3, 1.0, True),  # 2e-6 at most, of a cost of 1: floats tell that
        (-1e-4, 1e-4, 1.0, False),  # 2e-8 at most, below a float's 1.2e-7
        (-1e-4, 1e-4, 1e-3, True),  # the same, of a small cost
        (1e-6, 2e-6, 1.0, True),  # the minimum is not inside: nothing is known
    ],
)
def test_the_search_goes_on_where_a_float_could_tell_the_gain(low, high, floor, gain):
    search = Interval(parabola(low, floor=floor), parabola(high, floor=floor))
    assert bool(mjx_tuning._can_gain(search)) is gain


def test_no_point_inside_is_cheaper_than_the_bound_says(x64):
    """The law behind the rule, on convex functions made of pieces of parabolas."""
    draw = np.random.default_rng(0)
    for _ in range(200):
        kinks, steep = draw.normal(size=5), draw.exponential(size=5)

        def cost(alpha, kinks=kinks, steep=steep):
            return 0.1 * alpha**2 + np.sum(steep * np.maximum(alpha - kinks, 0) ** 2)

        def slope(alpha, kinks=kinks, steep=steep):
            return 0.2 * alpha + np.sum(2 * steep * np.maximum(alpha - kinks, 0))

        low, high = -draw.exponential() - 3, draw.exponential()
        if slope(low) * slope(high) >= 0:
            continue
        cheapest = min(cost(alpha) for alpha in np.linspace(low, high, 2001))
        fall = (high - low) * min(abs(slope(low)), abs(slope(high)))
        assert min(cost(low), cost(high)) - cheapest <= fall + 1e-12
