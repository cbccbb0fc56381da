"""A checkpoint is taken up as it was left, or refused in one line."""

import re

import jax
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.execute.checkpointing import Checkpointer
from divbench.execute.schedule import Position
from divbench.records.folder import GroupFolder
from divbench.spec.errors import UsageError
from tests.learn.conftest import Bench, make_lane, same


@pytest.fixture(scope="module")
def bench():
    return Bench(ConstantReward(7), [make_lane("batchnorm")])


def checkpointer(path, bench):
    return Checkpointer(GroupFolder(path), bench.program.replay)


def test_all_collections_of_a_network_come_back(tmp_path, bench):
    state = bench.prime(bench.act(bench.fresh(), 20, explore=True), 5)
    assert state.learner.critic.keys() == {"params", "batch_stats"}
    checkpointer(tmp_path, bench).save(state, Position(0, 20, 20, 5), False)
    found, _, _ = checkpointer(tmp_path, bench).restore(bench.program.blank_state())
    assert jax.tree.structure(found.learner) == jax.tree.structure(state.learner)
    assert all(map(same, jax.tree.leaves(found.learner), jax.tree.leaves(state.learner)))


def test_networks_from_before_they_were_modules_are_refused_in_one_line(tmp_path, bench):
    """They had a list of hidden layers and a head, each a flat dictionary."""
    state = bench.program.blank_state()
    layer = {"kernel": np.zeros((1, 2, 3, 16), np.float32), "bias": np.zeros((1, 2, 16), np.float32)}
    older = {"hidden": [layer, layer], "head": layer}
    learner = state.learner._replace(actor=older, critic=older, target=older)
    checkpointer(tmp_path, bench).save(state._replace(learner=learner), Position(0, 0, 0, 0), False)
    with pytest.raises(UsageError, match=re.escape(f"{tmp_path}/checkpoint: checkpoint of another program: "
                                                   "'learner.actor.head.bias' is float32[1, 2, 16] there")) as caught:
        checkpointer(tmp_path, bench).restore(state)
    assert "\n" not in str(caught.value)
