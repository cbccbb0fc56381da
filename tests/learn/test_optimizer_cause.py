"""A lane whose optimizer state is no longer finite: frozen at once, with a cause of its own, beside healthy lanes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.agents import state as states
from divbench.learn.trainer import Cause
from tests.learn.conftest import Bench, make_lane, same

BEFORE = 5  # updates of ordinary training


def trained(variant, **values):
    """Two lanes after `BEFORE` updates. `values` are those of the first."""
    bench = Bench(ConstantReward(7), [make_lane(variant, **values), make_lane(variant, seed=1)])
    return bench, bench.prime(bench.act(bench.fresh(), 60, explore=True), BEFORE)


def scaled(state, part, factor):
    """The state with the first lane's `part` of the learner multiplied."""
    made = jax.tree.map(lambda leaf: leaf.at[0].multiply(factor), getattr(state.learner, part))
    return state._replace(learner=state.learner._replace(**{part: made}))


def all_finite(tree, lane):
    return all(np.isfinite(np.asarray(leaf)[lane]).all() for leaf in jax.tree.leaves(tree))


@pytest.mark.parametrize("variant", ["baseline", "td3"])
def test_critic_weights_a_hundred_thousand_times_too_large(variant):
    bench, state = trained(variant)
    healthy = bench.prime(jax.tree.map(jnp.copy, state), 3)
    state = scaled(scaled(state, "critic", 1e5), "target", 1e5)
    weights = jax.tree.map(lambda leaf: np.asarray(leaf[0]), state.learner.critic)
    state = bench.prime(state, 3)
    assert [Cause(cause) for cause in np.asarray(state.cause)] == [Cause.OPTIMIZER, Cause.NONE]
    assert np.asarray(state.bad_update).tolist() == [BEFORE + 1, -1] and int(state.bad_step[0]) == 60
    assert np.asarray(state.learner.alive).tolist() == [False, True]
    assert all_finite(state.learner, 0), "frozen as it was before the update that broke it"
    kept = jax.tree.map(lambda old, new: same(old, new[0]), weights, state.learner.critic)
    assert all(jax.tree.leaves(kept))
    neighbour = jax.tree.map(lambda one, other: same(one[1], other[1]), state.learner, healthy.learner)
    assert all(jax.tree.leaves(neighbour))


def test_an_overflow_during_training_is_seen_at_the_update_that_made_it():
    """Momentum with a learning rate of 1: found update by update, and in a chunk of many updates alike. The lane of
    this seed grows slowly enough for its moments to overflow before its loss does."""
    bench, state = trained("baseline", seed=4, critic_optimizer="momentum", critic_lr=1.0, actor_lr=0.0)
    one = jax.tree.map(jnp.copy, state)
    while bool(one.learner.alive[0]):
        assert all_finite(one.learner.critic_moments, 0) and int(one.update) < 60
        one = bench.prime(one, 1)
    assert Cause(int(one.cause[0])) is Cause.OPTIMIZER and int(one.bad_update[0]) == int(one.update) > BEFORE + 1
    many = bench.prime(state, 60)
    assert int(many.bad_update[0]) == int(one.update) and Cause(int(many.cause[0])) is Cause.OPTIMIZER


def test_the_actor_s_optimizer_counts_too():
    bench, state = trained("baseline")
    moments = jax.tree.map(lambda leaf: leaf.at[0].set(jnp.inf) if leaf.dtype == jnp.float32 else leaf,
                           state.learner.actor_moments)
    state = bench.prime(state._replace(learner=state.learner._replace(actor_moments=moments)), 1)
    assert [Cause(cause) for cause in np.asarray(state.cause)] == [Cause.OPTIMIZER, Cause.NONE]


def test_a_loss_that_is_not_finite_is_the_learner_s():
    """Its gradient breaks the moments in the same update; the loss comes first."""
    bench, state = trained("baseline")
    state = bench.prime(scaled(scaled(state, "critic", 1e20), "target", 1e20), 1)
    assert [Cause(cause) for cause in np.asarray(state.cause)] == [Cause.LEARNER, Cause.NONE]
    assert int(state.bad_update[0]) == BEFORE + 1


def test_any_number_of_the_optimizer_s_state_is_seen_and_the_largest_floats_are_finite():
    """One entry anywhere, also where a compiled maximum misses NaN; all entries at the largest float32 at once."""
    finite = jax.jit(jax.vmap(states._all_finite))
    largest = np.full((2, 2, 256, 256), np.finfo(np.float32).max)
    tree = {"kernel": largest, "bias": np.zeros((2, 2, 256), np.float32)}
    assert np.asarray(finite(tree)).all()
    rng = np.random.default_rng(0)
    for value in (np.nan, np.inf, -np.inf):
        for name, leaf in tree.items():
            place = (1, *(rng.integers(size) for size in leaf.shape[1:]))
            broken = leaf.copy()
            broken[place] = value
            assert np.asarray(finite({**tree, name: broken})).tolist() == [True, False]
