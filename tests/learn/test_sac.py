"""One update of soft actor-critic against numbers worked out apart from it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from divbench.learn.agents import critic as critics
from divbench.learn.agents import sac
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.replay import Batch
from tests.learn.conftest import compiled

initialise = compiled(sac.initialise)
td_target, update = (compiled(partial(function, sac.SAC)) for function in (sac.td_target, sac.update))
values, sample = compiled(critics.values), compiled(sac.sample)


@jax.jit
def adam_step(gradient, parameters):
    """Parameters after Adam's first step."""
    adam = optax.adam(3e-4)
    return optax.apply_updates(parameters, adam.update(gradient, adam.init(parameters))[0])


@compiled
def measured_change(learner, batch, coefs, structure, key):
    """What the step is said to add to the critics."""
    target, next_action = sac.td_target(sac.SAC, learner, batch, coefs, structure, jax.random.split(key)[0])
    _, gradient = critics.gradient(learner.critic, batch, target, next_action, None, coefs, structure, key)
    return sac.SAC.critic_change(learner, batch, target, gradient, coefs, structure)


@pytest.fixture
def setting(lane):
    """Coefficients, structure, a fresh learner and a batch of one lane."""
    def make(**values):
        one = lane(**values)
        coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((one,), 2))
        structure = structure_of((one,), one.mechanisms, 3, 2, (0.0, 1.0))
        learner = initialise(jax.random.key(4), jnp.int32(0), coefs, structure)
        keys = jax.random.split(jax.random.key(5), 5)
        batch = Batch(jax.random.normal(keys[0], (8, 3)), jax.random.uniform(keys[1], (8, 2), minval=-1.0),
                      jax.random.uniform(keys[2], (8,)), jnp.asarray([1.0] * 7 + [0.0]),
                      jax.random.normal(keys[3], (8, 3)), jax.random.uniform(keys[4], (8, 2), minval=-1.0),
                      jnp.ones(8))
        return learner, batch, coefs, structure

    return make


def test_defaults_are_the_published_ones(lane):
    from divbench.spec.settings import SACSettings

    coefs = coefficients((lane(sac_settings=SACSettings()),), 6)
    expected = {"actor_lr": 3e-4, "critic_lr": 3e-4, "temperature_lr": 3e-4, "gamma": 0.99, "tau": 0.005,
                "adam_b1": 0.9, "adam_b2": 0.999, "adam_eps": 1e-8, "initial_temperature": 1.0, "log_std_min": -10.0,
                "log_std_max": 2.0, "target_entropy": -3.0, "init_gain": 2.0**0.5, "log_std_gain": 1.0,
                "bootstrap_at_limit": 1.0}
    for name, value in expected.items():
        assert float(getattr(coefs, name)[0]) == pytest.approx(value, rel=1e-6), name
    assert SACSettings().critic_hidden == SACSettings().actor_hidden == (256, 256) and SACSettings().batch_size == 256


def test_td_target_bootstraps_softly_and_only_where_the_future_counts(setting, strict_jax):
    learner, batch, coefs, structure = setting()
    key = jax.random.key(9)
    got, _ = td_target(learner, batch, coefs, structure, key)
    action, log_prob = sample(learner.actor, batch.next_obs, coefs, structure, key)
    q = np.min(np.asarray(values(learner.target, batch.next_obs, action, coefs, structure)), 0)
    expected = np.asarray(batch.reward) + 0.99 * np.asarray(batch.continues) * (q - 1.0 * np.asarray(log_prob))
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert float(got[7]) == pytest.approx(float(batch.reward[7]))


def test_one_update_is_critic_target_actor_temperature_in_that_order(setting):
    learner, batch, coefs, structure = setting()
    key = jax.random.key(9)
    new = update(learner, batch, coefs, structure, key)
    target_key, actor_key = jax.random.split(key)

    target, _ = td_target(learner, batch, coefs, structure, target_key)
    gradient = jax.jit(jax.grad(lambda c: jnp.sum(jnp.mean(
        jnp.square(values(c, batch.obs, batch.action, coefs, structure) - target[None]), -1))))(learner.critic)
    critic = adam_step(gradient, learner.critic)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), new.critic, critic)
    averaged = jax.tree.map(lambda old, fresh: np.float32(0.995) * old + np.float32(0.005) * fresh,
                            *jax.device_get((learner.target, critic)))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), new.target, averaged)

    def loss(actor):
        action, log_prob = sample(actor, batch.obs, coefs, structure, actor_key)
        return jnp.mean(log_prob - jnp.min(values(critic, batch.obs, action, coefs, structure), 0))

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), new.actor,
                 adam_step(jax.jit(jax.grad(loss))(learner.actor), learner.actor))
    _, log_prob = sample(learner.actor, batch.obs, coefs, structure, actor_key)
    entropy = -float(jnp.mean(log_prob))
    # Adam's first step is the learning rate, against the sign of the gradient alpha (H - target)
    assert float(new.log_temperature) == pytest.approx(-3e-4 * np.sign(entropy + 1.0), rel=1e-3)
    assert float(new.soft_reward_max) == pytest.approx(1.0 + max(entropy, 0.0), rel=1e-5)
    assert float(new.soft_reward_min) == pytest.approx(min(entropy, 0.0), rel=1e-5)


@pytest.mark.parametrize("variant", ["baseline", "weight-norm", "spectral-norm", "weight-decay=0.01"])
def test_the_change_that_is_measured_is_the_change_that_is_made(setting, variant):
    learner, batch, coefs, structure = setting(variant=variant, critic_lr=0.1)
    key = jax.random.key(9)
    added = measured_change(learner, batch, coefs, structure, key)
    after = update(learner, batch, coefs, structure, key)
    made = jax.tree.map(np.subtract, *jax.device_get((after.critic["params"], learner.critic["params"])))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), added, made)


def test_coefficients_reach_the_update(setting):
    learner, batch, coefs, structure = setting()
    base = update(learner, batch, coefs, structure, jax.random.key(9))
    for name, value, part in (("critic_lr", 1e-2, "critic"), ("actor_lr", 1e-2, "actor"), ("tau", 0.5, "target"),
                              ("temperature_lr", 1e-2, "log_temperature"), ("gamma", 0.1, "critic"),
                              ("critic_eps", 1.0, "critic"), ("target_entropy", -50.0, "log_temperature")):
        other = update(learner, batch, coefs._replace(**{name: jnp.float32(value)}), structure, jax.random.key(9))
        pairs = zip(jax.tree.leaves(getattr(base, part)), jax.tree.leaves(getattr(other, part)), strict=True)
        assert any(not np.array_equal(a, b) for a, b in pairs), name


def test_learning_rate_zero_learns_nothing(setting):
    learner, batch, coefs, structure = setting(actor_lr=0.0, critic_lr=0.0, temperature_lr=0.0)
    new = update(learner, batch, coefs, structure, jax.random.key(9))
    for part in ("actor", "critic", "target", "log_temperature"):
        jax.tree.map(np.testing.assert_array_equal, getattr(new, part), getattr(learner, part))


def test_temperature_zero_switches_the_entropy_off(setting):
    learner, batch, coefs, structure = setting(initial_temperature=0.0, temperature_lr=0.0)
    assert float(sac.temperature(learner, coefs)) == 0.0
    new = update(learner, batch, coefs, structure, jax.random.key(9))
    assert float(sac.temperature(new, coefs)) == 0.0
    assert float(new.soft_reward_max) == 1.0


@pytest.mark.bits
def test_a_non_finite_lane_keeps_its_last_finite_weights(setting, identical):
    learner, batch, coefs, structure = setting()
    broken = batch._replace(reward=batch.reward.at[3].set(jnp.nan))
    new = update(learner, broken, coefs, structure, jax.random.key(9))
    assert not bool(new.alive)
    same = jax.tree.map(identical, learner._replace(alive=new.alive), new)
    assert all(jax.tree.leaves(same))
    later = update(new, batch, coefs, structure, jax.random.key(9))
    assert all(jax.tree.leaves(jax.tree.map(identical, new, later)))


def test_resets_draw_other_weights_each_time(setting):
    _, _, coefs, structure = setting()
    first, second, again = (initialise(jax.random.key(4), jnp.int32(n), coefs, structure) for n in (0, 1, 1))
    kernels = [np.asarray(x.critic["params"]["hidden1"]["dense"]["kernel"]) for x in (first, second, again)]
    assert not np.allclose(kernels[0], kernels[1])
    assert np.array_equal(kernels[1], kernels[2])
    assert not np.any(jax.tree.leaves(second.critic_moments)[1])
