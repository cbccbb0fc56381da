"""Semi-gradient TD without reward on a critic of one parameter, whose crash and growth are known in closed form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.diagnostics.kernels.growth import power_law, predict_crash
from divbench.studies.semigradient import OPTIMIZERS, grow

RATIO = 2.0**0.125


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def q_fn(theta, obs, action):
    """theta^2 / 2 at obs 1: homogeneous of degree two, as a critic of two weight layers."""
    return 0.5 * theta**2 * obs[0] + 0.0 * action[0]


@functools.partial(jax.jit, static_argnames=("optimizer", "learning_rate", "updates", "marks"))
def train(theta, ahead, optimizer="sgd", learning_rate=1e-4, updates=6_000, marks=400):
    """One lane for each theta, on one transition: from 1 to `ahead`, so that Q(X*) is `ahead` times Q(X)."""
    lanes = theta.shape[0]
    now, action = jnp.ones((lanes, 1, 1)), jnp.zeros((lanes, 1, 1))
    return grow(q_fn, theta, (now, action), (ahead[:, None, None] * now, action), jnp.ones(lanes), optimizer=optimizer,
                learning_rate=learning_rate, updates=updates, marks=marks, ratio=RATIO, limit=1e12)


def test_the_crash_is_where_the_closed_form_has_it():
    """dQ/dt = 2 lr (k - 1) Q^2 with k = 3 and Q = 1/2 at first: Q is infinite after 1 / (2 lr) = 5,000 updates."""
    found = jax.device_get(train(jnp.asarray([1.0, 1.0, 2.0]), jnp.asarray([3.0, 0.5, 3.0])))
    assert 5_000 < found.crash[0] < 5_050, "steps of finite size come late, by the logarithm of their number"
    assert 1_250 < found.crash[2] < 1_300, "four times the Q, a quarter of the time"
    assert found.crash[1] == -1 and 0.0 < found.last[1] < 0.5 and found.marks[1] == 1
    assert found.updates == 6_000, "one lane lives on"
    count = found.marks[0]
    step, q = found.step[0, :count], found.q[0, :count]
    assert step[0] == 0 and q[0] == 0.5 and (q[1:] >= RATIO * q[:-1]).all() and (np.diff(step) > 0).all()
    np.testing.assert_allclose(0.5 * found.params[0, :count] ** 2, q, rtol=1e-12)
    early = q < 1.2
    assert predict_crash(step[early], q[early], 2).value == pytest.approx(5_000.0, rel=0.01)


def test_a_program_ends_when_all_lanes_have_crashed_and_neighbours_change_nothing():
    together = jax.device_get(train(jnp.asarray([2.0, 4.0]), jnp.asarray([3.0, 3.0])))
    alone = jax.device_get(train(jnp.asarray([2.0]), jnp.asarray([3.0])))
    assert together.updates == together.crash.max() + 1 < 1_400
    assert together.crash[0] == alone.crash[0]
    np.testing.assert_allclose(together.q[0], alone.q[0], rtol=1e-12)


def test_marks_beyond_the_last_are_dropped():
    found = jax.device_get(train(jnp.asarray([1.0]), jnp.asarray([3.0]), marks=5))
    assert found.marks[0] == 5 and found.q[0, 4] < 0.5 * RATIO**4 * 1.1 and found.crash[0] > 5_000


def test_under_adam_q_grows_as_the_square_of_time():
    found = jax.device_get(train(jnp.asarray([1e-3]), jnp.asarray([3.0]), "adam b2=0.99", 1e-3, 60_000))
    count = found.marks[0]
    step, q = found.step[0, :count], found.q[0, :count]
    late = step >= 20_000
    assert found.crash[0] == -1 and late.sum() > 10
    assert power_law(step[late], q[late]).value == pytest.approx(2.0, abs=0.1)
    assert np.sqrt(2.0 * q[-1]) == pytest.approx(1e-3 * step[-1], rel=0.1), "a step of the learning rate each"


def test_every_optimizer_trains():
    for optimizer in OPTIMIZERS:
        found = train(jnp.asarray([1.0]), jnp.asarray([3.0]), optimizer, 1e-3, 20)
        assert float(found.last[0]) > 0.5
