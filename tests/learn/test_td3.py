"""One update of TD3, DDPG and TD3+BC against numbers worked out apart from them, and what they converge to."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.agents import critic as critics
from divbench.learn.agents import td3
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.replay import Batch
from tests.learn.conftest import Bench, compiled, make_lane

act, sample = compiled(td3.act), compiled(td3.sample)
td_target, update = (compiled(partial(function, td3.TD3)) for function in (td3.td_target, td3.update))
initialise, values = compiled(td3.initialise), compiled(critics.values)


def setting(variant="td3", **values):
    """A fresh learner, a batch, coefficients and structure of one lane; the target actor is another draw, so that it
    can be told from the actor."""
    one = make_lane(variant, **values)
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((one,), 2))
    structure = structure_of((one,), one.mechanisms, 3, 2, (0.0, 1.0))
    learner = initialise(jax.random.key(4), jnp.int32(0), coefs, structure)
    other = initialise(jax.random.key(6), jnp.int32(0), coefs, structure)
    keys = jax.random.split(jax.random.key(5), 5)
    batch = Batch(jax.random.normal(keys[0], (8, 3)), jax.random.uniform(keys[1], (8, 2), minval=-1.0),
                  jax.random.uniform(keys[2], (8,)), jnp.asarray([1.0] * 7 + [0.0]), jax.random.normal(keys[3], (8, 3)),
                  jax.random.uniform(keys[4], (8, 2), minval=-1.0), jnp.ones(8))
    return learner._replace(target_actor=other.actor), batch, coefs, structure


def changed(before, after) -> bool:
    return any(not np.array_equal(a, b) for a, b in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True))


def test_the_target_takes_the_target_actor_and_the_lesser_target_critic():
    learner, batch, coefs, structure = setting(target_noise=0.0)
    got, action = td_target(learner, batch, coefs, structure, jax.random.key(1))
    np.testing.assert_allclose(action, act(learner.target_actor, batch.next_obs, coefs, structure))
    q = np.asarray(values(learner.target, batch.next_obs, action, coefs, structure)).min(0)
    np.testing.assert_allclose(got, batch.reward + 0.99 * np.asarray(batch.continues) * q, rtol=1e-5)
    assert changed(learner.actor, learner.target_actor)


def test_smoothing_is_clipped_noise_and_stays_in_the_action_space():
    learner, batch, coefs, structure = setting(target_noise=5.0, target_noise_clip=0.3)
    mode = np.asarray(act(learner.target_actor, batch.next_obs, coefs, structure))
    drawn = [np.asarray(td_target(learner, batch, coefs, structure, jax.random.key(n))[1]) for n in range(20)]
    away = np.stack(drawn) - mode
    assert np.abs(away).max() == pytest.approx(0.3, abs=1e-6) and np.abs(drawn).max() <= 1.0
    assert (np.abs(away) > 0.29).mean() > 0.5  # most noise of deviation 5 is clipped


def test_exploring_adds_noise_and_the_policy_of_q_has_none():
    learner, batch, coefs, structure = setting(exploration_noise=0.2)
    mode = act(learner.actor, batch.obs, coefs, structure)
    noisy = np.stack([act(learner.actor, batch.obs, coefs, structure, jax.random.key(n)) for n in range(400)])
    inside = np.abs(np.asarray(mode)) < 0.3
    assert np.std((noisy - mode)[:, inside]) == pytest.approx(0.2, rel=0.1)
    action, log_density = sample(learner.actor, batch.obs, coefs, structure, jax.random.key(0))
    assert np.array_equal(action, mode) and not np.any(log_density)


def test_actor_and_targets_wait_for_their_update():
    first, batch, coefs, structure = setting(tau=0.1)
    second = update(first, batch, coefs, structure, jax.random.key(1))
    third = update(second, batch, coefs, structure, jax.random.key(2))
    for name in ("actor", "actor_moments", "target", "target_actor"):
        assert not changed(getattr(first, name), getattr(second, name)), name
        assert changed(getattr(second, name), getattr(third, name)), name
    assert changed(first.critic, second.critic) and changed(second.critic, third.critic)
    moved = jax.tree.map(lambda old, new: old + np.float32(0.1) * (new - old),
                         *jax.device_get((second.target_actor, third.actor)))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-7), third.target_actor, moved)


def test_the_actor_climbs_the_first_critic():
    learner, batch, coefs, structure = setting(policy_delay=1)
    new = update(learner, batch, coefs, structure, jax.random.key(1))

    def loss(actor):
        action = act(actor, batch.obs, coefs, structure)
        return -jnp.mean(values(new.critic, batch.obs, action, coefs, structure)[0])

    @jax.jit
    def stepped(actor):
        adam = optax.adam(3e-4)
        return optax.apply_updates(actor, adam.update(jax.grad(loss)(actor), adam.init(actor))[0])

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), new.actor, stepped(learner.actor))


def test_cloning_weighs_q_against_the_distance_to_replayed_actions():
    learner, batch, coefs, structure = setting("td3-bc")
    action = np.asarray(act(learner.actor, batch.obs, coefs, structure))
    q = np.asarray(values(learner.critic, batch.obs, action, coefs, structure))[0]
    expected = -2.5 * q.mean() / np.abs(q).mean() + ((action - np.asarray(batch.action)) ** 2).mean()
    got = compiled(partial(td3.actor_loss, agent=td3.TD3))(
        learner.actor["params"], critic=learner.critic, batch=batch, coefs=coefs, structure=structure,
        key=jax.random.key(0))
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_ddpg_is_one_critic_without_smoothing_or_delay():
    lane = make_lane("ddpg")
    assert (lane.sac.algorithm, lane.sac.critics, lane.sac.target_noise, lane.sac.policy_delay) == ("td3", 1, 0.0, 1)


@pytest.mark.parametrize("name", ["td3", "td3-bc", *(pytest.param(name, marks=pytest.mark.slow)
                                                     for name in ("ddpg", "td3+layernorm"))])
def test_a_constant_reward_is_worth_what_it_says(name):
    bench = Bench(ConstantReward(7), [make_lane(name, gamma=0.5, tau=0.05, critic_lr=3e-3)])
    state = bench.prime(bench.act(bench.fresh(), 150, explore=True), 1_000)
    measured, _ = bench.program.diagnose(state, bench.roots, bench.coefs, bench.starts(0))
    assert float(measured["q_replay_mean"][0]) == pytest.approx(2.0, rel=0.05)
    assert float(measured["q_bound"][0]) == pytest.approx(2.0)
