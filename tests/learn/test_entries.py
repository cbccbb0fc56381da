"""The learner's entries say which argument has the wrong lanes, while they are traced."""

import jax
import jax.numpy as jnp
import pytest

from divbench.envs.toys import ConstantReward
from divbench.execute.diagnosing import make_diagnose
from divbench.learn import rollout
from tests.learn.conftest import Bench, make_lane


@pytest.fixture(scope="module")
def bench():
    return Bench(ConstantReward(7), [make_lane(seed=seed) for seed in range(2)])


def lane_less(tree):
    return jax.tree.map(lambda leaf: leaf[:1], tree)


def test_measuring(bench):
    state, diagnose = bench.program.blank_state(), make_diagnose(bench.env, bench.structure)
    arguments = [state, bench.roots, bench.coefs, bench.starts(0)]
    jax.eval_shape(diagnose, *arguments)
    for place in (1, 2, 3):
        wrong = [lane_less(part) if number == place else part for number, part in enumerate(arguments)]
        with pytest.raises(AssertionError, match="assert_tree_shape_prefix"):
            jax.eval_shape(diagnose, *wrong)


def test_playing(bench):
    """Two lanes of three episodes."""
    actors, blank = bench.program.blank_state().learner.actor, rollout.blank_evaluation(bench.env, 2, 3)
    starts = jnp.zeros((2, 3))
    evaluate = rollout.make_evaluate(bench.env, bench.structure)
    jax.eval_shape(evaluate, actors, bench.coefs, blank, starts, True, 7)
    for wrong in ((lane_less(actors), bench.coefs, blank, starts), (actors, lane_less(bench.coefs), blank, starts),
                  (actors, bench.coefs, blank, starts[:, :2])):
        with pytest.raises(AssertionError, match="assert_tree_shape_prefix"):
            jax.eval_shape(evaluate, *wrong, True, 7)
    with pytest.raises(AssertionError, match="assert_tree_shape_prefix"):
        rollout.play(bench.env, bench.structure, lane_less(actors), bench.coefs, bench.starts(0), bench.roots)
