"""What the tests of the tasks share: the oracle (dm_control) and states worth comparing at."""

import os

os.environ.setdefault("MUJOCO_GL", "disable")

import types  # noqa: E402

import jax  # noqa: E402
import mujoco  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION


@pytest.fixture
def x64():
    """Runs the test in float64."""
    with jax.enable_x64(True):
        yield


def flatten(observation) -> np.ndarray:
    return np.concatenate([np.ravel(value) for value in observation.values()])


def load(name: str, seed: int = 0):
    """dm_control's own environment of a task."""
    from absl import logging
    from dm_control import suite

    logging.set_verbosity(logging.ERROR)
    domain, task = name.split("-")
    return suite.load(domain, task, task_kwargs={"random": seed})


def put(environment, qpos, qvel, act) -> np.ndarray:
    """Begins an episode of dm_control's environment at a state; returns its observation."""
    environment.reset()
    physics = environment.physics
    with physics.reset_context():
        physics.data.qpos[:], physics.data.qvel[:] = qpos, qvel
        if physics.model.na:
            physics.data.act[:] = act
    return flatten(environment.task.get_observation(physics))


def _lower_until_contact(environment, qpos, vertical: int) -> np.ndarray:
    """Lowers a body in 2 mm steps until it touches something."""
    qpos = qpos.copy()
    for _ in range(2000):
        put(environment, qpos, np.zeros(environment.physics.model.nv), 0.0)
        if environment.physics.data.ncon:
            return qpos
        qpos[vertical] -= 0.002
    raise AssertionError("never touched the ground")


def rewarding_states(name: str, environment, count: int, seed: int = 0) -> list[tuple]:
    """States `(qpos, qvel, act)` chosen so that the task pays and, often, bodies touch."""
    rng = np.random.RandomState(seed)
    physics = environment.physics
    model = physics.model
    states = []
    for index in range(count):
        environment.reset()
        qpos, qvel = physics.data.qpos.copy(), rng.uniform(-0.5, 0.5, model.nv)
        act = rng.uniform(-0.3, 0.3, model.na)
        domain = name.split("-")[0]
        if domain == "cheetah":
            qvel[0], qvel[1] = rng.uniform(2.0, 12.0), rng.uniform(-2.0, -0.5)
            qvel[2] = 0.0
            qpos = _lower_until_contact(environment, qpos, 1)
            qpos[1] -= 0.01
        elif domain == "walker":
            qpos = rng.uniform(-0.1, 0.1, model.nq)
            qpos[0] = 0.1
            qvel[1] = rng.uniform(2.0, 10.0)
            qpos = _lower_until_contact(environment, qpos, 0)
        elif domain == "hopper":
            qpos = rng.uniform(-0.15, 0.15, model.nq)
            qpos[5] = rng.uniform(0.1, 0.6)
            qpos[1] = 0.1
            qvel[0] = rng.uniform(1.0, 3.0)
            qpos = _lower_until_contact(environment, qpos, 1)
        elif domain == "finger":
            touching = index % 4 != 0
            while touching:
                qpos = rng.uniform(-1.8, 1.8, 3)
                put(environment, qpos, np.zeros(3), 0.0)
                if physics.data.ncon and physics.data.contact.dist.min() > -0.01:
                    break
            qvel[2] = rng.uniform(-60.0, -20.0)
        elif domain == "quadruped":
            qpos[:] = model.qpos0
            qpos[7:] += rng.uniform(-0.1, 0.1, model.nq - 7)
            qpos[3:7] = np.array([1.0, 0.0, 0.0, 0.0]) + rng.uniform(-0.1, 0.1, 4)
            qpos[3:7] /= np.linalg.norm(qpos[3:7])
            qvel[0] = rng.uniform(1.0, 6.0)
            qpos = _lower_until_contact(environment, qpos, 2)
        states.append((qpos, qvel, act))
    return states


def integration_state(environment) -> np.ndarray:
    """dm_control's integration state as it stands, float64."""
    model, data = environment.physics.model.ptr, environment.physics.data.ptr
    state = np.empty(mujoco.mj_stateSize(model, INTEGRATION))
    mujoco.mj_getState(model, data, state, INTEGRATION)
    return state


def actions_for(environment, shape, seed: int = 1) -> np.ndarray:
    """Random actions `[*shape, action_size]` within dm_control's bounds, float32."""
    spec = environment.action_spec()
    rng = np.random.RandomState(seed)
    return rng.uniform(spec.minimum, spec.maximum, (*shape, *spec.shape)).astype(np.float32)


@pytest.fixture
def oracle():
    """The functions above, for tests to call."""
    return types.SimpleNamespace(
        flatten=flatten,
        load=load,
        put=put,
        rewarding_states=rewarding_states,
        integration_state=integration_state,
        actions_for=actions_for,
    )
