"""PreQN's step against what Algorithm 1 asks of it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.agents import critic as critics
from divbench.learn.agents import preqn
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.replay import Batch
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.settings import SACSettings, with_values
from divbench.spec.variants import check_together, lane_settings
from tests.learn.conftest import Bench, compiled, make_lane

initialise, line_search = compiled(preqn.initialise), compiled(preqn.line_search)
td_target, update = (compiled(partial(function, preqn.PREQN)) for function in (preqn.td_target, preqn.update))
values = compiled(critics.values)


def setting(name="preqn", **values):
    """A fresh learner, a batch, coefficients and structure of one lane."""
    one = make_lane(name, **values)
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((one,), 2))
    structure = structure_of((one,), one.mechanisms, 3, 2, (0.0, 1.0))
    learner = initialise(jax.random.key(4), jnp.int32(0), coefs, structure)
    keys = jax.random.split(jax.random.key(5), 5)
    batch = Batch(jax.random.normal(keys[0], (8, 3)), jax.random.uniform(keys[1], (8, 2), minval=-1.0),
                  jax.random.uniform(keys[2], (8,)), jnp.asarray([1.0] * 7 + [0.0]), jax.random.normal(keys[3], (8, 3)),
                  jax.random.uniform(keys[4], (8, 2), minval=-1.0), jnp.ones(8))
    return learner, batch, coefs, structure


def q_of(critic, batch, coefs, structure):
    return np.asarray(values(critic, batch.obs, batch.action, coefs, structure))[0]


@pytest.mark.parametrize("activation", ["relu", "sin", "tanh"])
def test_a_small_step_changes_q_by_the_td_error(activation):
    learner, batch, coefs, structure = setting(critic_lr=1e-3, activation=activation)
    target, action = td_target(learner, batch, coefs, structure, jax.random.key(0))
    following = np.asarray(values(learner.critic, batch.next_obs, action, coefs, structure))[0]
    np.testing.assert_allclose(target, batch.reward + 0.99 * np.asarray(batch.continues) * following, rtol=1e-5)
    before = q_of(learner.critic, batch, coefs, structure)
    new = update(learner, batch, coefs, structure, jax.random.key(0))
    change = q_of(new.critic, batch, coefs, structure) - before
    np.testing.assert_allclose(change, 1e-3 * (np.asarray(target) - before), atol=2e-5)
    assert float(new.notes["search_shrinks"]) == 0.0 and int(new.updates) == 1


def test_a_large_step_is_shrunk_until_q_follows():
    learner, batch, coefs, structure = setting(critic_lr=40.0, search_cosine=0.95)
    target, _ = td_target(learner, batch, coefs, structure, jax.random.key(0))
    step = line_search(learner.critic, batch, target, coefs, structure)
    before = q_of(learner.critic, batch, coefs, structure)
    moved = {"params": jax.tree.map(jnp.add, learner.critic["params"], step.change)}
    change, error = q_of(moved, batch, coefs, structure) - before, np.asarray(target) - before
    cosine = change @ error / np.linalg.norm(change) / np.linalg.norm(error)
    assert bool(step.taken) and int(step.shrinks) > 0
    assert cosine >= 0.95 and cosine == pytest.approx(float(step.cosine), abs=1e-5)


def test_what_never_follows_is_not_taken():
    learner, batch, coefs, structure = setting(critic_lr=40.0, search_cosine=1.0, search_steps=2)
    new = update(learner, batch, coefs, structure, jax.random.key(0))
    jax.tree.map(np.testing.assert_array_equal, learner.critic, new.critic)
    assert float(new.notes["search_rejected"]) == 1.0 and float(new.notes["search_cosine_least"]) == 1.0
    assert not np.array_equal(learner.actor["params"]["head"]["kernel"], new.actor["params"]["head"]["kernel"])


def test_no_accepted_step_is_below_the_cosine():
    bench = Bench(ConstantReward(7), [make_lane("preqn=2", seed=seed) for seed in range(3)])
    state = bench.prime(bench.act(bench.fresh(), 30, explore=True), 200)
    least = np.asarray(state.learner.notes["search_cosine_least"])
    assert np.all(least >= 0.95) and np.all(least < 1.0) and np.all(np.isfinite(least))
    assert np.all(np.asarray(state.learner.alive))


def test_q_approaches_its_value_at_the_rate_of_the_step():
    """Each update takes 0.1 of the TD error, which is (1 - gamma) of what is missing."""
    bench = Bench(ConstantReward(7), [make_lane("preqn")])
    state = bench.prime(bench.act(bench.fresh(), 150, explore=True), 400)
    measured, noted = bench.program.diagnose(state, bench.roots, bench.coefs, bench.starts(0))
    q = float(measured["q_replay_mean"][0])
    assert q == pytest.approx(100.0 * (1.0 - (1.0 - 0.1 * 0.01) ** 400), rel=0.05)
    assert noted["search_cosine_least"][""].shape == (1,)


@pytest.mark.parametrize("name", ["preqn+batchnorm", "preqn+spectral-norm", "preqn+dropout", "preqn+dr3",
                                  "preqn+weight-decay", "preqn+huber", "preqn+no-target", "preqn+mean-critic",
                                  "preqn+in-distribution-targets", "preqn+sgd-momentum", "preqn+adam-low-b2"])
def test_what_the_kernel_does_not_see_is_refused(name):
    variant = find_variant(name)
    with pytest.raises(UsageError, match="preqn does not go together with"):
        check_together(variant, lane_settings(variant, SACSettings()))


def test_preqn_has_one_critic():
    with pytest.raises(UsageError, match="preqn has one critic, found 2"):
        with_values(SACSettings(), {"algorithm": "preqn"})
