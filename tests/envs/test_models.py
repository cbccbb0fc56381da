"""The edited models are dm_control's in all that moves a body."""

import mujoco
import numpy as np
import pytest

from divbench.envs import SIMULATED, TASKS, make
from divbench.envs.base import definition_of
from divbench.envs.edits import NoCollisions, edits_of
from divbench.envs.models import load_model
from divbench.envs.oracle import Oracle

# What the edits touch, and tables of names, sensors, looks and assets that no trajectory reads.
_LOOKS = ("sensor", "name_", "names", "mat_", "tex_", "geom_matid", "hfield_", "text_", "paths", "site_",
          "mesh_path", "skin_path", "light_", "cam_")
# What `NoCollisions` sets, in models where nothing collides anyway.
_COLLISIONS = ("geom_contype", "geom_conaffinity")


def _arrays(model):
    for field in dir(model):
        value = getattr(model, field, None) if not field.startswith("_") else None
        if isinstance(value, np.ndarray) and not field.startswith(_LOOKS):
            yield field, value


def _geoms(model):
    return {model.geom(index).name for index in range(model.ngeom)}


@pytest.mark.parametrize("name", SIMULATED)
def test_every_physical_array_is_dm_controls(name):
    oracle = Oracle(name)
    oracle.reset()  # some tasks write to their model here
    expected, edited = oracle.model, load_model(name).model
    found = dict(_arrays(edited))
    compared = 0
    no_collisions = any(isinstance(edit, NoCollisions) for edit in edits_of(name))
    if no_collisions:
        flags = mujoco.mjtDisableBit
        assert expected.opt.disableflags & (flags.mjDSBL_CONTACT | flags.mjDSBL_CONSTRAINT)
    for field, value in _arrays(expected):
        if no_collisions and field in _COLLISIONS:
            continue
        if field == "geom_pos" and definition_of(name).target is not None and "target" in _geoms(expected):
            value = value.copy()  # dm_control's reset has put it elsewhere
            value[expected.geom("target").id] = edited.geom("target").pos
        np.testing.assert_array_equal(found[field], value, err_msg=field)
        compared += value.size
    assert compared > 500
    for field in ("timestep", "integrator", "cone", "solver", "iterations", "ls_iterations", "tolerance"):
        assert getattr(edited.opt, field) == getattr(expected.opt, field), field
    autoreset = mujoco.mjtDisableBit.mjDSBL_AUTORESET
    assert edited.opt.disableflags == expected.opt.disableflags | autoreset
    assert edited.opt.enableflags == expected.opt.enableflags & ~int(mujoco.mjtEnableBit.mjENBL_ENERGY)
    np.testing.assert_array_equal(edited.opt.gravity, expected.opt.gravity)


@pytest.mark.parametrize("name", SIMULATED)
def test_every_sensor_left_is_read(name):
    """A sensor that nothing reads costs time in every substep."""
    import jax.numpy as jnp

    environment = make(name, "host")
    read = set()

    class Recorder(dict):
        def __getitem__(self, sensor):
            read.add(sensor)
            return super().__getitem__(sensor)

    from divbench.envs import Sensed

    model = environment._task_model.model
    sensors = Recorder(
        (sensor, jnp.zeros(where.stop - where.start))
        for sensor, where in environment._task_model.sensors.items()
    )
    for other in SIMULATED:
        if TASKS[other].domain == TASKS[name].domain:
            definition = definition_of(other)
            widths = (model.nq, model.nv, model.na, model.nu)
            sensed = Sensed(*map(jnp.zeros, widths), sensors, jnp.zeros(definition.target_size))
            definition.observe(sensed), definition.reward(sensed)
    assert read == set(sensors)
