"""The edited models are dm_control's in all that moves a body."""

import mujoco
import numpy as np
import pytest

from divbench.envs import TASKS, make
from divbench.envs.models import load_model

# What the edits touch, and tables of names, sensors, looks and assets that no trajectory reads.
_LOOKS = ("sensor", "name_", "names", "mat_", "tex_", "geom_matid", "hfield_", "text_", "paths", "site_")


def _arrays(model):
    for field in dir(model):
        value = getattr(model, field, None) if not field.startswith("_") else None
        if isinstance(value, np.ndarray) and not field.startswith(_LOOKS):
            yield field, value


@pytest.mark.parametrize("name", TASKS)
def test_every_physical_array_is_dm_controls(name, oracle):
    reference = oracle.load(name)
    reference.reset()  # some tasks write to their model here
    expected, edited = reference.physics.model.ptr, load_model(TASKS[name].domain).model
    found = dict(_arrays(edited))
    compared = 0
    for field, value in _arrays(expected):
        np.testing.assert_array_equal(found[field], value, err_msg=field)
        compared += value.size
    assert compared > 1000
    for field in ("timestep", "integrator", "cone", "solver", "iterations", "ls_iterations", "tolerance"):
        assert getattr(edited.opt, field) == getattr(expected.opt, field), field
    autoreset = mujoco.mjtDisableBit.mjDSBL_AUTORESET
    assert edited.opt.disableflags == expected.opt.disableflags | autoreset
    assert edited.opt.enableflags == expected.opt.enableflags
    np.testing.assert_array_equal(edited.opt.gravity, expected.opt.gravity)


@pytest.mark.parametrize("name", TASKS)
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
    nothing = jnp.zeros(0)
    sensed = Sensed(
        jnp.zeros(model.nq), jnp.zeros(model.nv), jnp.zeros(model.na), jnp.zeros(model.nu), sensors, nothing
    )
    for other in TASKS:
        if TASKS[other].domain == TASKS[name].domain:
            definition = make(other, "host")._definition
            definition.observe(sensed), definition.reward(sensed)
    assert read == set(sensors)
