"""Discrete DQN: a table reaches Q*, copies and batches do what they are called, a crashed lane is frozen alone."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.finite import optimal_q, random_mdp, walk, walk_randomly
from divbench.learn import optimizers
from divbench.studies import dqn, plain_critics

pytestmark = pytest.mark.usefixtures("strict_jax", "x64")


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


def table_q_fn(table, obs, action):
    """A network without hidden layers and with an output for each action, chosen by its one-hot vector."""
    return jnp.dot(jnp.dot(obs, table), action)


def everything(mdp):
    """Each pair of a process of which every pair has one successor, once."""
    states, actions = (part.ravel() for part in np.indices(mdp.reward.shape))
    following = mdp.transition[states, actions].argmax(-1)
    return transitions(mdp, states, actions, following)


def transitions(mdp, states, actions, following):
    found = dqn.Transitions(mdp.states[states], mdp.actions[actions], mdp.reward[states, actions],
                            mdp.states[following], 1.0 - mdp.terminal[following])
    return jax.tree.map(jnp.asarray, found)


def numbers(gamma, *, period=1, tau=1.0, rule=None):
    return dqn.DQNSettings(jnp.asarray(gamma), jnp.int32(period), jnp.asarray(tau), rule or optimizers.sgd(1.0))


@functools.partial(jax.jit, static_argnames="batch")
def train_table(mdp_actions, data, table, given, at, batch=None, key=None):
    return dqn.train(table_q_fn, jax.random.key(0) if key is None else key, table, data, mdp_actions, given, at=at,
                     limit=1e12, batch=batch)


@pytest.fixture(scope="module")
def mdp():
    return random_mdp(11, 5, 3, branching=1, ends=1, gamma=0.8)


@pytest.mark.parametrize("given", [{}, {"period": 7}, {"tau": 0.3}, {"period": 5, "tau": 0.5}])
def test_a_table_reaches_the_optimum_with_every_target(mdp, given):
    """A step of the mean over 15 pairs moves each by 2/15 of its error."""
    found = train_table(jnp.asarray(mdp.actions), everything(mdp), jnp.ones((5, 3)), numbers(0.8, **given),
                        jnp.asarray([0, 10, 4_000]))
    optimum = optimal_q(mdp)
    np.testing.assert_allclose(found.params[-1], optimum, atol=1e-9)
    np.testing.assert_array_equal(found.params[0], 1.0)
    assert np.abs(found.params[1] - optimum).max() > 0.1 and int(found.crash) == -1
    assert float(found.mean[-1]) == pytest.approx(optimum.mean()) and float(found.mean[0]) == 1.0
    assert float(found.largest[-1]) == pytest.approx(np.abs(optimum).max())


def test_a_copy_that_never_moves_leaves_the_first_targets(mdp):
    table = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)))
    data = everything(mdp)
    found = train_table(jnp.asarray(mdp.actions), data, table, numbers(0.8, period=10_000), jnp.asarray([2_000]))
    goal = data.reward + 0.8 * data.continues * jnp.max(data.next_obs @ table, 1)
    np.testing.assert_allclose(found.params[-1].ravel(), goal, atol=1e-9)


def test_batches_are_drawn_by_the_key_and_learn_the_same(mdp):
    at, start, rule = jnp.asarray([3, 6_000]), jnp.zeros((5, 3)), optimizers.adam(3e-3)
    first, again, other = (
        train_table(jnp.asarray(mdp.actions), everything(mdp), start, numbers(0.8, period=20, rule=rule), at, batch=8,
                    key=jax.random.key(key)) for key in (1, 1, 2))
    np.testing.assert_array_equal(first.params, again.params)
    assert np.abs(first.params[0] - other.params[0]).max() > 0.0
    np.testing.assert_allclose(first.params[-1], optimal_q(mdp), atol=0.02)
    assert 7e-3 < np.abs(first.params[0]).max() < 9.01e-3, "three steps of at most Adam's learning rate"


def lanes(layernorm, numbers_of, updates=300):
    """Networks on the walk without reward, one for each number, with LayerNorm where it says 1."""
    mdp = walk()
    data = [transitions(mdp, *walk_randomly(mdp, number, 40)) for number in numbers_of]
    data = jax.tree.map(lambda *parts: jnp.stack(parts), *data)
    actions = jnp.asarray(mdp.actions)

    @jax.jit
    def train(layernorm, number, data):
        def one(layernorm, number, data):
            key = jax.random.fold_in(jax.random.key(0), number)
            params = dqn.initialise(key, 4, (16,), "lecun_normal")
            return dqn.train(dqn.make_q_fn("relu", layernorm), key, params, data, actions,
                             numbers(mdp.gamma, rule=optimizers.sgd(0.02)), at=jnp.asarray([0, updates // 2, updates]),
                             limit=1e6)
        return jax.vmap(one)(layernorm, number, data)

    return jax.device_get(train(jnp.asarray(layernorm), jnp.asarray(numbers_of), data))


@pytest.mark.bits
def test_without_reward_layernorm_stays_where_plain_crashes_and_a_crash_is_the_lanes_own():
    found = lanes([0.0, 1.0, 1.0], [5, 5, 6], updates=1_200)
    assert 0 < found.crash[0] < 600 and (found.crash[1:] == -1).all()
    assert found.largest[0, -1] > 1e6 and (found.largest[1:] < 100.0).all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((found.params, found.largest)))
    frozen = jax.tree.map(lambda leaf: leaf[0, -1], found.params)
    alone = lanes([1.0, 1.0, 1.0], [7, 5, 6], updates=1_200)
    for one, other in zip(jax.tree.leaves(found.params), jax.tree.leaves(alone.params), strict=True):
        np.testing.assert_array_equal(one[1:], other[1:])
    for leaf, middle in zip(jax.tree.leaves(frozen), jax.tree.leaves(found.params), strict=True):
        np.testing.assert_array_equal(leaf, middle[0, 1])


def test_without_layernorm_it_is_a_plain_critic_and_its_scales_have_no_gradient():
    params = dqn.initialise(jax.random.key(3), 5, (6, 7), "he_normal")
    plain = plain_critics.initialise(jax.random.key(3), 5, (6, 7), "he_normal")
    params[0]["norm_scale"] = jnp.full(6, 3.0)
    obs, action = jnp.asarray([0.3, -1.0, 2.0]), jnp.asarray([1.0, -0.5])
    q_fn = dqn.make_q_fn("tanh", jnp.zeros(()))
    expected = plain_critics.make_q_fn("tanh")(plain, obs, action)
    assert float(q_fn(params, obs, action)) == pytest.approx(float(expected), rel=1e-12)
    slopes = jax.grad(q_fn)(params, obs, action)
    assert not slopes[0]["norm_scale"].any() and not slopes[1]["norm_shift"].any() and slopes[0]["kernel"].any()
    normalised = dqn.make_q_fn("tanh", jnp.ones(()))
    slopes = jax.grad(normalised)(params, obs, action)
    assert slopes[0]["norm_scale"].any() and slopes[1]["norm_shift"].any()
    scaled = [params[0] | {"kernel": 7.0 * params[0]["kernel"]}, *params[1:]]
    assert float(normalised(scaled, obs, action)) == pytest.approx(float(normalised(params, obs, action)), rel=1e-4)


def test_values_of_all_actions():
    table = jnp.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(dqn.action_values(table_q_fn, table, jnp.eye(3), jnp.eye(2)), table)


def test_rewards_in_a_column_are_an_error(mdp):
    """`[N, 1]` would be broadcast against `[N]`."""
    data = everything(mdp)
    with pytest.raises(AssertionError, match="assert_rank"):
        train_table(jnp.asarray(mdp.actions), data._replace(reward=data.reward[:, None]), jnp.zeros((2, 2)),
                    numbers(0.9), jnp.asarray([1]))
