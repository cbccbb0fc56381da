"""A critic from outside learns, is measured and is selected as divbench's own."""

import functools

import jax
import numpy as np
import pytest

from divbench.diagnostics.kernels.gram import gram
from divbench.envs.toys import ConstantReward
from divbench.execute import programs
from divbench.execute.stability import remember
from divbench.learn.agents import critic as critics
from divbench.learn.agents import kernel
from divbench.learn.networks.foreign import foreign_critic
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from tests.learn.conftest import Bench, compiled, make_lane
from tests.learn.critic_examples import HERE

values, passed, layers = compiled(critics.values), compiled(critics.passed), compiled(kernel.kernel)


@functools.cache
def trained(name):
    """Bench and state of two seeds after some learning, and what `diagnose` finds then."""
    bench = Bench(ConstantReward(7), [make_lane(name, seed) for seed in (0, 1)])
    state = bench.prime(bench.act(bench.fresh(), 60, explore=True), 60)
    program = programs.build(bench.env, bench.structure, 2, 200, 1, "full,ntk,seem")
    columns, details = program.diagnose(state._replace(before=remember(state.learner)), bench.roots, bench.coefs,
                                        bench.starts(0))
    return bench, state, columns | details


def not_finite(found):
    return {metric for metric, numbers in found.items()
            if not all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(numbers))}


def lane_of(name):
    bench, state, _ = trained(name)
    return jax.tree.map(lambda leaf: leaf[0], (state.learner, bench.coefs)), bench.structure


def points(count=9):
    keys = jax.random.split(jax.random.key(1))
    return jax.random.normal(keys[0], (count, 2)), jax.random.uniform(keys[1], (count, 1), minval=-1.0)


NAMES = [f"{HERE}:simba", f"{HERE}:simba+ofn", f"td3+{HERE}:simba+feature-layernorm", f"{HERE}:normed",
         f"{HERE}:linear"]


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_and_is_measured_in_full(name):
    """No number that the baseline has is missing, and the program is compiled once."""
    bench, state, found = trained(name)
    assert np.all(np.asarray(state.learner.alive))
    fresh = bench.fresh().learner
    for before, after in zip(jax.tree.leaves(fresh.critic), jax.tree.leaves(state.learner.critic), strict=True):
        assert not np.array_equal(before, after) and np.all(np.isfinite(after))
    kernels = [leaf for leaf in jax.tree.leaves(fresh.critic["params"]) if leaf.ndim == 4]
    assert kernels and all(len(np.unique(np.asarray(leaf).reshape(4, -1), axis=0)) == 4 for leaf in kernels)
    assert bench.program.functions()["train_chunk"]._cache_size() == 1
    _, _, plain = trained("baseline")
    assert found.keys() >= plain.keys() and not_finite(found) <= not_finite(plain) | {"ntk_condition"}


def test_a_constant_reward_is_worth_what_it_says():
    bench = Bench(ConstantReward(7), [make_lane(f"{HERE}:simba+td3", gamma=0.5, tau=0.05, critic_lr=3e-3)])
    state = bench.prime(bench.act(bench.fresh(), 150, explore=True), 600)
    measured, _ = bench.program.diagnose(state, bench.roots, bench.coefs, bench.starts(0))
    assert float(measured["q_replay_mean"][0]) == pytest.approx(2.0, rel=0.05)


def test_maps_act_on_what_its_last_dense_reads():
    features = {}
    for name in NAMES[:3]:
        (learner, coefs), structure = lane_of(name)
        features[name] = np.asarray(passed(learner.critic, *points(), coefs, structure).features)
    plain, ball, normed = features.values()
    np.testing.assert_allclose(np.linalg.norm(ball, axis=-1), 1.0, rtol=1e-5)
    assert np.all(np.abs(np.linalg.norm(plain, axis=-1) - 1.0) > 0.1)
    np.testing.assert_allclose(normed.mean(-1), 0.0, atol=1e-5)
    np.testing.assert_allclose(normed.std(-1), 1.0, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_its_kernel_is_that_of_the_jacobian(name):
    (learner, coefs), structure = lane_of(name)
    first = jax.tree.map(lambda leaf: leaf[:1], learner.critic)

    def q_fn(params, obs, action):
        return values({**first, "params": params}, obs[None], action[None], coefs, structure)[0, 0]

    expected = gram(q_fn, first["params"], points())
    found = layers(first, *points(), coefs, structure)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6 * np.abs(expected).max())


def test_running_statistics_move_in_learning_alone_and_dropout_acts_in_it():
    (learner, coefs), structure = lane_of(f"{HERE}:normed")
    statistics = learner.critic["batch_stats"]["BatchNorm_0"]
    assert not np.allclose(statistics["mean"], 0.0) and not np.allclose(statistics["var"], 1.0)
    key = jax.random.key(0)
    measured = [values(learner.critic, *points(), coefs, structure) for _ in range(2)]
    np.testing.assert_array_equal(*measured)
    learned = [passed(learner.critic, *points(), coefs, structure, jax.random.fold_in(key, n), training=True).q
               for n in range(2)]
    assert not np.allclose(*learned) and not np.allclose(learned[0], measured[0])
    assert passed(learner.critic, *points(), coefs, structure).changed == {}


@pytest.mark.parametrize(("critic", "message"), [
    ("NoDense", r"expected a last flax.linen.Dense that reads features \[3, width\], found none"),
    ("Tokens", r"found one that reads \[3, 1, 2\] for 3 pairs"),
    ("Many", r"expected Q of shape \[3\] or \[3, 1\] for 3 pairs, found \(3, 5\)"),
    ("NotLinen", r"expected a flax.linen.Module, found a NotLinen"),
    ("Needy", r"critic '.*Needy': .*missing 1 required positional argument: 'width'"),
])
def test_what_is_no_critic_is_refused_in_one_line(critic, message):
    with pytest.raises(UsageError, match=message) as caught:
        foreign_critic(f"{HERE}:{critic}", 2, 1, frozenset())
    assert "\n" not in str(caught.value)


def test_mechanisms_of_the_mlp_are_refused():
    from divbench.spec.settings import SACSettings
    from divbench.spec.variants import check_together, lane_settings

    for name in ("layernorm", "groupnorm", "batchnorm", "spectral-norm", "weight-norm", "dropout"):
        variant = find_variant(f"{HERE}:simba+{name}")
        with pytest.raises(UsageError, match="goes with divbench's own critics alone, found 'tests.learn.critic_ex"):
            check_together(variant, lane_settings(variant, SACSettings()))
