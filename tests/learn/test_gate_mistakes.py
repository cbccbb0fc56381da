"""Mistakes that the gate's benchmark trains with: SAC's target with -r, and with the entropy's other sign."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.learn.agents import sac
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.replay import Batch


@pytest.fixture
def mistakes(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    import gate_mistakes

    yield gate_mistakes
    del sys.modules["gate_mistakes"]


def test_targets_are_wrong_as_named_and_nothing_else_is(mistakes, lane):
    one = lane()
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((one,), 2))
    structure = structure_of((one,), one.mechanisms, 3, 2, (0.0, 1.0))
    learner = sac.initialise(jax.random.key(4), jnp.int32(0), coefs, structure)
    obs, action = jax.random.normal(jax.random.key(1), (4, 3)), jnp.zeros((4, 2))
    batch = Batch(obs, action, jnp.arange(4.0), jnp.ones(4), obs, action, jnp.ones(4))
    key, weight = jax.random.key(9), sac.entropy_weight
    right, _ = sac.td_target(learner, batch, coefs, structure, key)
    negated, _ = mistakes.MISTAKES["reward-negated"](sac.td_target)(learner, batch, coefs, structure, key)
    np.testing.assert_allclose(right - negated, 2.0 * batch.reward, rtol=1e-5, atol=1e-5)
    flipped, _ = mistakes.MISTAKES["entropy-sign"](sac.td_target)(learner, batch, coefs, structure, key)
    _, log_prob = sac.sample(learner.actor, obs, coefs, structure, key)
    np.testing.assert_allclose(flipped - right, 2.0 * 0.99 * log_prob, rtol=1e-4, atol=1e-5)
    assert sac.entropy_weight is weight


def test_a_mistake_is_named(mistakes, capsys):
    assert mistakes.main(["nothing", "run"]) == 2
    assert "expected one of reward-negated, entropy-sign and a command of divbench" in capsys.readouterr().err
