"""Actors, optimizers and agents from outside take the place of divbench's own, and are measured as those."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn import optimizers
from divbench.learn.agents import critic as critics
from divbench.learn.agents import sac, stepping, td3
from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.networks.foreign_actor import foreign_actor
from divbench.learn.networks.mlp import DeterministicActor, GaussianActor
from divbench.learn.replay import Batch
from divbench.learn.trainer import Cause
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant, with_code
from divbench.spec.variants import Variant
from tests.learn.conftest import Bench, compiled, make_lane
from tests.learn.own_examples import HERE


def setting(variant, **values):
    """A fresh learner, a batch, coefficients and structure of one lane."""
    one = make_lane(with_code(variant) if isinstance(variant, Variant) else variant, **values)
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((one,), 1))
    structure = structure_of((one,), one.mechanisms, 2, 1, (0.0, 1.0))
    learner = compiled(agent_of(structure).initialise)(jax.random.key(4), jnp.int32(0), coefs, structure)
    keys = jax.random.split(jax.random.key(5), 5)
    batch = Batch(jax.random.normal(keys[0], (8, 2)), jax.random.uniform(keys[1], (8, 1), minval=-1.0),
                  jax.random.uniform(keys[2], (8,)), jnp.ones(8), jax.random.normal(keys[3], (8, 2)),
                  jax.random.uniform(keys[4], (8, 1), minval=-1.0), jnp.ones(8))
    return learner, batch, coefs, structure


def updated(variant, number, **values):
    """The learner before and after some updates on one batch."""
    learner, batch, coefs, structure = setting(variant, **values)
    agent = agent_of(structure)
    update, after = compiled(partial(agent.update, agent)), learner
    for count in range(number):
        after = update(after, batch, coefs, structure, jax.random.key(count))
    return learner, after


def close(one, other, rtol):
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(left, right, rtol=rtol, atol=1e-7)


def same(one, other):
    return all(np.array_equal(left, right) for left, right in
               zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def test_adam_as_an_optimizer_of_ones_own_moves_networks_as_divbench_does():
    """And what is reported as its moments is what divbench's own keeps."""
    _, house = updated("baseline", 3)
    _, own = updated(f"{HERE}:adam", 3)
    for part in ("actor", "critic", "target", "log_temperature", "updates"):
        close(getattr(own, part), getattr(house, part), 1e-4)
    params = own.critic["params"]
    for name in ("mu", "nu"):
        close(optimizers.moment(own.critic_moments, name, params), getattr(house.critic_moments, name), 1e-4)


@pytest.mark.parametrize(("make", "first", "second"), [
    (lambda: optax.adamw(1.0), True, True), (lambda: optax.lion(1.0), True, False),
    (lambda: optax.rmsprop(1.0), False, True), (lambda: optax.sgd(1.0, 0.9), False, False),
    (lambda: optax.contrib.muon(1.0), False, False),  # it has two of each, of parts of the parameters
    (lambda: optax.chain(optax.clip(1.0), optax.inject_hyperparams(optax.adam)(1.0)), True, True),
])
def test_moments_are_found_where_an_optimizer_has_them(make, first, second):
    """Also under parameters that are called as they are."""
    params = {"mu": {"kernel": jnp.ones((3, 2)), "nu": jnp.ones(2)}}
    state = make().init(params)
    for name, there in (("mu", first), ("nu", second)):
        found = optimizers.moment(state, name, params)
        assert (found is not None) == there
        assert not there or jax.tree.structure(found) == jax.tree.structure(params)


def test_an_optimizer_sees_one_critic():
    """What it clips is the norm of that critic's gradient, whatever the other's is."""
    name = f"{HERE}:clipped(largest=0.001)"
    structure = setting("baseline")[3]._replace(hooks=(("optimizer", name),))
    optimizer, params = stepping.critic_optimizer(None, structure), {"kernel": jnp.zeros((2, 3))}
    _, state = optimizer.update({"kernel": jnp.asarray([[1.0], [100.0]]) * jnp.ones((2, 3))}, optimizer.init(params),
                                params)
    found = optimizers.moment(state, "mu", params)["kernel"]
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1e-4, rtol=1e-5)  # 1 - b1 times what is left


def test_delays_count_updates_and_not_what_an_optimizer_counts():
    """Plain SGD has no count at all."""
    variant = Variant("td3-sgd", "", "", optimizer="optax:sgd(learning_rate=0.01)", settings={
        "algorithm": "td3", "policy_delay": 2, "target_period": 2, "tau": 1.0},
        actor_optimizer="optax:sgd(learning_rate=0.01)")
    first, second = updated(variant, 1)
    assert not same(first.critic, second.critic) and int(second.updates) == 1
    assert same(first.actor, second.actor) and same(first.target, second.target)
    first, third = updated(variant, 2)
    assert not same(first.actor, third.actor) and same(third.target, third.critic) and int(third.updates) == 2


def test_a_state_that_is_not_finite_freezes_the_lane_alone():
    """Any float of it, here a second moment of the critics and a first one of the actor."""
    bench = Bench(ConstantReward(7), [make_lane(f"{HERE}:adam", seed) for seed in range(3)])
    state = bench.prime(bench.act(bench.fresh(), 60, explore=True), 5)

    def broken(moments, lane, name):
        tree = jax.tree.map(lambda leaf: leaf.at[lane].set(jnp.inf), getattr(moments[0], name))
        return (moments[0]._replace(**{name: tree}), *moments[1:])

    learner = state.learner._replace(critic_moments=broken(state.learner.critic_moments, 0, "nu"),
                                     actor_moments=broken(state.learner.actor_moments, 1, "mu"))
    after = bench.prime(state._replace(learner=learner), 1)
    assert [Cause(cause) for cause in np.asarray(after.cause)] == [Cause.OPTIMIZER, Cause.OPTIMIZER, Cause.NONE]
    assert bench.program.functions()["train_chunk"]._cache_size() == 1


@pytest.mark.parametrize(("optimizer", "message"), [
    (f"{HERE}:nothing", r"optimizer '.*nothing': expected a function that returns an optax.GradientTransformation, "
                        "found a int returned"),
    ("optax:scale", "optimizer 'optax:scale': .*missing 1 required positional argument: 'step_size'"),
])
def test_what_is_no_optimizer_is_refused_in_one_line(optimizer, message):
    with pytest.raises(UsageError, match=message) as caught:
        setting(Variant("mine", "", "", optimizer=optimizer))
    assert "\n" not in str(caught.value)


def test_an_actor_acts_by_its_own_outputs():
    """Its mode is tanh of its mean; its log standard deviation, here 0, is taken within divbench's limits."""
    learner, batch, coefs, structure = setting(f"{HERE}:linear")
    mean = learner.actor["params"]["mean"]
    expected = np.tanh(0.5 * (batch.obs @ mean["kernel"] + mean["bias"]))
    np.testing.assert_allclose(sac.act(learner.actor, batch.obs, coefs, structure), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(sac.policy(learner.actor, batch.obs, coefs, structure)[1], -4.0, rtol=1e-6)


def test_an_actor_is_drawn_anew_for_each_lane_and_each_reset():
    _, _, coefs, structure = setting(f"{HERE}:linear")
    draw = jax.jit(jax.vmap(lambda root, count: sac.initialise(root, count, coefs, structure).actor))
    roots = jax.vmap(jax.random.key)(jnp.asarray([0, 0, 1]))
    kernels = np.asarray(draw(roots, jnp.asarray([0, 1, 0]))["params"]["mean"]["kernel"])
    assert len(np.unique(kernels.reshape(3, -1), axis=0)) == 3


@pytest.mark.parametrize(("actor", "kind", "message"), [
    ("Linear", DeterministicActor, r"expected an action float32\[3, 1\] for 3 .*, found float32\[3, 1\] and f"),
    ("Bounded", GaussianActor, r"expected mean and log-std float32\[3, 1\] for 3 .* found float32\[3, 1\]$"),
    ("Listed", GaussianActor, "expected mean .*, found a list"),
    ("Normed", GaussianActor, "expected a module with parameters alone, found batch_stats, params"),
    ("NotLinen", GaussianActor, "expected a flax.linen.Module, found a NotLinen"),
])
def test_what_is_no_actor_is_refused_in_one_line(actor, kind, message):
    with pytest.raises(UsageError, match=message) as caught:
        foreign_actor(f"{HERE}:{actor}", 2, 1, kind)
    assert "\n" not in str(caught.value)


def test_a_deterministic_actor_of_ones_own():
    variant = Variant("bounded", "", "", actor=f"{HERE}:Bounded", settings={"algorithm": "td3"})
    learner, batch, coefs, structure = setting(variant)
    layer = learner.actor["params"]["Dense_0"]
    expected = np.tanh(batch.obs @ layer["kernel"] + layer["bias"])
    np.testing.assert_allclose(td3.act(learner.actor, batch.obs, coefs, structure), expected, rtol=1e-5, atol=1e-6)
    assert same(learner.actor, learner.target_actor)


def test_an_agent_s_target_is_learned_from():
    """Whatever the reward, Q becomes 3: what replaces a function of the record acts in its update too."""
    _, batch, coefs, structure = setting(f"{HERE}:threes", critic_lr=3e-3)
    _, learner = updated(f"{HERE}:threes", 400, critic_lr=3e-3)
    q = compiled(critics.values)(learner.critic, batch.obs, batch.action, coefs, structure)
    np.testing.assert_allclose(q, 3.0, rtol=0.05)


def test_what_is_no_agent_is_refused_in_one_line():
    structure = setting("baseline")[3]._replace(hooks=(("agent", f"{HERE}:three"),))
    with pytest.raises(UsageError, match="agent '.*three': expected a .*agents.agent.Agent, found a function"):
        agent_of(structure)
    assert find_variant(f"{HERE}:threes").settings == (("algorithm", "sac"),)
