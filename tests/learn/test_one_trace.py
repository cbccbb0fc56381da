"""One program trains all that lanes may differ in: it is traced once and never compiled again."""

import dataclasses
from fractions import Fraction

import chex
import jax
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn import trainer
from tests.learn.conftest import Bench, make_lane
from tests.learn.critic_examples import HERE


@pytest.mark.parametrize("names", [
    ("baseline", "layernorm", "ofn", "ofn+layernorm"),
    (f"{HERE}:simba", f"{HERE}:simba+ofn", f"{HERE}:simba+feature-layernorm", f"{HERE}:simba+critic_lr=0.001"),
], ids=["switches", "from-outside"])
def test_four_lanes_of_different_switches_are_one_trace(names):
    """A second call may differ in UTD, length, phase and start states."""
    bench = Bench(ConstantReward(7), [make_lane(name, seed) for seed, name in enumerate(names)])
    switches = np.concatenate([np.reshape(leaf, (4, -1)) for leaf in jax.tree.leaves(bench.coefs.switches)], 1)
    assert len(np.unique(switches, axis=0)) >= 3, "lanes of equal switches would show nothing"
    chex.clear_trace_counter()
    train_chunk = chex.assert_max_traces(trainer.make_train_chunk(bench.env, bench.structure), 1)
    bench.program = dataclasses.replace(bench.program, train_chunk=jax.jit(train_chunk, donate_argnums=0))
    state = bench.act(bench.fresh(), 10, explore=True)
    state = bench.prime(state, 3)
    state = bench.act(state, 9, utd=Fraction(3, 2))
    assert bench.program.train_chunk._cache_size() == 1
    assert np.all(np.asarray(state.learner.alive)) and int(state.update) == 3 + 13
