"""`--diagnose ntk,seem` against an explicit Jacobian of the same points."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.execute import kernel_measures, programs
from divbench.execute.diagnosing import measuring_keys
from divbench.execute.stability import remember
from divbench.learn.agents import critic as critics
from divbench.learn.agents.choice import agent_of
from divbench.learn.replay.drawing import make_draw
from divbench.records.metrics import METRICS
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from tests.learn.conftest import Bench, compiled, make_lane


@functools.cache
def measured(name):
    """What `diagnose` gives of one trained lane, and the Jacobians of its points, in float64: of the data, of the
    policy, and of the data with the critic of 20 updates before, when it was last measured."""
    bench = Bench(ConstantReward(7), [make_lane(name, seed=3)])
    state = bench.prime(bench.act(bench.fresh(), 60, explore=True), 40)
    before = remember(state.learner)
    state = bench.prime(state, 20)._replace(before=before)
    program = programs.build(bench.env, bench.structure, 1, 200, 1, "cheap,ntk,seem")
    _, details = program.diagnose(state, bench.roots, bench.coefs, bench.starts(0))
    coefs, learner, root = (jax.tree.map(lambda leaf: leaf[0], x) for x in (bench.coefs, state.learner, bench.roots))
    draw = make_draw(bench.program.replay, bench.structure, kernel_measures.POINTS)
    key = jax.random.fold_in(measuring_keys(root, state.update)[0], 1)
    points = jax.jit(draw)(key, state.rows[0], state.env_step, coefs)
    critic = kernel_measures.first_critic(learner.critic)
    earlier = jax.tree.map(lambda leaf: leaf[0], before.critic)

    @jax.jit
    def slopes(critic, obs, action):
        """A gradient for each point. (`jax.jacrev` of LayerNorm at 64 points or more comes out wrong, by tenths of its
        size, where XLA compiles it for a CPU: jax 0.10.2.)"""
        def q(critic, obs, action):
            return critics.values(critic, obs[None], action[None], coefs, bench.structure)[0, 0]

        return jax.vmap(jax.grad(q), (None, 0, 0))(critic, obs, action)

    def jacobian(obs, action, critic=critic):
        tree = slopes(critic, obs, action)
        return np.concatenate([np.asarray(leaf, np.float64).reshape(len(obs), -1) for leaf in jax.tree.leaves(tree)], 1)

    action = compiled(agent_of(bench.structure).act)(learner.actor, points.next_obs, coefs, bench.structure)
    return (details, jacobian(points.obs, points.action), jacobian(points.next_obs, action),
            jacobian(points.obs, points.action, earlier))


@pytest.mark.parametrize("name", ["baseline", "td3+layernorm", "preqn+activation=sin"])
def test_against_an_explicit_jacobian(name):
    details, here, there, earlier = measured(name)
    kernel = here @ here.T
    diagonal = np.diag(kernel)
    ratio = np.mean((np.abs(kernel).sum(1) - diagonal) / diagonal) / len(kernel)
    assert float(details["ntk_diagonal"][""][0]) == pytest.approx(diagonal.mean(), rel=1e-4)
    assert float(details["ntk_row_ratio"][""][0]) == pytest.approx(ratio, rel=1e-4)
    assert not np.isfinite(float(details["ntk_condition"][""][0]))  # 256 points of 60 transitions
    assert 1 <= float(details["ntk_rank"][""][0]) <= 60
    then = earlier @ earlier.T
    stability = np.sum(kernel * then) / np.linalg.norm(kernel) / np.linalg.norm(then)
    assert stability < 1.0 - 1e-5  # far enough from 1 for the next line to tell one kernel from another
    assert float(details["ntk_stability"][""][0]) == pytest.approx(stability, abs=1e-6)

    excitation = (0.99 * there @ here.T - kernel) / here.shape[1]
    largest = np.linalg.eigvals(excitation).real.max()
    found = kernel_measures.seem_of(details)
    norm = np.linalg.norm(excitation)
    assert kernel_measures.MATRIX not in found
    assert found["seem_normalised"][""][0] == pytest.approx(largest / norm, abs=1e-5)
    assert found["seem"][""][0] == pytest.approx(largest, abs=1e-5 * norm)
    assert found["seem_resolution"][""][0] == pytest.approx(256 * np.finfo(np.float32).eps)
    assert set(found) <= set(METRICS)


def test_preqn_moves_q_as_the_errors_ask():
    details, *_ = measured("preqn+activation=sin")
    assert 0.95 <= float(details["update_cosine"][""][0]) <= 1.0 + 1e-6


def test_the_alignment_is_that_of_the_step():
    bench = Bench(ConstantReward(7), [make_lane("baseline")])
    state = bench.prime(bench.act(bench.fresh(), 60, explore=True), 5)
    coefs, learner = (jax.tree.map(lambda leaf: leaf[0], x) for x in (bench.coefs, state.learner))
    batch = make_draw(bench.program.replay, bench.structure)(jax.random.key(1), state.rows[0], 60, coefs)
    q = critics.values(learner.critic, batch.obs, batch.action, coefs, bench.structure)[0]
    nothing = jax.tree.map(jnp.zeros_like, learner.critic["params"])
    raised = nothing | {"head": {**nothing["head"], "bias": jnp.ones_like(nothing["head"]["bias"])}}
    for target, cosine in ((q + 2.0, 1.0), (q - 1.0, -1.0)):
        found = kernel_measures.measure_alignment(learner, batch, target, raised, coefs, bench.structure)
        assert float(found["update_cosine"][""]) == pytest.approx(cosine, abs=1e-5)


@pytest.mark.parametrize(("written", "meant"), [
    ("cheap", "cheap"), ("full", "full"), ("ntk", "cheap,ntk"), ("seem,ntk", "cheap,ntk,seem"),
    ("seem,full", "full,seem"), ("cheap,seem", "cheap,seem"),
])
def test_kinds_have_one_spelling(written, meant):
    assert RunSpec(suite="smoke", diagnose=written).diagnose == meant
    assert RunSpec(suite="smoke", diagnose=meant).diagnose == meant


@pytest.mark.parametrize(("written", "message"), [
    ("nkt", "unknown diagnose 'nkt'.*ntk"), ("cheap,full", "--diagnose: expected cheap or full, found both"),
    ("", "--diagnose: "), ("ntk,ntk", "ntk"),
])
def test_what_cannot_be_measured(written, message):
    with pytest.raises(UsageError, match=message):
        RunSpec(suite="smoke", diagnose=written)
