"""Mistakes that the gate's benchmark trains with: SAC's target with -r, and with the entropy's other sign."""

import sys
from pathlib import Path

import jax.numpy as jnp
import pytest

from divbench.learn.agents.choice import AGENTS
from divbench.learn.agents.sac import SAC
from divbench.learn.replay import Batch


@pytest.fixture
def mistakes(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    import gate_mistakes

    yield gate_mistakes
    del sys.modules["gate_mistakes"]


def test_targets_are_wrong_as_named_and_nothing_else_is(mistakes):
    """A target that returns what it is given: the reward of its batch, and the weight of the entropy."""
    def target(agent, learner, batch, coefs):
        return batch.reward.tolist(), batch.continues.tolist(), agent.entropy_weight(learner, coefs)

    agent = SAC._replace(entropy_weight=lambda learner, coefs: 0.25 * coefs)
    batch = Batch(*(jnp.asarray([1.0, 2.0]) for _ in Batch._fields))
    assert target(agent, None, batch, 4.0) == ([1.0, 2.0], [1.0, 2.0], 1.0)
    assert mistakes.MISTAKES["reward-negated"](target)(agent, None, batch, 4.0) == ([-1.0, -2.0], [1.0, 2.0], 1.0)
    assert mistakes.MISTAKES["entropy-sign"](target)(agent, None, batch, 4.0) == ([1.0, 2.0], [1.0, 2.0], -1.0)
    assert {"td_target", "entropy_weight"} <= set(SAC.update.__code__.co_names)
    assert "entropy_weight" in SAC.td_target.__code__.co_names


def test_a_mistake_is_planted_where_the_command_finds_it(mistakes, monkeypatch):
    from divbench import cli

    seen = []
    monkeypatch.setitem(mistakes.AGENTS, "sac", SAC)
    monkeypatch.setattr(cli, "main", lambda words: seen.append((words, AGENTS["sac"])) or 0)
    assert mistakes.main(["reward-negated", "run", "--suite", "smoke"]) == 0
    (words, planted), = seen
    assert words == ["run", "--suite", "smoke"] and planted == SAC._replace(td_target=planted.td_target) != SAC


def test_a_mistake_is_named(mistakes, capsys):
    assert mistakes.main(["nothing", "run"]) == 2
    assert "expected one of reward-negated, entropy-sign and a command of divbench" in capsys.readouterr().err
